"""The epochs of a training, also of one that is gone on with."""

from __future__ import annotations

import dataclasses

from napari_unet.card import ModelCard
from napari_unet.config import PreprocessConfig, Recipe, UNetConfig
from napari_unet.data.cases import LabelRule
from napari_unet.events import Paused, Plan, Planned
from napari_unet.jobs import PlanJob, ResumeJob, TrainJob
from napari_unet.session import Session
from napari_unet.session.training import epochs_of
from sessions import epoch

PLAN = Plan(Recipe(), "in words", 1, 0.1, 2.0, 3, "cpu")


def card(*rows):
    training = {"history": list(rows)}
    return ModelCard("m", UNetConfig(), PreprocessConfig(), LabelRule(), training=training)


def stored(n, dice):
    row = dataclasses.asdict(dataclasses.replace(epoch(n), val_dice=dice))
    return {key: value for key, value in row.items() if key != "best"}


def test_a_card_tells_its_epochs_and_which_were_the_best_so_far():
    epochs = epochs_of(card(stored(1, 0.5), stored(2, 0.4), stored(3, 0.6)))
    assert [(e.epoch, e.best) for e in epochs] == [(1, True), (2, False), (3, True)]
    assert epochs_of(card({"epoch": 1})) == ()
    assert epochs_of(card("nonsense")) == ()
    assert epochs_of(None) == ()


def test_epochs_that_are_done_again_replace_the_first_ones():
    session = Session()
    job = TrainJob("/data", "/models/m.unet.safetensors")
    session.start("train", job, "training m", "train")
    for n in (1, 2, 3):
        session.receive("train", epoch(n))
    session.finish("train")
    session.start("train", ResumeJob(job.model), "going on with m", "train")
    assert [e.epoch for e in session.curve] == [1, 2, 3]
    session.receive("train", epoch(3, best=False))
    assert [(e.epoch, e.best) for e in session.curve] == [(1, True), (2, True), (3, False)]
    session.finish("train")
    session.start("train", ResumeJob("/models/other.unet.safetensors"), "going on", "train")
    assert session.curve == ()


def test_a_plan_is_known_with_the_settings_it_is_for():
    session, job = Session(), TrainJob("/data", "m")
    for asked in (PlanJob(job), job):
        session.take_plan(None, None)
        session.start("train", asked, "planning", "train")
        session.receive("train", Planned(PLAN))
        assert (session.plan, session.planned_for) == (PLAN, job)
        session.finish("train")


def test_what_was_asked_for_is_said_until_it_happens():
    session = Session()
    session.start("train", TrainJob("/data", "m"), "training m", "train")
    assert session.busy["train"].trains
    session.asked("train", "Pausing")
    assert session.busy["train"].asked == "Pausing"
    session.receive("train", Paused(True))
    assert (session.busy["train"].asked, session.busy["train"].paused) == ("", True)
