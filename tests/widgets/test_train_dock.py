"""Pausing, queueing, going on, planning and following a training, with an engine that plays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtWidgets import QInputDialog, QPushButton

from napari_unet.config import OptimConfig, Recipe
from napari_unet.controls import Continue, Pause, Watch
from napari_unet.data.masks.meaning import load_rule
from napari_unet.errors import JobError, WeightsError
from napari_unet.events import (
    Augmented,
    EpochEnd,
    Paused,
    Plan,
    Planned,
    Preview,
    Progress,
    TrainFinished,
)
from napari_unet.jobs import PlanJob, ResumeJob, TrainJob
from napari_unet.presets import PRESETS, begun_at_random
from napari_unet.resumable import Resumable, state_path
from napari_unet.widgets import TrainDock
from napari_unet.widgets.live_layer import NAME
from napari_unet.widgets.placing import geometry
from napari_unet.widgets.resuming import Resumer
from napari_unet.widgets.training import model_path
from napari_unet.widgets.views.augmentation import GAP, grid

EPOCH = EpochEnd(1, 0.5, 0.5, 0.71, 1e-3, 60.0, 10.0, True)


@pytest.fixture
def dock(viewer, desk, folder, show, qtbot):
    """The Train dock with the folder open."""
    desk.folders.open(str(folder))
    qtbot.waitUntil(lambda: bool(desk.session.subsets), timeout=20_000)
    qtbot.waitUntil(lambda: desk.session.case is not None, timeout=20_000)
    return show(TrainDock(viewer))


def idle(dock, qtbot):
    qtbot.waitUntil(lambda: not dock.desk.session.busy and not dock.desk.session.queue)


def interrupted(name, epochs=1, finished=False):
    """Write what a training leaves behind."""
    path = str(model_path(name))
    record = Resumable(path, TrainJob("/d", path), epochs, 60.0, 10.0, 0, finished)
    record.save()
    state_path(path).write_bytes(b"state")
    return record


def preview(dock, name, level=255):
    case = next(c for c in dock.desk.session.dataset.cases if c.name == name)
    dock.desk.loader.open_case(case)
    return Preview(name, 1, np.full((1, 32, 32), level, np.uint8), 0.5)


# --- pause and stop ---------------------------------------------------------------------------


def test_pausing_says_what_happens(dock, engines, wait, qtbot):
    running, session = dock.view.running, dock.desk.session
    engines.train.script = [Progress(1, 4, "epoch 1 of 4", 130), EPOCH, wait]
    dock.view.train.button.click()
    qtbot.waitUntil(lambda: bool(session.curve))
    assert "epoch 1 of 4 · 2 min left · 10 images/s" in running.text.plain
    running.pause.click()
    assert running.pause.text() == "Pausing…"
    assert not running.pause.isEnabled()
    session.receive("train", Paused(True))
    assert running.pause.text() == "&Continue"
    assert running.text.plain.startswith("Paused: training brains")
    running.pause.click()
    session.receive("train", Paused(False))
    assert running.pause.text() == "Pa&use"
    assert [c for c in engines.train.told if not isinstance(c, Watch)] == [Pause(), Continue()]
    running.button.click()
    assert running.button.text() == "Stopping…"
    assert not running.pause.isEnabled()
    idle(dock, qtbot)
    assert not running.isVisible()
    assert "Stopped." in dock.view.status.plain


def test_a_plan_cannot_be_paused(dock, engines, wait, qtbot):
    engines.train.script = [wait]
    dock.view.plan_button.click()
    qtbot.waitUntil(lambda: bool(engines.train.jobs))
    assert dock.view.running.isVisible()
    assert not dock.view.running.pause.isVisible()
    dock.view.running.button.click()
    idle(dock, qtbot)
    assert not dock.view.strip.isVisible()


# --- the queue --------------------------------------------------------------------------------


def test_trainings_wait_for_each_other_even_when_one_fails(dock, engines, wait, qtbot):
    session, view = dock.desk.session, dock.view
    engines.train.script = [EPOCH, wait, JobError("The disk is full.")]
    for _ in range(4):
        view.train.button.click()
    assert [w.name for w in session.queue] == ["brains-2", "brains-3", "brains-4"]
    assert view.name.text() == "brains-5"
    view.queue.rows[2].up.click()
    view.queue.rows[0].remove.click()
    assert [row.name.text() for row in view.queue.rows] == ["1. brains-4", "2. brains-3"]
    qtbot.waitUntil(lambda: bool(session.curve))
    engines.train.script = [EPOCH]
    engines.train.stop()
    idle(dock, qtbot)
    assert [Path(j.model).name.split(".")[0] for j in engines.train.jobs] == [
        "brains",
        "brains-4",
        "brains-3",
    ]
    assert "disk is full" in view.strip.text.plain  # still to be read
    assert not view.queue.isVisible()


def test_a_name_is_trained_once(dock, engines, wait, qtbot):
    engines.train.script = [wait]
    dock.view.train.button.click()
    qtbot.waitUntil(lambda: bool(engines.train.jobs))
    dock.view.name.setText("brains")
    dock.view.name.textEdited.emit("brains")
    assert "is being trained" in dock.view.train.reason.plain
    dock.view.running.button.click()
    idle(dock, qtbot)


# --- going on ---------------------------------------------------------------------------------


def test_a_finished_training_can_be_trained_longer(dock, engines, qtbot, monkeypatch, write_model):
    path = model_path("brains")
    session = dock.desk.session
    engines.train.script = [EPOCH, TrainFinished(str(path), "", 1, 1, 0.71, 60.0, "over")]
    dock.view.train.button.click()
    write_model("brains")
    interrupted("brains", finished=True)
    idle(dock, qtbot)
    qtbot.waitUntil(dock.view.longer.isVisible)
    assert not dock.view.resume.isVisible()
    monkeypatch.setattr(QInputDialog, "getDouble", lambda *_: (5.0, True))
    engines.train.script = [EpochEnd(2, 0.4, 0.4, 0.8, 1e-3, 60.0, 10.0, True)]
    dock.view.longer.click()
    idle(dock, qtbot)
    assert engines.train.jobs[-1] == ResumeJob(str(path), minutes=6.0)
    assert session.curve[-1].epoch == 2


def test_an_interrupted_training_is_offered_once(viewer, dock, engines, qtbot, show):
    first = interrupted("brains-7", epochs=12)
    dock.desk.resumer.look()
    question = dock.view.question
    qtbot.waitUntil(question.isVisible)
    assert "brains-7 was interrupted after 12 epochs (1 min)" in question.text.plain
    question._answers.itemAt(1).widget().click()
    assert not question.isVisible()
    again = Resumer(dock.desk.session, dock.desk.trainer)
    again.found = (first,)
    assert again.interrupted is None  # remembered
    interrupted("brains-7", epochs=13)
    dock.desk.resumer.look()
    qtbot.waitUntil(question.isVisible)
    engines.train.script = [EPOCH]
    question._answers.itemAt(0).widget().click()
    assert not question.isVisible()
    idle(dock, qtbot)
    assert engines.train.jobs == [ResumeJob(first.model)]
    # It was stopped again, and that in this session: no banner, but a button.
    qtbot.waitUntil(dock.view.resume.isVisible)
    assert not question.isVisible()
    dock.view.resume.click()
    idle(dock, qtbot)
    assert len(engines.train.jobs) == 2


# --- the plan ---------------------------------------------------------------------------------


def test_a_plan_is_shown_used_and_goes_stale(dock, engines, qtbot):
    recipe = Recipe(optim=OptimConfig(batch=7))
    words = "whole slices at 192×192, batch 7"
    plan = Plan(recipe, words, 2_000_000, 0.01, 24.0, 10**9, "cpu", ("Few images.",))
    engines.train.script = [Planned(plan)]
    dock.view.plan_button.click()
    idle(dock, qtbot)
    (job,) = engines.train.jobs
    assert isinstance(job, PlanJob)
    assert Path(job.train.folder).name == "brains"
    panel = dock.view.plan
    assert words in panel.words.plain
    assert "Few images." in panel.reasons.plain
    assert not panel.stale.plain
    panel.use.click()
    assert dock.view.form.value().recipe == recipe
    assert dock.view.form.sections["optim"].fields["batch"].value() == 7
    assert "changed" in panel.stale.plain


def test_training_tells_its_plan(dock, engines, qtbot):
    plan = Plan(Recipe(), "patches", 1, 0.01, 24.0, 10**9, "cpu")
    engines.train.script = [Planned(plan), EPOCH]
    dock.view.train.button.click()
    idle(dock, qtbot)
    assert isinstance(engines.train.jobs[0], TrainJob)
    assert "patches" in dock.view.plan.words.plain


def test_a_model_can_be_trained_on(dock, engines, qtbot, write_model):
    path = str(write_model("old"))
    dock.desk.session.refresh_models()
    start = dock.view.form.start
    assert start.key() == ""
    start.set_key(path)
    start.chosen.emit(path)
    engines.train.script = [EPOCH]
    dock.view.train.button.click()
    idle(dock, qtbot)
    assert engines.train.jobs[0].start == path
    Path(path).unlink()
    dock.desk.session.refresh_models()
    assert dock.view.form.value().start == ""  # gone


# --- the augmentation ---


def augmented(level=100):
    images = np.full((2, 3, 16, 16), level, np.uint8)
    labels = np.zeros((2, 3, 16, 16), np.uint8)
    labels[:, :, 4:8, 4:8] = 1
    labels[:, 1:, :2] = 255
    return Augmented(images, labels, ("a", "b"), ("tumour",))


def test_the_augmentation_follows_its_settings(dock, engines, qtbot):
    session = dock.desk.session
    engines.interactive.script = [augmented()]
    dock.view.augment.click()
    dialog = dock.augmentation
    qtbot.waitUntil(lambda: dialog.grid.pixmap is not None)
    assert dialog.grid.pixmap.width() == 3 * 16 + 2 * GAP
    rotation = dock.view.form.sections["augment"].fields["rotation"].spin
    for value in (30, 60, 90):
        rotation.setValue(value)
    qtbot.waitUntil(lambda: len(engines.interactive.jobs) == 2 and not session.busy)
    assert engines.interactive.jobs[-1].train.recipe.augment.rotation == 90
    dialog.again.click()
    qtbot.waitUntil(lambda: len(engines.interactive.jobs) == 3 and not session.busy)
    assert engines.interactive.jobs[-1].seed == 1
    engines.interactive.script = [JobError("No images.")]
    dialog.again.click()
    qtbot.waitUntil(dialog.strip.isVisible)
    assert not dock.view.strip.isVisible()
    dialog.close_button.click()
    assert dock.augmentation is None
    rotation.setValue(10)
    qtbot.wait(600)
    assert len(engines.interactive.jobs) == 4


def test_masks_are_outlined_and_what_lies_outside_is_not():
    picture = grid(augmented())
    assert tuple(picture[4, 4]) == (0x56, 0xB4, 0xE9)
    assert tuple(picture[5, 5]) == (100, 100, 100)  # within the outline
    assert tuple(picture[1, 16 + GAP + 5]) == (100, 100, 100)  # outside
    colour = Augmented(
        np.zeros((1, 1, 8, 8, 3), np.uint8), np.zeros((1, 1, 8, 8), np.uint8), ("a",)
    )
    assert grid(colour).shape == (8, 8, 3)


# --- the live prediction ----------------------------------------------------------------------


def test_the_live_prediction_lies_on_its_case_and_takes_nothing(dock, viewer, engines, wait, qtbot):
    session, live = dock.desk.session, dock.desk.live
    name = live.cases()[0].name
    engines.train.script = [preview(dock, name), EPOCH, wait]
    qtbot.waitUntil(lambda: session.case.name == name)
    mine = viewer.add_labels(np.zeros((32, 32), int), name="mine")
    mine.mode = "paint"
    dock.view.train.button.click()
    qtbot.waitUntil(lambda: NAME in viewer.layers)
    assert engines.train.told == [Watch(name)]  # it is what the person looks at
    layer = viewer.layers[NAME]
    assert layer.data.all()
    image = viewer.layers[name]
    assert all(np.array_equal(geometry(layer)[k], geometry(image)[k]) for k in ("scale", "units"))
    assert viewer.layers.selection.active is mine
    assert mine.mode == "paint"
    session.receive("train", Preview(name, 2, np.zeros((1, 32, 32), np.uint8), 0.5))
    qtbot.waitUntil(lambda: not layer.data.any())
    assert viewer.layers[NAME] is layer  # reused
    dock.view.running.button.click()
    idle(dock, qtbot)


def test_another_case_hides_the_live_prediction_and_a_button_brings_it_back(
    dock, viewer, engines, wait, qtbot
):
    session, live = dock.desk.session, dock.desk.live
    name = live.cases()[0].name
    engines.train.script = [preview(dock, name), EPOCH, wait]
    qtbot.waitUntil(lambda: session.case.name == name)
    dock.view.train.button.click()
    qtbot.waitUntil(lambda: NAME in viewer.layers)
    other = next(c for c in session.dataset.cases if c.name != name)
    dock.desk.loader.open_case(other)
    qtbot.waitUntil(lambda: not viewer.layers[NAME].visible)
    assert dock.view.live.open_button.isVisible()
    dock.view.live.open_button.click()
    qtbot.waitUntil(lambda: viewer.layers[NAME].visible)
    assert not dock.view.live.open_button.isVisible()
    dock.view.running.button.click()
    idle(dock, qtbot)


def test_closing_the_layer_ends_the_previews(dock, viewer, engines, wait, qtbot):
    session, live = dock.desk.session, dock.desk.live
    name = live.cases()[0].name
    engines.train.script = [preview(dock, name), EPOCH, wait]
    qtbot.waitUntil(lambda: session.case.name == name)
    dock.view.train.button.click()
    qtbot.waitUntil(lambda: NAME in viewer.layers)
    viewer.layers.remove(viewer.layers[NAME])
    assert engines.train.told[-1] == Watch("")
    assert not dock.view.live.box.isChecked()
    session.receive("train", Preview(name, 2, np.zeros((1, 32, 32), np.uint8), 0.5))
    qtbot.wait(400)
    assert NAME not in viewer.layers
    dock.view.live.box.click()
    assert engines.train.told[-1] == Watch(name)
    qtbot.waitUntil(lambda: NAME in viewer.layers)
    dock.view.running.button.click()
    idle(dock, qtbot)


def test_a_chosen_case_is_watched_and_opened(dock, engines, wait, qtbot):
    name = dock.desk.live.cases()[-1].name
    engines.train.script = [EPOCH, wait]
    dock.view.train.button.click()
    qtbot.waitUntil(lambda: bool(dock.desk.session.curve))
    dock.view.live.chosen.emit(name)
    assert engines.train.told[-1] == Watch(name)
    qtbot.waitUntil(lambda: dock.desk.session.case.name == name)
    dock.view.running.button.click()
    idle(dock, qtbot)


# --- layers of the viewer ---------------------------------------------------------------------


@pytest.fixture
def painted(viewer, desk, show):
    """The Train dock, and two images with labels of which one fits by its name alone."""
    for name in ("left", "right"):
        viewer.add_image(np.random.default_rng(0).random((16, 16)), name=name, scale=(2, 2))
    for name in ("mask right", "mask left"):
        labels = np.zeros((16, 16), int)
        labels[4:8, 4:8] = 1
        viewer.add_labels(labels, name=name)
    viewer.add_labels(np.zeros((3, 3), int), name="another shape")
    dock = show(TrainDock(viewer))
    dock.view.source.set_key("layers")
    dock.view.source.chosen.emit("layers")
    return dock


def test_layers_are_paired_written_and_trained_on(painted, engines, qtbot, own_workspace):
    view = painted.view
    rows = view.pairs.rows.values()
    assert [row.currentText() for row in rows] == ["mask left", "mask right"]
    assert all(row.findText("another shape") < 0 for row in rows)
    assert not view.sample.isVisible()
    view.train.button.click()
    qtbot.waitUntil(lambda: bool(engines.train.jobs), timeout=20_000)
    idle(painted, qtbot)
    (job,) = engines.train.jobs
    folder = Path(job.folder)
    assert folder.parent == own_workspace / "layers"
    assert sorted(p.name for p in (folder / "images").iterdir()) == ["left.tif", "right.tif"]
    assert Path(job.model).name.startswith("layers.")
    # It is the open data set now: it can be divided, looked at and evaluated like any other.
    qtbot.waitUntil(lambda: painted.desk.session.dataset is not None, timeout=20_000)
    assert painted.desk.session.dataset.root == folder


def test_training_begins_though_its_dock_is_closed_while_layers_are_written(
    painted, viewer, engines, qtbot
):
    dock = TrainDock(viewer)
    dock.view.source.set_key("layers")
    dock.view.source.chosen.emit("layers")
    dock.view.train.button.click()
    dock.deleteLater()
    qtbot.waitUntil(lambda: not dock.open)
    qtbot.waitUntil(lambda: bool(engines.train.jobs), timeout=20_000)
    idle(painted, qtbot)


def test_a_choice_by_hand_is_kept_when_layers_come_and_go(painted, viewer):
    view = painted.view
    first = next(iter(view.pairs.rows))
    view.pairs.rows[first].set_key("")
    view.pairs.rows[first].chosen.emit("")
    viewer.add_image(np.zeros((16, 16)), name="a third")
    assert view.pairs.rows[first].key() == ""
    assert len(view.pairs.chosen()) == 1
    for labels in [x for x in viewer.layers if "mask" in x.name]:
        viewer.layers.remove(labels)
    assert "labels of at least one" in view.train.reason.plain


def test_scribbles_say_which_pixels_nobody_labelled(painted, viewer, engines, qtbot):
    view = painted.view
    viewer.layers.selection.active = viewer.layers["right"]
    view.pairs.scribbles.click()
    layer = viewer.layers["right · scribbles"]
    assert viewer.layers.selection.active is layer
    assert (layer.mode, layer.selected_label) == ("paint", 2)
    assert np.array_equal(layer.scale, viewer.layers["right"].scale)
    assert view.pairs.sparse.isChecked()
    image = str(viewer.layers["right"].unique_id)
    assert view.pairs.chosen()[image] == str(layer.unique_id)  # made on it: no guess
    view.pairs.classes.setText(" ,")
    view.pairs.classes.textEdited.emit(" ,")
    assert "Name at least one class" in view.train.reason.plain
    view.pairs.classes.setText("tumour")
    view.pairs.classes.textEdited.emit("tumour")
    layer.data[0, :4], layer.data[8, 4:8] = 1, 2
    view.train.button.click()
    qtbot.waitUntil(lambda: bool(engines.train.jobs), timeout=20_000)
    idle(painted, qtbot)
    rule = load_rule(engines.train.jobs[0].folder)
    assert (rule.values, rule.names, rule.unlabelled) == ((2,), ("tumour",), (0,))


def test_an_empty_labels_layer_is_refused_in_the_dock(painted, viewer, engines, qtbot):
    viewer.layers["mask left"].data[:] = 0
    painted.view.train.button.click()
    qtbot.waitUntil(painted.view.strip.isVisible, timeout=20_000)
    assert "left: nothing is painted" in painted.view.strip.text.plain
    assert not engines.train.jobs
    assert painted.view.train.button.isEnabled()


# --- pretrained weights that cannot be fetched --------------------------------------------------


def without_weights(dock, engines, qtbot):
    """Train with the preset whose encoder is pretrained, where nothing can be fetched."""
    dock.view.form.preset.set_value("pretrained")
    engines.train.script = [WeightsError("The weights could not be fetched.")]
    dock.view.train.button.click()
    qtbot.waitUntil(lambda: dock.desk.trainer.weightless is not None)
    idle(dock, qtbot)


def answers(dock):
    return [b for b in dock.view.question.findChildren(QPushButton) if b.isVisible()]


def test_random_weights_are_offered_and_never_taken_unasked(dock, engines, qtbot):
    without_weights(dock, engines, qtbot)
    question = dock.view.question
    assert "could not be fetched" in question.text.plain
    assert "could not be fetched" in dock.view.strip.text.plain
    assert [b.text() for b in answers(dock)] == ["Start from random weights", "Dismiss"]
    engines.train.script = [EPOCH]
    answers(dock)[0].click()
    qtbot.waitUntil(lambda: len(engines.train.jobs) == 2)
    first, second = engines.train.jobs
    assert first.recipe is None
    assert not second.recipe.optim.pretrained
    assert second == replace(first, recipe=second.recipe)
    assert second.recipe == begun_at_random(PRESETS["pretrained"])
    idle(dock, qtbot)
    assert not question.isVisible()


def test_random_weights_can_be_declined(dock, engines, qtbot):
    without_weights(dock, engines, qtbot)
    answers(dock)[1].click()
    assert not dock.view.question.isVisible()
    assert len(engines.train.jobs) == 1
