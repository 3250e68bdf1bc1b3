"""The thread that relays an engine's events: what it is called, and that stopping it stops all."""

from __future__ import annotations

from napari_unet.events import EpochEnd
from napari_unet.jobs import TrainJob
from napari_unet.widgets.engine_worker import Task

JOB = TrainJob("/data", "m")


def test_napari_names_the_task_when_it_asks_before_closing(engines):
    assert str(Task(engines.train, lambda: JOB, "training m")) == "training m"


def test_a_task_that_was_stopped_before_it_began_asks_nothing_of_the_engine(engines):
    engines.train.script = [EpochEnd(1, 0.5, 0.5, 0.7, 1e-3, 1.0, 10.0, True)]
    task = Task(engines.train, lambda: JOB, "training m")
    task.stop()
    assert list(task.events()) == []
    assert not engines.train.jobs
