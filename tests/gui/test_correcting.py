"""Correcting labels in a real window: brush and mouse, undo, fill, other cases, both themes."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_unet.metrics import score_masks
from napari_unet.tally import MISSED, RIGHT, Tally

SHAPE = (96, 128)


@pytest.fixture
def dock(bench, qtbot):
    """Return the Correct dock, shown at 300 pixels."""
    bench.tabs.setCurrentWidget(bench.correct)
    qtbot.waitUntil(bench.correct.isVisible)
    return bench.correct


@pytest.fixture
def pair(viewer, dock, qtbot):
    """Return a prediction and a reference that are compared, as layers."""
    prediction, reference = np.zeros((2, *SHAPE), np.uint8)
    reference[20:60, 30:80] = prediction[28:60, 30:90] = reference[80:84, 100:110] = 1
    viewer.add_image(reference * 100.0 + prediction * 50, name="scan")
    truth = viewer.add_labels(reference, name="truth")
    mine = viewer.add_labels(prediction, name="mine")
    view = dock.view.painting
    view.reference_chosen.emit(str(truth.unique_id))
    view.prediction_chosen.emit(str(mine.unique_id))
    qtbot.waitUntil(lambda: dock.correcting.counting is not None)
    qtbot.waitUntil(lambda: dock.correcting.counting.ready)
    return mine, truth


def drag(viewer, layer, start, end, qtbot):
    """Press the mouse on one pixel of a layer, move it to another, and release it."""
    native = viewer.window._qt_viewer.canvas.native
    camera = getattr(viewer, "scene", viewer).camera
    middle = np.array([native.height(), native.width()]) / 2

    def at(pixel):
        y, x = (layer.data_to_world(pixel) - np.array(camera.center[-2:])) * camera.zoom + middle
        return QPoint(round(x), round(y))

    button = Qt.MouseButton.LeftButton
    QTest.mouseMove(native, at(start))
    qtbot.wait(30)
    QTest.mousePress(native, button, pos=at(start))
    for share in np.linspace(0, 1, 5):
        QTest.mouseMove(native, at(np.add(start, share * np.subtract(end, start))))
        qtbot.wait(30)
    QTest.mouseRelease(native, button, pos=at(end))
    qtbot.wait(30)


def followed(dock, mine, truth):
    """Say whether scores, words and errors are those of the layers as they are."""
    score = score_masks(mine.data, truth.data)
    whole = Tally(mine.data, truth.data).outcomes((slice(None),) * mine.ndim)
    errors = dock.correcting.errors.layer
    # What is drawn is the layer's slice, not its data.
    drawn = errors._slice.image.view
    return (
        dock.correcting.scores.now.dice == score.dice
        and f"{score.dice:.3f}" in dock.view.scores.change.plain
        and np.array_equal(errors.data, whole)
        and np.array_equal(drawn, whole)
    )


def test_scores_and_errors_follow_the_mouse(viewer, dock, pair, qtbot, picture):
    mine, truth = pair
    before = dock.correcting.scores.now.dice
    dock.view.painting.paint.click()
    assert viewer.layers.selection.active is mine and mine.mode == "paint"
    assert "You paint on the prediction: mine" in dock.view.painting.on.plain
    mine.brush_size = 8
    assert not dock.view.painting.undo.isEnabled()
    told = []
    dock.correcting.scored.connect(lambda: told.append(dock.correcting.scores.now.dice))
    drag(viewer, mine, (24, 35), (24, 75), qtbot)
    assert mine.data[24, 50] == 1 and dock.view.painting.undo.isEnabled()
    assert len(set(told)) > 2  # within the stroke, not after it
    assert followed(dock, mine, truth) and dock.correcting.scores.now.dice > before
    assert f"Dice {before:.3f} → " in dock.view.scores.change.plain
    picture("correcting-painted")
    mine.mode = "erase"
    drag(viewer, mine, (40, 86), (50, 86), qtbot)
    assert mine.data[45, 86] == 0 and followed(dock, mine, truth)
    mine.mode = "fill"
    mine.selected_label = 1
    drag(viewer, mine, (5, 5), (5, 5), qtbot)
    assert mine.data[5, 5] == 1 and followed(dock, mine, truth)
    for _ in range(3):
        qtbot.mouseClick(dock.view.painting.undo, Qt.MouseButton.LeftButton)
        assert followed(dock, mine, truth)
    assert dock.correcting.scores.now.dice == before
    assert not dock.view.painting.undo.isEnabled() and dock.view.painting.redo.isEnabled()


def test_keys_act_wherever_the_focus_is_in_the_dock(viewer, dock, pair, qtbot):
    mine, truth = pair
    mine.brush_size = 6
    mine.paint((22, 40), 1)
    viewer.window.activate()
    focus = dock.view.errors.next
    focus.setFocus()
    qtbot.waitUntil(focus.hasFocus)
    qtbot.keyClick(focus, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert mine.data[22, 40] == 0 and followed(dock, mine, truth)
    shift = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(focus, Qt.Key.Key_Z, shift)
    assert mine.data[22, 40] == 1 and followed(dock, mine, truth)
    qtbot.keyClick(focus, Qt.Key.Key_N)
    assert dock.view.errors.text.plain.startswith("1 of ")
    qtbot.keyClick(focus, Qt.Key.Key_N, Qt.KeyboardModifier.ShiftModifier)
    assert not dock.view.errors.text.plain.startswith("1 of ")
    qtbot.keyClick(focus, Qt.Key.Key_E)
    assert dock.correcting.errors.layer is None and not dock.view.errors.box.isChecked()
    qtbot.keyClick(focus, Qt.Key.Key_E)
    assert dock.correcting.errors.layer is not None and dock.view.errors.box.isChecked()


def test_a_volume_is_painted_and_drawn_slice_by_slice(viewer, dock, qtbot, picture):
    prediction, reference = np.zeros((2, 5, *SHAPE), np.uint8)
    reference[1:4, 20:60, 30:80] = 1
    truth, mine = viewer.add_labels(reference, name="truth"), viewer.add_labels(prediction)
    dock.view.painting.reference_chosen.emit(str(truth.unique_id))
    dock.view.painting.prediction_chosen.emit(str(mine.unique_id))
    qtbot.waitUntil(lambda: dock.correcting.counting is not None)
    viewer.dims.set_point(0, 2)
    viewer.layers.selection.active = mine
    mine.mode, mine.brush_size = "paint", 12
    mine.paint((2, 40, 50), 1)
    errors = dock.correcting.errors.layer
    assert errors.data[2, 40, 50] == RIGHT == errors._slice.image.view[40, 50]
    qtbot.waitUntil(lambda: dock.correcting.scores.in_sight is not None)
    inside = score_masks(mine.data[2], truth.data[2])
    assert dock.correcting.scores.in_sight.dice == inside.dice
    viewer.dims.set_point(0, 1)
    qtbot.waitUntil(lambda: dock.correcting.scores.in_sight.dice == 0)
    assert errors._slice.image.view[40, 50] == MISSED
    picture("correcting-volume")


def test_in_every_state_it_fits_and_is_read(viewer, dock, qtbot, picture):
    for theme in ("dark", "light"):
        viewer.theme = theme
        qtbot.wait(50)
        assert dock.width() <= 320
        assert "two Labels layers" in dock.view.painting.hint.plain
        picture(f"correcting-empty-{theme}")
    lazy = da.zeros(SHAPE, dtype=np.uint8)
    truth = viewer.add_labels(np.zeros(SHAPE, np.uint8), name="truth")
    mine = viewer.add_labels(lazy, name="a large image · a model")
    dock.view.painting.reference_chosen.emit(str(truth.unique_id))
    dock.view.painting.prediction_chosen.emit(str(mine.unique_id))
    assert "piece by piece" in dock.view.painting.hint.plain
    assert not dock.view.scores.isVisible() and not dock.view.errors.isVisible()
    picture("correcting-lazy")


def test_layers_may_be_closed_at_any_time(viewer, dock, pair, qtbot):
    mine, _ = pair
    mine.mode = "paint"
    viewer.layers.remove(mine)
    qtbot.waitUntil(lambda: dock.correcting.counting is None)
    assert dock.correcting.errors.layer is None
    assert not dock.view.scores.isVisible()
    mine.paint((3, 3), 1)  # by somebody who still holds it
    viewer.layers.clear()
    qtbot.waitUntil(lambda: "two Labels layers" in dock.view.painting.hint.plain)
