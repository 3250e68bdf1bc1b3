"""Jobs of a lane: one at a time, heard of by the session, shown in the activity dock."""

from __future__ import annotations

import pytest

from napari_unet.errors import DataError, JobError
from napari_unet.events import EpochEnd, Progress, TrainFinished
from napari_unet.jobs import TrainJob
from napari_unet.session import Session
from napari_unet.widgets.runner import Runner

JOB = TrainJob("/data", "m")
EPOCH = EpochEnd(1, 0.5, 0.5, 0.7, 1e-3, 1.0, 10.0, True)
DONE = TrainFinished("m", "", 1, 1, 0.7, 1.0, "done")


@pytest.fixture
def session(engines):
    return Session(lambda: engines)


@pytest.fixture
def runner(session, qapp):
    return Runner(session, "train")


def run(runner, qtbot, **options):
    runner.start(JOB, "training m", "train", **options)
    qtbot.waitUntil(lambda: not runner.running)


def test_events_reach_the_session_and_the_handler(runner, session, engines, qtbot):
    engines.train.script = [Progress(0.5, 1, "epoch 1"), EPOCH, DONE]
    got = []
    run(runner, qtbot, handle=got.append)
    assert engines.train.jobs == [JOB]
    assert got == engines.train.script
    assert session.curve == (EPOCH,)
    assert session.trained == DONE
    assert not session.busy


@pytest.mark.parametrize(
    ("raised", "text"),
    [
        (DataError("There is no pair."), "There is no pair."),
        # The one that napari's generator workers would swallow.
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), "RuntimeError: mat1"),
        (JobError("The engine process ended unexpectedly."), "ended unexpectedly"),
        (MemoryError(), "Out of memory"),
    ],
)
def test_whatever_is_raised_is_shown_and_the_lane_is_free(
    raised, text, runner, session, engines, qtbot
):
    engines.train.script = [EPOCH, raised]
    run(runner, qtbot)
    assert text in session.messages["train"].text
    assert not session.busy
    assert engines.train.closed == 1
    engines.train.script = [DONE]
    run(runner, qtbot)
    assert session.messages["train"].text == ""


def test_an_error_while_the_job_is_made_is_shown(runner, session, engines, qtbot):
    def make():
        raise ValueError("a lazy image that cannot be read")

    runner.start(make, "segmenting", "segment")
    qtbot.waitUntil(lambda: not runner.running)
    assert "a lazy image" in session.messages["segment"].text
    assert not engines.train.jobs


def test_stopping_reaches_an_engine_that_says_nothing(runner, session, engines, wait, qtbot):
    engines.train.script = [EPOCH, wait, DONE]
    runner.start(JOB, "training m", "train")
    qtbot.waitUntil(lambda: bool(session.curve))
    runner.stop()
    assert session.busy["train"].stopping
    qtbot.waitUntil(lambda: not runner.running, timeout=2000)
    assert session.trained is None
    assert session.messages["train"].text == ""
    assert engines.train.closed == 1


def test_a_second_job_is_not_started_beside_the_first(runner, engines, wait, qtbot):
    engines.train.script = [wait]
    runner.start(JOB, "first", "train")
    runner.start(JOB, "second", "train")
    qtbot.waitUntil(lambda: bool(engines.train.jobs))
    runner.stop()
    qtbot.waitUntil(lambda: not runner.running)
    assert len(engines.train.jobs) == 1


def test_nothing_starts_once_the_viewer_is_closed(runner, session, engines, qtbot):
    session.close()
    runner.start(JOB, "late", "train")
    assert not runner.running


def test_the_bar_in_the_activity_dock_follows_and_cancels(runner, session, engines, wait, qtbot):
    from napari.utils.progress import progress

    engines.train.script = [Progress(1, 4, "epoch 1"), wait]
    runner.start(JOB, "training m", "train")
    qtbot.waitUntil(lambda: session.busy["train"].progress is not None)
    assert not progress._all_instances  # most jobs are over before anybody could read it
    qtbot.waitUntil(lambda: bool(progress._all_instances))
    (bar,) = progress._all_instances
    assert bar.n == 250
    assert bar.desc.startswith("training m")
    bar.cancel()
    qtbot.waitUntil(lambda: not runner.running)
    assert not progress._all_instances
