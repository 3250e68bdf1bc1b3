"""What napari tells of painting is understood, and nothing is lost where it is not."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Labels

from napari_unet.metrics import count
from napari_unet.widgets import strokes as module
from napari_unet.widgets.counting import Counting
from napari_unet.widgets.hand import Hand
from napari_unet.widgets.strokes import Strokes


@pytest.fixture
def heard(qapp):
    """Return a layer, who listens to it, and what was told."""
    layer = Labels(np.zeros((30, 40), np.uint8))
    layer.brush_size = 3
    strokes = Strokes(layer)
    told = []
    strokes.painted.connect(lambda boxes: told.append(boxes))
    strokes.doubted.connect(lambda: told.append("doubted"))
    strokes.replaced.connect(lambda: told.append("replaced"))
    yield layer, strokes, told
    strokes.close()


def covers(boxes, before, after):
    """Say whether boxes hold all that changed, and nothing was changed beside them."""
    missed = before != after
    for box in boxes:
        missed[box] = False
    return not missed.any()


def test_a_step_of_a_brush_is_told_once_its_pixels_have_changed(heard):
    layer, strokes, told = heard
    seen = []
    strokes.painted.connect(lambda boxes: seen.append(layer.data.sum()))
    layer.paint((10, 10), 1)
    assert seen == [layer.data.sum()] and covers(told[0], 0, layer.data)


def test_many_strokes_at_once_are_told_a_moment_later(heard, qtbot):
    layer, _, told = heard
    layer.paint((5, 5), 1, refresh=False)
    layer.paint((20, 30), 1, refresh=False)
    assert not told
    qtbot.waitUntil(lambda: bool(told))
    assert covers(told[0], 0, layer.data)


def test_undo_and_redo_are_told_where_they_were(heard):
    layer, strokes, told = heard
    layer.paint((10, 10), 1)
    layer.paint((20, 20), 2)
    painted = layer.data.copy()
    told.clear()
    layer.undo()
    assert len(told) == 1 and covers(told[0], painted, layer.data)
    assert strokes.can_undo() == (True, True)
    undone = layer.data.copy()
    told.clear()
    layer.redo()
    assert len(told) == 1 and covers(told[0], undone, layer.data)


def test_values_set_by_index_are_told(heard):
    layer, _, told = heard
    layer.data_setitem((np.array([3, 7]), np.array([5, 9])), 4)
    assert covers(told[0], 0, layer.data)


def test_what_is_only_shown_anew_is_doubted(heard):
    layer, _, told = heard
    layer.refresh()
    assert told == ["doubted"]


def test_another_array_is_told(heard):
    layer, _, told = heard
    layer.data = np.ones((30, 40), np.uint8)
    assert "replaced" in told


def test_who_is_closed_hears_nothing(heard):
    layer, strokes, told = heard
    strokes.close()
    layer.paint((10, 10), 1)
    assert not told
    for signal, slot in strokes._heard:
        signal.connect(slot)  # closed again by the fixture


def test_without_napari_s_own_names_everything_is_counted_a_moment_later(
    viewer, qtbot, monkeypatch
):
    monkeypatch.setattr(module, "_is_box", lambda *_: False)
    layers = [viewer.add_labels(np.zeros((30, 40), np.uint8)) for _ in range(2)]
    counting = Counting(Hand(viewer), *layers, 1, None)
    layers[0].paint((10, 10), 1)
    qtbot.waitUntil(lambda: counting.counts.fp[0] == np.count_nonzero(layers[0].data))
    layers[0].undo()
    expected = count(layers[0].data, layers[1].data)
    qtbot.waitUntil(lambda: counting.counts.tn[0] == expected.tn[0])
    counting.close()
