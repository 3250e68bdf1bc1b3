"""What was painted and not saved yet is never lost."""

from __future__ import annotations

import json
import os
from pathlib import Path

from napari_unet.data import corrections
from napari_unet.data.corrections.drafts import Draft
from napari_unet.data.corrections.places import case_dir
from saving import CASE, EYE, ROOT, current, save


def killed(draft: Draft) -> None:
    """Let a draft look like that of a process that is gone."""
    record = next(case_dir(ROOT, draft.case).glob("draft.*.json"))
    told = json.loads(record.read_text())
    record.write_text(json.dumps({**told, "began": told["began"] - 1}))


def test_what_a_killed_viewer_drafted_becomes_a_version():
    save(EYE, "prediction")
    draft = Draft(Path(ROOT), CASE, "prediction")
    draft.write(EYE * 3, told=corrections.Told(based_on=1, model="m"))
    assert corrections.recover(ROOT) == ()  # we still paint
    killed(draft)
    (found,) = corrections.recover(ROOT)
    assert (found.number, found.based_on, found.model) == (2, 1, "m")
    assert (corrections.read(found) == EYE * 3).all()
    assert current("prediction") == 2
    assert not list(case_dir(ROOT, CASE).glob("draft.*"))
    assert corrections.recover(ROOT) == ()


def test_a_draft_of_what_is_saved_already_is_dropped():
    draft = Draft(Path(ROOT), CASE, "reference")
    draft.write(EYE)
    save(EYE)
    killed(draft)
    assert corrections.recover(ROOT) == ()
    assert not list(case_dir(ROOT, CASE).glob("draft.*"))


def test_an_old_draft_does_not_count_over_what_was_saved_since():
    draft = Draft(Path(ROOT), CASE, "reference")
    draft.write(EYE * 2)
    labels = next(case_dir(ROOT, CASE).glob("draft.*.tif"))
    os.utime(labels, (1e9, 1e9))
    save(EYE)
    killed(draft)
    (found,) = corrections.recover(ROOT)
    assert found.number == 2 and current() == 1


def test_a_draft_that_was_never_written_whole_is_dropped():
    draft = Draft(Path(ROOT), CASE, "reference")
    draft.write(EYE)
    next(case_dir(ROOT, CASE).glob("draft.*.tif")).unlink()
    killed(draft)
    assert corrections.recover(ROOT) == ()
    assert corrections.versions(ROOT, CASE) == ()


def test_a_draft_that_ended_leaves_nothing():
    draft = Draft(Path(ROOT), CASE, "reference")
    draft.write(EYE)
    draft.write(EYE * 2)
    draft.end()
    assert not list(case_dir(ROOT, CASE).iterdir())
