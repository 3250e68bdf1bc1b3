"""The Correct dock at 300 pixels, on a viewer without a window."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.data.scan import Scan
from napari_unet.widgets import CorrectDock
from napari_unet.widgets.case_layers import Shown


@pytest.fixture
def dock(viewer, desk, show):
    return show(CorrectDock(viewer))


@pytest.fixture
def compared(viewer, dock, qtbot):
    """Return two layers of three classes that are compared."""
    rng = np.random.default_rng(0)
    layers = [viewer.add_labels(rng.integers(0, 4, (40, 40)).astype(np.uint8)) for _ in range(2)]
    dock.view.painting.prediction_chosen.emit(str(layers[0].unique_id))
    dock.view.painting.reference_chosen.emit(str(layers[1].unique_id))
    qtbot.waitUntil(dock.view.scores.isVisible)
    return layers


def test_nothing_open_says_what_to_open(dock):
    view = dock.view.painting
    assert "Open a case with a reference" in view.hint.plain
    assert not view.paint.isVisible() and not dock.view.scores.isVisible()


def test_segmenting_is_offered_where_there_is_no_segmentation(dock, desk, qtbot, tmp_path):
    view = dock.view.painting
    image, mask = np.zeros((2, 20, 20), np.uint8)
    desk.layers.show_case(Shown("k", "a", Scan(image, "yx", tmp_path / "a.png"), mask))
    qtbot.waitUntil(view.segment.isVisible)
    assert not view.segment.button.isEnabled()
    assert "Train a model first" in view.segment.reason.plain


def test_each_class_has_a_row_and_a_colour(dock, compared):
    titles = [title.text() for title, _ in dock.view.scores._rows]
    assert titles == ["Image", "1", "2", "3"]
    assert all(widget.isVisible() for widget in dock.view.errors._classes)
    expected = dock.correcting.scores.now.per_class["2"]
    shown = [cell.text() for cell in dock.view.scores._rows[2][1]]
    keys = ("dice", "iou", "", "precision", "recall")
    assert shown == [f"{expected[k]:.3f}" if k else "–" for k in keys]


def test_buttons_say_why_they_cannot_be_used(dock, compared):
    view = dock.view.painting
    assert not view.undo.isEnabled() and view.undo.toolTip() == "Nothing was painted yet"
    compared[0].paint((3, 3), 2)
    assert view.undo.isEnabled() and "Ctrl+Z" in view.undo.toolTip()
    view.undo.click()
    assert view.redo.isEnabled() and not view.undo.isEnabled()


def test_it_fits_into_300_pixels(dock, compared):
    dock.view.errors.next.click()
    assert dock.view.errors.text.plain.startswith("1 of ")
    assert dock.width() == 300
    content = dock.view.area.widget()
    assert content.minimumSizeHint().width() <= dock.view.area.viewport().width()


def test_the_reference_is_painted_on_when_a_person_says_so(dock, compared):
    view = dock.view.painting
    view.edit_reference.click()
    assert compared[1].name in view.on.plain and "reference" in view.on.plain
    view.edit_reference.click()
    assert compared[0].name in view.on.plain and "prediction" in view.on.plain


def test_errors_are_switched_and_shaded(dock, compared):
    errors = dock.view.errors
    errors.opacity.setValue(30)
    assert dock.correcting.errors.layer.opacity == 0.3
    errors.box.click()
    assert dock.correcting.errors.layer is None and not errors.legend.isVisible()
    errors.box.click()
    assert dock.correcting.errors.layer.opacity == 0.3
