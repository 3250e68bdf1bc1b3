from __future__ import annotations

import json

from napari_unet.metrics import MEASURES, SCORES, summarise
from napari_unet.report import to_json
from scored import empty, failed, scored


def test_json_has_the_promised_keys():
    scores = [*scored(3), empty()]
    found = to_json(scores, summarise(scores))
    assert (found["images"], found["empty"], found["patients"]["count"]) == (4, 1, 3)
    for key in ("mean", "median", "std"):
        assert set(SCORES) <= set(found[key]) <= set(MEASURES)
    assert found["per_image"][0]["dice"] == scores[0].dice
    wanted = {"name", "patient", "empty", "tags", *SCORES}
    assert wanted <= found["per_image"][0].keys()


def test_json_is_valid_when_every_case_failed():
    scores = [failed(), failed("second")]
    text = json.dumps(to_json(scores, summarise(scores)), allow_nan=False)
    assert json.loads(text)["per_image"][1]["dice"] is None
