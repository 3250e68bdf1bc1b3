import math

import numpy as np
import pytest

from napari_unet.errors import DataError
from napari_unet.events import CaseScore
from napari_unet.metrics import SCORES, group, score_masks, summarise


def made(name, patient, value, **more):
    values = dict.fromkeys(SCORES, value)
    return CaseScore(name=name, patient=patient, empty=False, **values, **more)


def test_summary_is_over_images_and_over_patients():
    scores = [made("1", "p", 0.2), made("2", "p", 0.4), made("3", "q", 0.9)]
    scores.append(made("4", "q", float("nan"), error="unreadable"))
    s = summarise(scores)
    assert (s["images"], s["failed"], s["patients"]["count"]) == (3, 1, 2)
    assert s["mean"]["dice"] == pytest.approx(0.5)
    assert s["median"]["iou"] == pytest.approx(0.4)
    assert s["std"]["dice"] == pytest.approx(np.std([0.2, 0.4, 0.9], ddof=1))
    assert s["patients"]["mean"]["dice"] == pytest.approx((0.3 + 0.9) / 2)


def test_summary_of_nothing_and_of_one():
    assert summarise([])["images"] == 0
    assert summarise([made("1", "", 0.5)])["std"]["dice"] == 0


def distant(name, patient, hd95, **more):
    return made(name, patient, 0.5, hd95=hd95, per_class={"x": {"hd95": hd95}}, **more)


def test_distances_that_do_not_exist_are_left_out_and_counted():
    scores = [distant("1", "p", 2.0), distant("2", "p", math.nan), distant("3", "q", 6.0)]
    scores.append(distant("4", "r", math.nan))
    s = summarise(scores)
    assert s["undefined"] == 2
    assert s["mean"]["hd95"] == s["median"]["hd95"] == pytest.approx(4.0)
    assert s["std"]["hd95"] == pytest.approx(np.std([2, 6], ddof=1))
    assert s["patients"]["count"] == 3
    assert s["patients"]["mean"]["hd95"] == pytest.approx((2 + 6) / 2)


def test_distances_that_were_not_measured_are_not_missed():
    s = summarise([made("1", "p", 0.5), made("2", "p", 0.5)])
    assert s["undefined"] == 0
    assert set(s["mean"]) == set(SCORES)


def test_lengths_in_different_units_are_not_averaged():
    scores = [made("1", "p", 0.5, hd95=1.0, unit=u, volume=3.0) for u in ("mm", "px")]
    s = summarise(scores)
    assert (s["unit"], s["dims"]) == ("", 0)
    assert set(s["mean"]) == set(SCORES)
    assert summarise(scores[:1])["mean"]["volume"] == 3.0


def test_difference_of_volumes_is_that_of_each_case():
    scores = [made(n, n, 0.5, volume=v, reference_volume=5.0) for n, v in (("1", 4.0), ("2", 9.0))]
    s = summarise(scores)
    assert s["mean"]["volume_difference"] == pytest.approx(1.5)
    assert s["std"]["volume_difference"] == pytest.approx(np.std([-1, 4], ddof=1))


def test_classes_are_summarised_over_the_images_in_which_they_occur():
    reference = np.zeros((10, 10), int)
    reference[:4], reference[6:] = 1, 2
    missed = np.where(reference == 2, 0, reference)
    none = np.where(reference == 1, 0, reference)
    pairs = [(reference, reference), (missed, reference), (none, none)]
    scores = [score_masks(p, r, ("a", "b"), str(i)) for i, (p, r) in enumerate(pairs)]
    a, b = summarise(scores)["classes"].values()
    assert (a["images"], b["images"], b["undefined"]) == (2, 3, 1)
    assert b["mean"]["dice"] == pytest.approx(2 / 3)
    assert b["mean"]["hd95"] == 0
    assert b["mean"]["volume_difference"] == pytest.approx((0 - 40 + 0) / 3)
    assert summarise([score_masks(missed, missed, ("a", "b"))])["classes"] == {}


def test_corrected_cases_are_counted():
    assert summarise([made("1", "", 0.5, corrected=True), made("2", "", 0.5)])["corrected"] == 1


def test_groups_by_patient_and_by_tag():
    tags = [{"type": "10"}, {"type": "2"}, {}, {"type": "2"}]
    scores = [
        made(str(i), p, 0.5, tags=t) for i, (p, t) in enumerate(zip("qpqr", tags, strict=True))
    ]
    by_patient = group(scores, "patient")
    assert {k: [s.name for s in v] for k, v in by_patient.items()} == {
        "p": ["1"],
        "q": ["0", "2"],
        "r": ["3"],
    }
    assert list(by_patient) == ["p", "q", "r"]
    assert list(group(scores, "type")) == ["2", "10", ""]
    assert sum(map(len, group(scores, "type").values())) == len(scores)
    assert group([], "anything") == {}
    with pytest.raises(DataError, match=r"no tag 'typ'.*patient, type"):
        group(scores, "typ")
