import itertools
import os
import signal
import sys
import time

import numpy as np
import psutil
import pytest

from napari_unet.config import OptimConfig, PreprocessConfig, Recipe, UNetConfig
from napari_unet.controls import Continue, Pause, Watch
from napari_unet.data.sample import write_sample
from napari_unet.engine.client import Engines, _how_to_go_on
from napari_unet.errors import DataError, JobError, ModelError
from napari_unet.events import (
    EpochEnd,
    Paused,
    Preview,
    Progress,
    SegmentArrayFinished,
    TrainFinished,
)
from napari_unet.jobs import ImproveJob, ResumeJob, SegmentArrayJob, TrainJob
from napari_unet.resumable import Resumable, state_path

TINY = Recipe(
    name="tiny",
    network=UNetConfig(depth=1, base_channels=4),
    preprocess=PreprocessConfig(size=(32, 32)),
    optim=OptimConfig(epochs=100_000, batch=4, precision="float32", channels_last="no"),
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return str(write_sample(tmp_path_factory.mktemp("data") / "d", patients=4, slices=2, size=64))


def train_job(folder, tmp_path):
    return TrainJob(folder, str(tmp_path / "m.unet.safetensors"), recipe=TINY)


def segment_job(model, shape=(20, 30)):
    return SegmentArrayJob(model, np.random.default_rng(0).random(shape).astype(np.float32))


def until(events, kind):
    """Pull events until one of a kind comes."""
    return next(e for e in events if isinstance(e, kind))


def test_segments_and_stays_warm(engine, model):
    (first,) = [e for e in engine.run(segment_job(model)) if isinstance(e, SegmentArrayFinished)]
    assert first.probabilities.shape == (1, 20, 30)
    assert first.probabilities.dtype == np.uint8
    pid = engine.pid
    *_, again = engine.run(segment_job(model, (3, 20, 30)))
    assert again.probabilities.shape == (1, 3, 20, 30)
    assert engine.pid == pid


def test_equals_the_same_job_without_an_engine(warm, model):
    from napari_unet.inference import segment_array

    *_, there = warm.run(segment_job(model))
    *_, here = segment_array(segment_job(model))
    # Formats are chosen by measuring, in either process for itself.
    assert np.abs(there.probabilities.astype(int) - here.probabilities).max() <= 2


def test_errors_keep_their_kind_and_the_engine_its_life(warm, model, tmp_path):
    with pytest.raises(ModelError, match="no model file"):
        list(warm.run(segment_job(str(tmp_path / "none"))))
    with pytest.raises(DataError):
        list(warm.run(train_job(str(tmp_path), tmp_path)))
    assert warm.alive
    assert list(warm.run(segment_job(model)))


def test_progress_comes_at_most_ten_times_a_second(warm, folder, tmp_path):
    events = warm.run(train_job(folder, tmp_path))
    until(events, EpochEnd)
    times = []
    for event in events:
        if isinstance(event, Progress):
            times.append(time.monotonic())
        if len(times) == 12:
            break
    events.close()
    assert times[-1] - times[0] > 0.8


def test_closing_the_generator_stops_and_keeps_the_model(warm, folder, tmp_path):
    events = warm.run(train_job(folder, tmp_path))
    until(events, EpochEnd)
    start = time.monotonic()
    events.close()
    assert time.monotonic() - start < 5
    assert warm.alive
    assert not warm.busy
    model = str(tmp_path / "m.unet.safetensors")
    assert list(warm.run(segment_job(model)))


def test_stop_from_another_thread_ends_the_generator(warm, folder, tmp_path):
    events = warm.run(train_job(folder, tmp_path))
    until(events, EpochEnd)
    warm.stop()
    rest = list(itertools.islice(events, 100_000))
    assert len(rest) < 100_000
    assert warm.alive


def test_stop_without_a_job_does_nothing(engine):
    engine.stop()
    assert not engine.alive


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL on Windows")
def test_a_killed_engine_is_reported_and_replaced(engine, folder, model, tmp_path):
    events = engine.run(train_job(folder, tmp_path))
    until(events, EpochEnd)
    os.kill(engine.pid, signal.SIGKILL)
    words = r"killed by SIGKILL.*fresh engine.*can go on after \d+ epochs?: .*napari-unet resume"
    with pytest.raises(JobError, match=words):
        list(events)
    dead, wish = engine.pid, ResumeJob(str(tmp_path / "m.unet.safetensors"))
    resumed = engine.run(wish)
    assert until(resumed, EpochEnd).epoch > 1
    resumed.close()
    assert list(engine.run(segment_job(model)))
    assert engine.pid != dead


@pytest.mark.parametrize(
    ("finished", "words"), [(False, "can go on after 3 epochs"), (True, "model is trained")]
)
def test_an_improvement_whose_engine_died_says_how_to_go_on_as_well(tmp_path, finished, words):
    out = str(tmp_path / "new.unet.safetensors")
    job = ImproveJob("old", "folder", out)
    assert "start it again" in _how_to_go_on(job, 0.0)
    Resumable(out, TrainJob("folder", out), 3, 60.0, 1.0, 0, finished).save()
    state_path(out).write_bytes(b"state")
    assert words in _how_to_go_on(job, 0.0)
    assert "start it again" in _how_to_go_on(job, time.time() + 60)


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL on Windows")
def test_an_older_state_of_that_name_is_not_offered(engine, folder, tmp_path):
    """Killed before its first epoch ended, a training has nothing of its own to go on from."""
    events = engine.run(train_job(folder, tmp_path))
    until(events, EpochEnd)
    events.close()
    events = engine.run(train_job(folder, tmp_path))
    next(events)
    os.kill(engine.pid, signal.SIGKILL)
    with pytest.raises(JobError, match="start it again"):
        list(events)


def test_a_running_job_is_told_to_rest_and_to_go_on(engine, folder, tmp_path):
    events = engine.run(train_job(folder, tmp_path))
    until(events, EpochEnd)
    engine.tell(Pause())
    assert until(events, Paused).paused
    process = psutil.Process(engine.pid)
    before = sum(process.cpu_times()[:2])
    time.sleep(0.5)
    assert sum(process.cpu_times()[:2]) - before < 0.25
    engine.tell(Watch(""))
    engine.tell(Continue())
    assert not until(events, Paused).paused
    assert until(events, EpochEnd)
    engine.tell(Pause())
    until(events, Paused)
    start = time.monotonic()
    events.close()
    assert time.monotonic() - start < 3


def test_a_case_is_watched_through_the_engine(engine, folder, tmp_path):
    events = engine.run(train_job(folder, tmp_path))
    shown = until(events, Preview)
    assert shown.probabilities.shape == (1, 64, 64)
    events.close()


def test_telling_without_a_job_does_nothing(engine):
    engine.tell(Pause())
    assert not engine.alive


def test_one_job_at_a_time(engine, folder, model, tmp_path):
    events = engine.run(train_job(folder, tmp_path))
    next(events)
    with pytest.raises(JobError, match="busy"):
        next(engine.run(segment_job(model)))
    events.close()


def test_closing_ends_process_and_shared_memory(engine, model):
    list(engine.run(segment_job(model)))
    process, folders = psutil.Process(engine.pid), engine._wire.folders
    engine.close()
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert not any(f.exists() for f in folders)
    engine.close()  # twice is fine


def test_closing_the_engine_ends_a_running_job_quietly(engine, folder, tmp_path):
    events = engine.run(train_job(folder, tmp_path))
    until(events, EpochEnd)
    engine.close()
    assert not any(isinstance(e, TrainFinished) for e in events)
    assert not engine.busy


def test_warm_returns_at_once_and_loads_in_the_background(engine, model):
    start = time.monotonic()
    engine.warm()
    assert time.monotonic() - start < 1
    assert list(engine.run(segment_job(model)))


def test_output_of_libraries_goes_to_the_log_not_among_the_messages(engine, model, tmp_path):
    list(engine.run(segment_job(model)))
    with pytest.raises(ModelError):
        list(engine.run(segment_job(str(tmp_path / "none"))))
    deadline = time.monotonic() + 10
    while "ModelError" not in engine.log and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "ModelError" in engine.log


def test_a_user_s_module_is_not_imported(engine, model, tmp_path, monkeypatch):
    (tmp_path / "random.py").write_text("raise SystemExit('the wrong random')")
    monkeypatch.chdir(tmp_path)
    assert list(engine.run(segment_job(model)))


@pytest.mark.skipif(sys.platform != "linux", reason="niceness is read as on Linux")
def test_training_yields_to_the_viewer():
    engines = Engines()
    try:
        engines.train.warm()
        assert psutil.Process(engines.train.pid).nice() > psutil.Process().nice()
        assert not engines.interactive.alive
    finally:
        engines.close()
