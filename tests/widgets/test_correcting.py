"""Scores and errors follow what a person paints, on a viewer without a window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import dask.array as da
import numpy as np
import pytest

from napari_unet.data.cases import Case, Dataset, LabelRule
from napari_unet.data.scan import Scan
from napari_unet.events import CaseScore
from napari_unet.jobs import EvaluateJob
from napari_unet.metrics import score_masks
from napari_unet.tally import ADDED, MISSED, RIGHT
from napari_unet.widgets import judged as judged_module
from napari_unet.widgets.case_layers import Shown
from napari_unet.widgets.judged import NO_PREDICTION, NO_REFERENCE, NOTHING
from napari_unet.widgets.layer_tags import ERRORS, Whose, tag_of
from napari_unet.widgets.reading import case_key

SHAPE = (24, 32)


@pytest.fixture
def correcting(desk):
    desk.correcting.begin()
    return desk.correcting


def square(shape=SHAPE, at=4, value=1):
    labels = np.zeros(shape, np.uint8)
    labels[..., at : at + 8, at : at + 8] = value
    return labels


@pytest.fixture
def pair(viewer, correcting, qtbot):
    """Return a function that compares two layers."""

    def compare(prediction=None, reference=None, **options):
        truth = viewer.add_labels(square(at=6) if reference is None else reference, name="truth")
        mine = viewer.add_labels(square() if prediction is None else prediction, name="mine")
        for layer in (truth, mine):
            for name, value in options.items():
                setattr(layer, name, value)
        correcting.choose("reference", str(truth.unique_id))
        correcting.choose("prediction", str(mine.unique_id))
        if not correcting.problem:
            qtbot.waitUntil(lambda: correcting.counting.ready)
        mine.brush_size = 3
        return mine, truth

    return compare


def as_scored(mine, truth, **options):
    return score_masks(mine.data, truth.data, **options)


def good(correcting, mine, truth):
    score, now = as_scored(mine, truth), correcting.scores.now
    return (now.dice, now.iou, now.precision, now.recall, now.pixel_accuracy) == (
        score.dice, score.iou, score.precision, score.recall, score.pixel_accuracy,
    )  # fmt: skip


# --- any two layers ---------------------------------------------------------------------------


def test_scores_and_errors_follow_every_stroke(correcting, pair):
    mine, truth = pair()
    assert good(correcting, mine, truth) and correcting.scores.before is correcting.scores.now
    before = correcting.scores.now.dice
    errors = correcting.errors.layer
    for act in (
        lambda: mine.paint((10, 10), 1),
        lambda: mine.paint((5, 5), 0),
        lambda: mine.fill((20, 20), 1),
        mine.undo,
        mine.undo,
        mine.redo,
        lambda: truth.paint((20, 20), 1),
    ):
        act()
        assert good(correcting, mine, truth)
        expected = np.select(
            [(mine.data > 0) & (truth.data > 0), mine.data > 0, truth.data > 0],
            [RIGHT, ADDED, MISSED],
        )
        assert np.array_equal(errors.data, expected)
    assert correcting.scores.before.dice == before != correcting.scores.now.dice
    assert correcting.scores.painted


def test_the_layer_of_errors_lies_on_the_labels_and_takes_nothing(viewer, correcting, pair):
    place = {"scale": (2.0, 0.5), "translate": (3.0, 4.0), "units": ("mm", "mm")}
    mine, _ = pair(**place)
    errors = correcting.errors.layer
    assert tag_of(errors)["role"] == ERRORS and not errors.editable
    assert np.array_equal(errors.scale, mine.scale)
    assert np.array_equal(errors.translate, mine.translate)
    assert errors.units == mine.units
    assert viewer.layers.selection.active is mine
    assert errors.name not in correcting.layers.label_names()
    assert all(name != errors.name for _, name in correcting.judges.labels())
    assert correcting.layers.segmentation_name() == ""


def test_it_is_hidden_and_shown_and_stays_closed_when_a_person_closes_it(
    viewer, correcting, pair, qtbot
):
    mine, _ = pair()
    correcting.show_errors(False)
    assert correcting.errors.layer is None
    mine.paint((10, 10), 1)
    correcting.show_errors(True)
    assert correcting.errors.layer.data[10, 10] == RIGHT
    correcting.errors.set_opacity(0.25)
    assert correcting.errors.layer.opacity == 0.25
    viewer.layers.remove(correcting.errors.layer)
    qtbot.waitUntil(lambda: not correcting.shows_errors)
    mine.paint((12, 12), 1)
    assert correcting.errors.layer is None


def test_it_goes_with_the_labels_and_comes_back_with_others(viewer, correcting, pair, qtbot):
    pair()
    viewer.layers.clear()
    qtbot.waitUntil(lambda: correcting.counting is None)
    assert correcting.scores.now is None and correcting.problem == NOTHING
    pair()
    assert correcting.shows_errors and correcting.errors.layer is not None


def test_other_labels_in_the_same_layer_are_counted_anew(correcting, pair, qtbot):
    mine, truth = pair()
    mine.data = square(at=6)
    assert correcting.scores.now.dice == 1 and correcting.scores.before.dice == 1
    mine.data = np.zeros((10, 10), np.uint8)
    assert correcting.counting is None
    assert correcting.problem == "mine is 10×10, but truth is 24×32 pixels."
    assert correcting.errors.layer is None
    mine.data = square().astype(np.int64)
    qtbot.waitUntil(lambda: correcting.scores.now is not None)
    assert good(correcting, mine, truth)


def test_the_same_labels_in_another_array_keep_the_score_from_before(correcting, pair):
    mine, _ = pair()
    before = correcting.scores.before.dice
    mine.paint((20, 10), 1)
    mine.data = mine.data.copy()
    assert (
        correcting.scores.now.dice < before == correcting.scores.before.dice
        and correcting.scores.painted
    )


def test_a_class_that_is_new_is_counted(correcting, pair, qtbot):
    mine, _ = pair(square(value=2), square(at=6, value=2))
    assert correcting.judged.names == ("1", "2")
    mine.paint((20, 20), 5)
    qtbot.waitUntil(lambda: correcting.scores.now is not None)
    assert correcting.judged.names == ("1", "2", "3", "4", "5")


def test_undo_and_redo_act_on_the_layer_that_is_painted_on(viewer, correcting, pair):
    (mine, truth), brush = pair(), correcting.brush
    mine.paint((20, 20), 1)
    assert brush.can_undo(correcting.counting) == (True, False)
    brush.undo()
    assert brush.can_undo(correcting.counting) == (False, True) and mine.data[20, 20] == 0
    brush.redo()
    assert mine.data[20, 20] == 1
    correcting.edit_reference(True)
    assert brush.layer is truth is viewer.layers.selection.active
    truth.paint((2, 2), 1)
    brush.undo()
    assert truth.data[2, 2] == 0 and mine.data[20, 20] == 1
    brush.take()
    assert truth.mode == "paint"
    correcting.edit_reference(False)
    assert brush.layer is mine is viewer.layers.selection.active


def test_distances_follow_when_painting_rests(correcting, pair, qtbot):
    mine, truth = pair()
    qtbot.waitUntil(lambda: correcting.distances.score is not None)
    first = correcting.distances.words
    mine.paint((20, 25), 1)
    assert correcting.distances.words == ""
    rested = []
    correcting.rested.connect(lambda: rested.append(1))
    qtbot.waitUntil(lambda: bool(rested))
    qtbot.waitUntil(lambda: correcting.distances.score is not None)
    assert correcting.distances.words != first
    assert correcting.distances.score.hd95 == as_scored(mine, truth).hd95


def test_a_volume_has_scores_of_the_slice_in_sight(viewer, correcting, pair, qtbot):
    mine, truth = pair(square((3, *SHAPE)), square((3, *SHAPE), at=6))
    viewer.dims.set_point(0, 1)
    mine.paint((1, 10, 10), 0)
    assert correcting.scores.in_sight.dice == score_masks(mine.data[1], truth.data[1]).dice
    viewer.dims.set_point(0, 2)
    there = score_masks(mine.data[2], truth.data[2]).dice
    qtbot.waitUntil(lambda: correcting.scores.in_sight.dice == there)


@pytest.mark.parametrize(
    ("prediction", "words"),
    [
        (da.zeros(SHAPE, dtype=np.uint8), "piece by piece"),
        (np.zeros((5, 5), np.uint8), "is 5×5, but truth is 24×32 pixels"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_words(correcting, pair, prediction, words):
    pair(prediction)
    assert words in correcting.problem
    assert correcting.counting is None and correcting.errors.layer is None


def test_memory_is_bounded_and_said(correcting, pair, monkeypatch):
    monkeypatch.setattr(judged_module, "MOST_BYTES", 1000)
    pair()
    assert "would take 0.0 GB of memory, more than the 0.0 GB" in correcting.problem


def test_nothing_is_counted_before_somebody_looks(viewer, desk):
    viewer.add_labels(square())
    desk.correcting.follow()
    assert desk.correcting.counting is None and desk.correcting.problem == ""


# --- a case -----------------------------------------------------------------------------------


@pytest.fixture
def case(desk, correcting, write_model, tmp_path, qtbot):
    """Return an open case with a segmentation, whose score is in the table."""
    desk.use_model(str(write_model()), "segment")
    files = tmp_path / "a.png", tmp_path / "a_mask.png"
    case = Case("a", *files, "p", "a reason", tags={"sex": "f"})
    labels = LabelRule(names=("tumour",))
    dataset = Dataset(tmp_path, (case,), (), "", "", labels, 1)
    desk.session.set_dataset(dataset)
    model = desk.session.model.path
    desk.session.start("interactive", EvaluateJob(str(tmp_path), model, "all"), "", "evaluate")
    desk.session.finish("interactive", "")
    score = CaseScore("a", "p", 0.1, 0.1, 0.1, 0.1, 0.1, empty=False, tags={"sex": "f"})
    desk.session.sheet = replace(desk.session.sheet, scores=(score,))
    key = case_key(dataset, case)
    scan = Scan(np.zeros(SHAPE, np.uint8), "yx", Path("a.png"))
    desk.layers.show_case(Shown(key, "a", scan, square(at=6)))
    desk.session.set_case(case)
    desk.layers.segmentations.write(Whose(key, model, "m"), square())
    qtbot.waitUntil(lambda: correcting.counting is not None and correcting.counting.ready)
    return case


def test_the_open_case_is_followed_and_its_row_replaced(desk, correcting, case, qtbot):
    layer = correcting.judges.prediction
    assert correcting.judged.names == ("tumour",)
    qtbot.waitUntil(lambda: correcting.distances.score is not None)
    assert desk.session.sheet.scores[0].dice == 0.1  # nothing was painted
    layer.paint((10, 10), 1)
    qtbot.waitUntil(lambda: desk.session.sheet.scores[0].corrected)
    row = desk.session.sheet.scores[0]
    assert row.dice == score_masks(layer.data, square(at=6)).dice
    assert (row.name, row.patient, dict(row.tags)) == ("a", "p", {"sex": "f"})


def test_labels_that_the_program_makes_begin_anew(desk, correcting, case, qtbot):
    tag = tag_of(correcting.judges.prediction)
    whose = Whose(tag["image"], tag["model"], "m")
    desk.layers.segmentations.write(whose, square(at=6))
    qtbot.waitUntil(lambda: correcting.scores.now.dice == 1)
    assert correcting.scores.before is correcting.scores.now and not correcting.scores.painted


def test_the_reference_can_be_edited_and_is_locked_again(desk, correcting, case, qtbot):
    reference = correcting.judges.reference
    assert not reference.editable
    correcting.edit_reference(True)
    assert correcting.brush.layer is reference and reference.editable
    before = correcting.scores.now.dice
    reference.paint((5, 5), 1)
    assert correcting.scores.now.dice > before
    correcting.edit_reference(False)
    assert not reference.editable
    qtbot.waitUntil(lambda: desk.session.sheet.scores[0].corrected)


def test_a_case_that_is_left_takes_its_errors_with_it(desk, correcting, case, qtbot):
    desk.layers.close_case()
    desk.session.leave_case()
    qtbot.waitUntil(lambda: correcting.counting is None)
    assert correcting.errors.layer is None and correcting.problem == NOTHING


def test_an_image_without_reference_or_labels_says_what_is_missing(desk, correcting, qtbot):
    scan = Scan(np.zeros(SHAPE, np.uint8), "yx", Path("a.png"))
    desk.layers.show_case(Shown("k", "a", scan))
    qtbot.waitUntil(lambda: correcting.problem == NO_REFERENCE)
    desk.layers.show_case(Shown("l", "b", scan, square()))
    qtbot.waitUntil(lambda: correcting.problem == NO_PREDICTION)
    desk.layers.show_case(Shown("m", "c", scan, da.from_array(square())))
    qtbot.waitUntil(lambda: correcting.problem == NO_PREDICTION)
