"""Training from the viewer: what is started, what it leaves, what it is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_unet.events import EpochEnd, Note, Progress, TrainFinished
from napari_unet.jobs import TrainJob
from napari_unet.widgets import TrainDock
from napari_unet.widgets.training import clean, model_path, suggest_name


def test_training_needs_a_dataset_and_a_name(viewer, desk, show):
    dock = show(TrainDock(viewer))
    assert "Open a folder" in dock.view.train.reason.plain
    assert dock.view.open.isVisible()
    assert dock.view.sample.isVisible()


def test_training_runs_to_its_end(viewer, opened, show, qtbot, engines, write_model):
    dock = show(TrainDock(viewer))
    assert dock.view.name.text() == "brains"
    assert dock.view.train.button.isEnabled()
    dock.view.form.budget.minutes.spin.setValue(2)
    path = model_path("brains")

    def done():
        write_model("brains")
        return TrainFinished(str(path), "", 1, 1, 0.71, 65.0, "2 minutes are over")

    epoch = EpochEnd(1, 0.5, 0.5, 0.71, 1e-3, 1.0, 10.0, True)
    engines.train.script = [Note("20 cases"), Progress(1, 4, "epoch 1 of 4", 130), epoch, done()]
    path.unlink()
    write_model("brains")
    dock.view.train.button.click()
    assert dock.view.train.button.text() == "&Train after this one"
    qtbot.waitUntil(lambda: not opened.session.busy)
    (job,) = engines.train.jobs
    assert isinstance(job, TrainJob)
    assert (job.minutes, job.model, Path(job.folder).name) == (2.0, str(path), "brains")
    assert "0.710 in epoch 1 of 1, after 1 min" in dock.view.status.plain
    assert "• 20 cases" in dock.view.notes.plain
    assert opened.session.model.name == "brains"
    assert not dock.view.running.isVisible()


def test_a_stopped_training_leaves_its_best_model_selected(
    viewer, opened, show, qtbot, engines, wait, write_model
):
    dock = show(TrainDock(viewer))
    epoch = EpochEnd(1, 0.5, 0.5, 0.71, 1e-3, 1.0, 10.0, True)
    engines.train.script = [epoch, wait]
    dock.view.train.button.click()
    qtbot.waitUntil(lambda: bool(opened.session.curve))
    write_model("brains")
    assert "epoch 1" in dock.view.status.plain
    assert "10 images/s" in dock.view.running.text.plain
    dock.view.running.button.click()
    assert dock.view.running.button.text() == "Stopping…"
    qtbot.waitUntil(lambda: not opened.session.busy)
    assert opened.session.model.name == "brains"
    assert "Stopped" in dock.view.status.plain


def test_a_training_stopped_before_there_was_a_model_says_so(
    viewer, opened, show, qtbot, engines, wait
):
    dock = show(TrainDock(viewer))
    engines.train.script = [wait]
    dock.view.train.button.click()
    qtbot.waitUntil(lambda: bool(engines.train.jobs))
    dock.view.running.button.click()
    qtbot.waitUntil(lambda: not opened.session.busy)
    assert "before there was a model" in dock.view.strip.text.plain
    assert opened.session.model is None


def test_an_existing_model_is_said_to_be_kept(viewer, opened, show, write_model):
    write_model("brains")
    assert suggest_name("brains") == "brains-2"
    dock = show(TrainDock(viewer))
    assert dock.view.name.text() == "brains-2"
    dock.view.name.setText("brains")
    dock.view.name.textEdited.emit("brains")
    assert "will be kept" in dock.view.name_note.plain
    dock.view.name.setText(" ")
    dock.view.name.textEdited.emit(" ")
    assert "name" in dock.view.train.reason.plain


def test_a_split_chosen_for_training_shows_in_the_table(viewer, opened, show, qtbot):
    dock = show(TrainDock(viewer))
    dock.view.form.split.combo.setEditText("50:0:50")
    qtbot.waitUntil(lambda: "val" not in opened.session.subsets.values())
    dock.view.form.split.combo.setEditText("nonsense")
    assert "80:10:10" in dock.view.train.reason.plain


@pytest.mark.parametrize(
    ("given", "name"),
    [("a/b:c", "a_b_c"), ("x.unet.safetensors", "x"), (" .. ", "model"), ("Häm 1", "Häm 1")],
)
def test_names_that_every_file_system_takes(given, name):
    assert clean(given) == name
