"""The Segment dock at work, on a viewer without a window and an engine that plays scripts."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
import zarr
from qtpy.QtWidgets import QFileDialog

from napari_unet.config import CleanUp
from napari_unet.errors import DataError
from napari_unet.events import Progress, SegmentArrayFinished, SegmentPart
from napari_unet.jobs import SegmentArrayJob
from napari_unet.widgets import SegmentDock


@pytest.fixture
def scan(viewer, desk):
    """The desk with an image open."""
    viewer.add_image(np.zeros((8, 8)), name="scan")
    return desk


def finished(level: int, shape=(8, 8), classes=("tumour",)) -> SegmentArrayFinished:
    planes = np.zeros((max(len(classes), 1), *shape), np.uint8)
    planes[0, ..., :4, :] = level
    return SegmentArrayFinished(planes, 0.5, 0.1, classes)


def segment(dock, engines, qtbot, *script):
    engines.interactive.script = list(script)
    dock.view.segment.button.click()
    qtbot.waitUntil(lambda: not dock.desk.session.busy)


def test_what_is_missing_is_said(viewer, desk, show, write_model):
    dock = show(SegmentDock(viewer))
    assert "Open an image" in dock.view.segment.reason.plain
    viewer.add_image(np.zeros((8, 8)), name="scan")
    assert "Train a model" in dock.view.segment.reason.plain
    desk.use_model(str(write_model("two", channels=2)), "segment")
    assert "2-channel images, but scan is grey" in dock.view.segment.reason.plain
    assert not dock.view.segment.button.isEnabled()


def test_the_active_image_and_a_model_that_fits_are_preselected(viewer, scan, show, write_model):
    write_model("grey")
    write_model("colour", channels=3)
    scan.look()
    dock = show(SegmentDock(viewer))
    assert (dock.view.image.currentText(), dock.view.model.list.currentText()) == ("scan", "grey")
    viewer.add_image(np.zeros((8, 8, 3), np.uint8), rgb=True, name="photo")
    assert (dock.view.image.currentText(), dock.view.model.list.currentText()) == (
        "photo",
        "colour",
    )


def test_one_click_makes_labels_and_the_threshold_moves_them(
    viewer, scan, show, qtbot, engines, write_model
):
    scan.use_model(str(write_model()), "segment")
    dock = show(SegmentDock(viewer))
    assert engines.interactive.warmed == 1
    segment(dock, engines, qtbot, Progress(0, 1, "loading the model"), finished(150))
    (job,) = engines.interactive.jobs
    assert isinstance(job, SegmentArrayJob)
    assert job.image.shape == (8, 8)
    labels = viewer.layers["scan · m"]
    assert labels.data.sum() == 32
    assert "tumour: 50.00% of the image, 32 px" in dock.view.result.plain
    dock.view.slider.setValue(80)
    assert labels.data.sum() == 0
    assert "0.00%" in dock.view.result.plain
    dock.view.slider.setValue(20)
    assert labels.data.sum() == 32
    assert len(engines.interactive.jobs) == 1


def test_painted_labels_are_not_replaced_without_asking(
    viewer, scan, show, qtbot, engines, write_model
):
    scan.use_model(str(write_model()), "segment")
    dock = show(SegmentDock(viewer))
    segment(dock, engines, qtbot, finished(150))
    labels = viewer.layers["scan · m"]
    labels.paint((7, 7), 1)
    dock.view.slider.setValue(80)
    assert dock.view.question.isVisible()
    assert labels.data[7, 7] == 1
    keep, replace, nothing = (dock.view.question._answers.itemAt(i).widget() for i in range(3))
    nothing.click()
    assert labels.data[7, 7] == 1
    dock.view.slider.setValue(81)
    keep, replace, nothing = (dock.view.question._answers.itemAt(i).widget() for i in range(3))
    keep.click()
    assert viewer.layers["scan · m (corrected)"].data[7, 7] == 1
    assert viewer.layers["scan · m"].data.sum() == 0
    viewer.layers["scan · m"].paint((7, 7), 1)
    qtbot.waitUntil(lambda: "Corrected by hand" in dock.view.result.plain)
    segment(dock, engines, qtbot, finished(150))
    assert viewer.layers["scan · m"].data[7, 7] == 1
    replace = dock.view.question._answers.itemAt(1).widget()
    replace.click()
    assert viewer.layers["scan · m"].data[7, 7] == 0


def test_several_classes_have_a_threshold_each(viewer, scan, show, qtbot, engines, write_model):
    scan.use_model(str(write_model(classes=("a", "b"))), "segment")
    dock = show(SegmentDock(viewer))
    assert "Can be moved" in dock.view.threshold_note.plain
    planes = np.zeros((3, 8, 8), np.uint8)
    planes[1], planes[2] = 50, 200
    segment(dock, engines, qtbot, SegmentArrayFinished(planes, 0.5, 0.1, ("a", "b")))
    assert set(viewer.layers["scan · m"].data.ravel()) == {2}
    assert "b: 100.00%" in dock.view.result.plain
    first, second = dock.view.thresholds.rows
    second.slider.setValue(90)
    first.slider.setValue(10)
    assert set(viewer.layers["scan · m"].data.ravel()) == {1}
    assert "a: 100.00%" in dock.view.result.plain
    assert len(engines.interactive.jobs) == 1


def test_clean_up_acts_at_once_and_its_objects_are_measured(
    viewer, scan, show, qtbot, engines, write_model, tmp_path, monkeypatch
):
    scan.use_model(str(write_model()), "segment")
    dock = show(SegmentDock(viewer))
    planes = np.zeros((1, 8, 8), np.uint8)
    planes[0, :2, :3], planes[0, 5, 5], planes[0, 7, 0] = 255, 255, 255
    segment(dock, engines, qtbot, SegmentArrayFinished(planes, 0.5, 0.1, ("tumour",)))
    dock.view.cleanup_changed.emit(CleanUp(min_size=2, objects="components"))
    labels = viewer.layers["scan · m"]
    assert labels.data.max() == 1
    assert labels.data.sum() == 6
    assert "tumour: 9.38% of the image, 6 px" in dock.view.result.plain
    dock.view.cleanup_changed.emit(CleanUp(objects="components"))
    assert set(viewer.layers["scan · m"].data.ravel()) == {0, 1, 2, 3}
    assert "tumour: 12.50%" in dock.view.result.plain
    path = tmp_path / "objects.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    dock.view.export_wanted.emit()
    qtbot.waitUntil(lambda: "3 objects" in scan.measurer.text)
    assert viewer.layers["scan · m"].features["class"].tolist() == ["tumour"] * 3
    assert path.read_text().count("tumour") == 3
    dock.view.slider.setValue(70)
    assert len(engines.interactive.jobs) == 1


def test_a_result_for_a_closed_image_is_dropped_with_a_message(
    viewer, scan, show, qtbot, engines, wait, write_model
):
    scan.use_model(str(write_model()), "segment")
    dock = show(SegmentDock(viewer))

    class Slow(list):
        def __iter__(self):
            yield Progress(0, 1, "loading")
            yield wait
            engines.interactive._stop.clear()
            yield finished(150)

    engines.interactive.script = Slow()
    dock.view.segment.button.click()
    qtbot.waitUntil(lambda: bool(engines.interactive.jobs))
    viewer.layers.clear()
    engines.interactive.stop()
    qtbot.waitUntil(lambda: not scan.session.busy)
    assert not viewer.layers
    assert "scan was closed" in dock.view.strip.text.plain


def test_a_failed_segmentation_leaves_the_old_labels(
    viewer, scan, show, qtbot, engines, write_model
):
    scan.use_model(str(write_model()), "segment")
    dock = show(SegmentDock(viewer))
    segment(dock, engines, qtbot, finished(150))
    segment(dock, engines, qtbot, DataError("The image holds no finite value."))
    assert "no finite value" in dock.view.strip.text.plain
    assert viewer.layers["scan · m"].data.sum() == 32
    segment(dock, engines, qtbot, finished(150))
    assert not dock.view.strip.isVisible()


def test_a_failed_or_stopped_run_says_that_the_labels_are_from_before(
    viewer, scan, show, qtbot, engines, wait, write_model
):
    scan.use_model(str(write_model()), "segment")
    dock = show(SegmentDock(viewer))
    part = SegmentPart((4, 0), np.full((1, 4, 8), 255, np.uint8))
    segment(dock, engines, qtbot, part, DataError("No."))
    assert dock.view.strip.text.plain == "No."
    assert "scan · m" not in viewer.layers
    segment(dock, engines, qtbot, finished(150))
    labels = viewer.layers["scan · m"]
    segment(dock, engines, qtbot, part, DataError("No."))
    assert dock.view.strip.text.plain == "No. The labels are those from before."
    assert labels.data.sum() == 32
    engines.interactive.script = [part, wait, Progress(0, 1, "x")]
    dock.view.segment.button.click()
    qtbot.waitUntil(lambda: labels.data.sum() == 64)  # the piece shows while the rest computes
    dock.view.running.button.click()
    qtbot.waitUntil(lambda: not scan.session.busy)
    assert dock.view.strip.text.plain == "Stopped. The labels are those from before."
    assert labels.data.sum() == 32


def test_what_was_painted_and_replaced_comes_back(viewer, scan, show, qtbot, engines, write_model):
    scan.use_model(str(write_model()), "segment")
    dock = show(SegmentDock(viewer))
    segment(dock, engines, qtbot, finished(150))
    labels, question = viewer.layers["scan · m"], dock.view.question
    labels.paint((7, 7), 1)
    for change in (
        lambda: dock.view.slider.setValue(80),
        lambda: dock.view.cleanup_changed.emit(CleanUp(min_size=5)),
    ):
        change()
        assert labels.data[7, 7] == 1
        question._answers.itemAt(1).widget().click()  # Replace mine
        assert labels.data[7, 7] == 0
        assert "replaced" in question.text.plain
        question._answers.itemAt(0).widget().click()  # Undo
        assert labels.data[7, 7] == 1
        assert not question.isVisible()


def test_what_would_be_another_result_now_is_stale(viewer, scan, show, qtbot, engines, write_model):
    path = write_model()
    scan.use_model(str(path), "segment")
    dock = show(SegmentDock(viewer))
    segment(dock, engines, qtbot, finished(150))
    labels = viewer.layers["scan · m"]
    assert not dock.view.stale.isVisible()
    dock.view.more.average_chosen.emit("flips")
    assert "other settings" in dock.view.stale.text.plain
    assert labels.name == "scan · m · stale"
    dock.view.more.average_chosen.emit("model")
    assert labels.name == "scan · m"
    assert not dock.view.stale.isVisible()
    viewer.layers["scan"].data = np.ones((8, 8))
    assert "image changed" in dock.view.stale.text.plain
    assert labels.name == "scan · m · stale"
    dock.view.stale.button.click()
    qtbot.waitUntil(lambda: not scan.session.busy)
    assert labels.name == "scan · m"
    os.utime(path, (1, 1))
    scan.look()
    assert "model changed" in dock.view.stale.text.plain


def test_a_part_of_an_image_is_segmented_alone(viewer, desk, show, qtbot, engines, write_model):
    viewer.add_image(np.zeros((3, 8, 8)), name="scan")
    desk.use_model(str(write_model()), "segment")
    dock = show(SegmentDock(viewer))
    viewer.dims.set_point(0, 1)
    dock.view.more.where_chosen.emit("slice")
    segment(dock, engines, qtbot, finished(150, (1, 8, 8)))
    (job,) = engines.interactive.jobs
    assert job.image.shape == (1, 8, 8)
    planes = viewer.layers["scan · m"].data.sum(axis=(1, 2)).tolist()
    assert planes == [0, 32, 0]
    assert "of this part of the image" in dock.view.result.plain
    dock.view.more.axis_chosen.emit(-2)
    dock.view.more.where_chosen.emit("whole")
    assert "another part" in dock.view.stale.text.plain
    along_y = np.zeros((1, 8, 3, 8), np.uint8)
    along_y[0, :4] = 150
    segment(dock, engines, qtbot, replace(finished(0), probabilities=along_y))
    assert viewer.layers["scan · m"].data[:, :4].all()
    assert not viewer.layers["scan · m"].data[:, 4:].any()
    viewer.add_image(np.zeros((8, 8)), name="flat")
    assert desk.segmenter.request.where == "whole"


def test_probability_and_uncertainty_are_shown_when_wanted(
    viewer, scan, show, qtbot, engines, write_model
):
    scan.use_model(str(write_model()), "segment")
    dock = show(SegmentDock(viewer))
    assert not dock.view.more.probability.isEnabled()
    segment(dock, engines, qtbot, finished(255))
    dock.view.more.probability_wanted.emit()
    dock.view.more.uncertainty_wanted.emit()
    probability = viewer.layers["scan · m · probability · tumour"]
    assert probability.data.mean() == 0.5
    assert viewer.layers["scan · m · uncertainty"].data.max() == 0
    assert scan.segmenter.request.image.name == "scan"
    segment(dock, engines, qtbot, finished(0))
    assert probability.data.max() == 0
    unsure = replace(finished(255), uncertainty=np.full((8, 8), 255, np.uint8))
    segment(dock, engines, qtbot, unsure)
    assert viewer.layers["scan · m · uncertainty"].data.min() == 1


def test_labels_too_large_for_memory_are_shown_from_a_store_that_goes_with_them(
    viewer, scan, show, qtbot, engines, write_model
):
    scan.use_model(str(write_model()), "segment")
    dock = show(SegmentDock(viewer))
    store = scan.session.scratch.new("probabilities")
    zarr.save_array(store, finished(150).probabilities)
    done = replace(finished(0), probabilities=np.zeros(0, np.uint8), store=str(store))
    segment(dock, engines, qtbot, done)
    labels = viewer.layers["scan · m"]
    assert int(labels.data.sum()) == 32
    assert "piece by piece" in dock.view.result.plain
    dock.view.slider.setValue(80)
    assert int(labels.data.sum()) == 0
    dock.view.measure_wanted.emit()
    assert "too large to be measured" in dock.view.strip.text.plain
    viewer.layers.remove(labels)
    qtbot.waitUntil(lambda: not store.exists())
    assert scan.segmenter.result() is None


def test_a_model_that_does_not_fit_names_one_that_does(viewer, scan, show, write_model):
    write_model("grey")
    two = write_model("two", channels=2)
    scan.look()
    scan.use_model(str(two), "segment")
    dock = show(SegmentDock(viewer))
    assert "but scan is grey. grey would do." in dock.view.segment.reason.plain


def test_a_file_that_is_no_model_is_said_in_the_widget(
    viewer, scan, show, write_model, tmp_path, monkeypatch
):
    scan.use_model(str(write_model()), "segment")
    dock = show(SegmentDock(viewer))
    bad = tmp_path / "holiday.jpg"
    bad.write_bytes(b"no model")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(bad), ""))
    dock.view.model.button.click()
    assert "holiday.jpg is no model file" in dock.view.strip.text.plain
    assert dock.view.model.list.currentText() == "m"


def test_layers_that_are_selected_together_are_channels(
    viewer, desk, show, qtbot, engines, write_model
):
    first, second = (viewer.add_image(np.full((8, 8), i), name=f"c{i}") for i in (0, 1))
    desk.use_model(str(write_model("two", channels=2)), "segment")
    dock = show(SegmentDock(viewer))
    assert "Or select 2 layers of one size" in dock.view.segment.reason.plain
    viewer.layers.selection = {first, second}
    assert dock.view.segment.button.isEnabled(), dock.view.segment.reason.plain
    segment(dock, engines, qtbot, finished(150))
    (job,) = engines.interactive.jobs
    assert job.channels
    assert job.image[0, 0].tolist() == [0, 1]
    assert viewer.layers["c0 · two"].data.sum() == 32
    second.data = np.zeros((9, 9))
    viewer.layers.selection = {first, second}
    assert not dock.view.segment.button.isEnabled()
