"""Objects of a segmentation: counted at once, measured on demand, and never stale."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np
import pytest

from napari_unet.config import CleanUp
from napari_unet.events import SegmentArrayFinished
from napari_unet.widgets import SegmentDock

NUMBERED = CleanUp(objects="components")


@pytest.fixture
def dock(viewer: Any, desk: Any, show: Any, qtbot: Any, engines: Any, write_model: Any) -> Any:
    """Return a Segment dock with three objects on a scan, numbered."""
    viewer.add_image(np.arange(64.0).reshape(8, 8), name="scan")
    desk.use_model(str(write_model()), "segment")
    shown = show(SegmentDock(viewer))
    planes = np.zeros((1, 8, 8), np.uint8)
    planes[0, :2, :3], planes[0, 5, 5], planes[0, 7, 0] = 255, 200, 100
    engines.interactive.script = [SegmentArrayFinished(planes, 0.3, 0.1, ("tumour",))]
    shown.view.threshold_changed.emit(0.3)
    shown.view.segment.button.click()
    qtbot.waitUntil(lambda: not desk.session.busy)
    shown.view.cleanup_changed.emit(NUMBERED)
    return shown


def measured(dock: Any, qtbot: Any) -> Any:
    """Measure, and return the layer."""
    dock.view.measure_wanted.emit()
    qtbot.waitUntil(lambda: bool(dock.desk.measurer.text))
    return dock.desk.measurer._measured.layer


def test_objects_are_counted_without_being_measured(dock):
    assert dock.view.objects.text.plain == "3 objects, 8 px together."
    dock.view.threshold_changed.emit(0.9)
    assert dock.view.objects.text.plain == "1 object, 6 px together."
    dock.view.cleanup_changed.emit(CleanUp())
    assert "Number objects under Clean up" in dock.view.objects.text.plain


def test_what_somebody_painted_is_counted_by_measuring(dock, viewer, qtbot):
    viewer.layers["scan · m"].paint((7, 7), 9)
    qtbot.waitUntil(lambda: "Corrected by hand" in dock.view.objects.text.plain)


def test_images_keep_their_objects_while_others_are_looked_at(dock, viewer, qtbot, engines):
    viewer.add_image(np.zeros((8, 8)), name="other")
    dock.view.cleanup_changed.emit(CleanUp())
    dock.view.segment.button.click()
    qtbot.waitUntil(lambda: not dock.desk.session.busy)
    assert "Number objects under Clean up" in dock.view.objects.text.plain
    viewer.layers.selection.active = viewer.layers["scan"]
    assert dock.view.objects.text.plain == "3 objects, 8 px together."
    assert "tumour: 12.50% of the image, 8 px" in dock.view.result.plain


def test_measured_objects_are_the_layers_features(dock, qtbot):
    layer = measured(dock, qtbot)
    assert layer.features["area (px)"].tolist() == [6, 1, 1]
    assert layer.features["mean intensity"].tolist() == [5.0, 45.0, 56.0]
    assert layer.features["centroid-1"].tolist() == [1.0, 5.0, 0.0]
    assert dock.view.objects.text.plain.startswith("3 objects, median area (px) 1.")


@pytest.mark.parametrize("how", ["threshold", "brush", "script"])
def test_what_was_measured_goes_when_the_labels_change(how, dock, qtbot):
    layer = measured(dock, qtbot)
    if how == "threshold":
        dock.view.threshold_changed.emit(0.9)
    elif how == "brush":
        layer.brush_size = 1
        layer.paint((7, 7), 9)
    else:
        layer.data = np.where(layer.data == 3, 0, layer.data)
    qtbot.waitUntil(lambda: not dock.desk.measurer.text)
    assert layer.features.empty
    assert "median" not in dock.view.objects.text.plain
    layer = measured(dock, qtbot)
    assert len(layer.features) == {"threshold": 1, "brush": 4, "script": 2}[how]


def test_another_image_does_not_take_the_measures_away(dock, viewer, qtbot):
    layer = measured(dock, qtbot)
    viewer.add_image(np.zeros((8, 8)), name="other")
    assert dock.view.objects.text.plain == ""
    assert len(layer.features) == 3
    viewer.layers.selection.active = viewer.layers["scan"]
    assert dock.view.objects.text.plain.startswith("3 objects, median")


def test_a_scan_that_is_calibrated_later_is_measured_as_it_is_now(dock, viewer, qtbot):
    for layer in viewer.layers:
        layer.scale, layer.translate, layer.units = (0.5, 2.0), (10.0, 20.0), ("mm", "mm")
    layer = measured(dock, qtbot)
    assert layer.features["area (mm²)"].tolist() == [6.0, 1.0, 1.0]
    assert layer.features["centroid-0"].tolist() == [10.25, 12.5, 13.5]
    assert layer.features["centroid-1"].tolist() == [22.0, 30.0, 20.0]


def test_a_table_is_written_and_what_keeps_it_from_that_is_said(dock, qtbot, tmp_path):
    measurer, result = dock.desk.measurer, dock.desk.segmenter.result()
    measurer.export(result, str(tmp_path / "t.csv"))
    qtbot.waitUntil(lambda: "Saved" in dock.view.strip.text.plain)
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        assert [row["class"] for row in csv.DictReader(file)] == ["tumour"] * 3
    (tmp_path / "file").touch()
    measurer.export(result, str(tmp_path / "file" / "t.csv"))
    qtbot.waitUntil(lambda: "Saved" not in dock.view.strip.text.plain)
    assert "file" in dock.view.strip.text.plain


@pytest.mark.parametrize("how", ["changed", "closed"])
def test_labels_that_change_meanwhile_get_no_measures_of_others(how, dock, viewer, qtbot):
    dock.view.measure_wanted.emit()
    layer = viewer.layers["scan · m"]
    if how == "changed":
        layer.data[7, 7] = 5
    else:
        viewer.layers.remove(layer)
    qtbot.waitUntil(lambda: "changed while they were measured" in dock.view.strip.text.plain)
    assert layer.features.empty
