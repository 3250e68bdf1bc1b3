"""Two real Labels layers are followed, without a window."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.metrics import count
from napari_unet.widgets import counting as module
from napari_unet.widgets.counting import Counting
from napari_unet.widgets.hand import Hand

FIELDS = ("tp", "fp", "fn", "tn", "correct", "total")


def same(counts, expected) -> bool:
    return all(np.array_equal(getattr(counts, f), getattr(expected, f)) for f in FIELDS)


def whole(counting, at=...):
    tally = counting.tally
    arrays = counting.prediction.data[at], counting.reference.data[at]
    return count(*arrays, tally.classes, tally.ignore)


@pytest.fixture
def follow(viewer, qapp):
    """Return a function that follows two arrays as layers; it ends with the test."""
    made = []

    def begin(prediction, reference, classes=1, ignore=None):
        layers = viewer.add_labels(prediction), viewer.add_labels(reference)
        made.append(Counting(Hand(viewer), *layers, classes, ignore))
        return made[-1]

    yield begin
    for counting in made:
        counting.close()


def random_labels(rng, shape, classes):
    return rng.integers(0, classes + 1, shape).astype(np.uint8)


def stroke(rng, layer, classes):
    """Do something to a layer that napari lets a person do."""
    act = rng.choice(["paint", "paint", "erase", "fill", "polygon", "undo", "undo", "redo", "drag"])
    shape = layer.data.shape
    point = [int(rng.integers(n)) for n in shape]
    label = int(rng.integers(0, classes + 1))
    layer.brush_size = int(rng.integers(1, 12))
    layer.n_edit_dimensions = int(rng.integers(2, len(shape) + 1))
    layer.preserve_labels = bool(rng.random() < 0.2)
    layer.contiguous = bool(rng.random() < 0.5)
    if act == "drag":
        layer.mode = "paint"
        with layer.block_history():
            last = point
            for _ in range(3):
                ahead = [*point[:-2], *(int(rng.integers(n)) for n in shape[-2:])]
                layer._draw(label, last, ahead)
                last = ahead
    elif act == "polygon":
        corners = [[*point[:-2], *(int(rng.integers(n)) for n in shape[-2:])] for _ in range(4)]
        layer.n_edit_dimensions = 2
        layer.paint_polygon(corners, label)
    elif act in ("undo", "redo"):
        getattr(layer, act)()
    elif act == "fill":
        layer.fill(point, label)
    else:
        layer.paint(point, 0 if act == "erase" else label)


@pytest.mark.parametrize(
    ("shape", "classes", "strokes"), [((40, 48), 3, 2_000), ((5, 24, 20), 1, 300)]
)
def test_thousands_of_strokes_leave_the_counts_of_the_whole(follow, shape, classes, strokes):
    rng = np.random.default_rng(classes)
    counting = follow(*(random_labels(rng, shape, classes) for _ in range(2)), classes)
    assert counting.ready
    for i in range(strokes):
        layer = counting.reference if rng.random() < 0.2 else counting.prediction
        stroke(rng, layer, classes)
        if i % 50 == 0:
            assert same(counting.counts, whole(counting)), i
    assert same(counting.counts, whole(counting))


def test_every_change_is_told_at_once_and_where(follow):
    counting = follow(np.zeros((40, 40), np.uint8), np.zeros((40, 40), np.uint8))
    told = []
    counting.changed.connect(lambda boxes, by_program: told.append((boxes, by_program)))
    layer = counting.prediction
    layer.brush_size = 4
    layer.paint((10, 12), 1)
    ((box,), by_program), *_ = told
    assert not by_program
    assert np.count_nonzero(layer.data[box]) == np.count_nonzero(layer.data) > 0
    assert layer.data[box].size < 50
    told.clear()
    layer.undo()
    assert len(told) == 1 and told[0][0][0] == box


def test_what_the_program_writes_is_told_as_such(follow, qtbot):
    counting = follow(np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8))
    told = []
    counting.changed.connect(lambda boxes, by_program: told.append(by_program))
    with counting.hand.at_work():
        counting.prediction.data[2, 2] = 1
        counting.prediction.refresh(extent=False)
    qtbot.waitUntil(lambda: told == [True])


def test_what_is_written_into_the_array_is_found(follow, qtbot):
    counting = follow(np.zeros((30, 30), np.uint8), np.zeros((30, 30), np.uint8))
    counting.prediction.data[3:5, 3:5] = 1
    counting.prediction.refresh()
    qtbot.waitUntil(lambda: counting.counts.fp[0] == 4)
    counting.reference.data[20:22, 3:5] = 1  # and nobody tells of it
    counting.look_over()
    qtbot.waitUntil(lambda: counting.counts.fn[0] == 4)


def test_another_array_is_lost_and_never_counted_as_the_old_one(follow):
    counting = follow(np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8))
    lost = []
    counting.lost.connect(lambda: lost.append(1))
    counting.prediction.data = np.ones((8, 8), np.uint8)
    assert lost
    before = counting.counts
    counting.prediction.paint((2, 2), 0)
    assert counting.counts.fp[0] == before.fp[0] == 0


def test_a_large_one_is_counted_bit_by_bit_while_somebody_paints(follow, qtbot, monkeypatch):
    monkeypatch.setattr("napari_unet.tally.PART", 500)
    monkeypatch.setattr(module, "AT_ONCE", 0)
    rng = np.random.default_rng(4)
    counting = follow(*(random_labels(rng, (100, 100), 1) for _ in range(2)))
    assert not counting.ready and 0 < counting.share < 1
    told = []
    counting.progressed.connect(lambda: told.append(counting.share))
    counting.prediction.paint((5, 5), 1)
    counting.prediction.paint((95, 95), 0)
    qtbot.waitUntil(lambda: counting.ready)
    assert told and told == sorted(told)
    assert same(counting.counts, whole(counting))


def test_the_slice_that_is_looked_at_is_counted_apart(follow, viewer):
    rng = np.random.default_rng(5)
    counting = follow(*(random_labels(rng, (4, 12, 14), 2) for _ in range(2)), 2)
    viewer.dims.set_point(0, 2)
    assert same(counting.in_sight(), whole(counting, 2))
    counting.prediction.paint((2, 5, 5), 2)
    assert same(counting.in_sight(), whole(counting, 2))
    viewer.dims.order = (2, 0, 1)
    viewer.dims.set_point(2, 7)
    assert same(counting.in_sight(), whole(counting, (..., 7)))
    viewer.dims.ndisplay = 3
    assert counting.in_sight() is None


def test_a_picture_has_no_slices(follow):
    counting = follow(np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8))
    assert counting.in_sight() is None


def test_it_knows_what_can_be_undone(follow):
    counting = follow(np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8))
    strokes = counting.strokes[counting.prediction]
    assert strokes.can_undo() == (False, False)
    counting.prediction.paint((2, 2), 1)
    assert strokes.can_undo() == (True, False)
    counting.prediction.undo()
    assert strokes.can_undo() == (False, True)
