"""Pausing a training, watching it, and stopping it wherever it is."""

import threading
import time

import numpy as np
import pytest

from napari_unet.card import read_card
from napari_unet.controls import Continue, Controls, Pause, Watch
from napari_unet.data import finding
from napari_unet.data.dataset import open_dataset
from napari_unet.data.splits.split import load, split_path
from napari_unet.events import EpochEnd, Note, Paused, Preview, TrainFinished
from napari_unet.jobs import ResumeJob
from napari_unet.resumable import read_resumable
from napari_unet.training import job as job_module
from napari_unet.training import run as run_module
from napari_unet.training.job import resume, train
from napari_unet.unet import speed
from napari_unet.unet import trainer as trainer_module
from napari_unet.unet.learner import Learner
from trainings import job


def validation_cases(model):
    return [name for name, s in load(split_path(model)).subsets.items() if s == "val"]


def test_while_paused_the_clock_rests_and_the_state_is_saved(folder, model):
    controls, seen = Controls(watched=""), []
    for event in train(job(folder, model, epochs=2), controls):
        seen.append(event)
        if isinstance(event, EpochEnd) and event.epoch == 1:
            controls.tell(Pause())
        if event == Paused(True):
            assert read_resumable(model).epochs == 1
            threading.Timer(1.0, controls.tell, [Continue()]).start()
            start, cpu = time.monotonic(), time.process_time()
        if event == Paused(False):
            assert time.monotonic() - start > 0.9
            assert time.process_time() - cpu < 0.5
            rested = time.monotonic() - start
    *_, first, last = [e for e in seen if isinstance(e, EpochEnd)]
    assert [e.paused for e in seen if isinstance(e, Paused)] == [True, False]
    total = time.monotonic() - start
    assert last.seconds - first.seconds < total - rested + 0.9


def test_a_stop_ends_a_pause(folder, model):
    controls = Controls(watched="")
    controls.tell(Pause())
    events = train(job(folder, model), controls)
    next(e for e in events if e == Paused(True))
    threading.Timer(0.1, controls.stop).start()
    assert next(events) == Paused(True)  # here the engine looks whether to stop
    events.close()
    assert read_resumable(model).epochs == 0
    *_, done = resume(ResumeJob(str(model)))
    assert done.epochs == 3


def test_the_first_case_with_foreground_is_watched_from_the_start(folder, model):
    controls = Controls()
    events = list(train(job(folder, model), controls))
    shown = [e for e in events if isinstance(e, Preview)]
    assert shown
    assert {e.case for e in shown} == {controls.watched}
    case = next(c for c in open_dataset(folder).cases if c.name == controls.watched)
    assert case.name in validation_cases(model)
    assert shown[0].probabilities.dtype == np.uint8
    assert shown[0].probabilities.shape == (1, 64, 64)
    assert shown[0].classes == ("foreground",)
    after = events[events.index(shown[0]) - 1 :: -1]
    assert next(e for e in after if isinstance(e, EpochEnd)).epoch == shown[0].epoch


def test_the_last_preview_is_what_the_model_says(folder, model):
    from skimage.io import imread

    from napari_unet import segment
    from napari_unet.labelling import label_image

    *events, done = train(job(folder, model, epochs=1), Controls())
    shown = next(e for e in events if isinstance(e, Preview))
    case = next(c for c in open_dataset(folder).cases if c.name == shown.case)
    labels = segment(imread(case.image), done.last, threshold=0.5)
    assert np.mean(label_image(shown.probabilities, 0.5) != labels) < 0.01


def test_another_case_is_shown_at_once(folder, model):
    controls, shown = Controls(watched=""), []
    for event in train(job(folder, model, epochs=2), controls):
        if isinstance(event, EpochEnd):
            controls.tell(Watch(validation_cases(model)[-1]))
            asked = event.epoch
        if isinstance(event, Preview):
            shown.append(event)
            assert event.case == validation_cases(model)[-1]
            assert event.epoch == asked
    assert len(shown) >= 2


def test_nothing_is_shown_without_controls_or_a_case(folder, model):
    events = [*train(job(folder, model)), *train(job(folder, model), Controls(watched=""))]
    assert not any(isinstance(e, Preview) for e in events)


def test_a_case_that_is_not_there_is_said_and_training_goes_on(folder, model):
    *events, done = train(job(folder, model, epochs=1), Controls(watched="nobody"))
    assert isinstance(done, TrainFinished)
    assert any("'nobody'" in e.text for e in events if isinstance(e, Note) and e.warning)


def test_previews_take_a_small_share_of_the_time(folder, model, monkeypatch):
    from napari_unet.training.preview import Previews

    real = Previews._segment
    monkeypatch.setattr(Previews, "_segment", lambda *a: (time.sleep(0.4), real(*a))[1])
    events = list(train(job(folder, model, epochs=6), Controls()))
    assert len([e for e in events if isinstance(e, Preview)]) < 4


# --- stopping ---------------------------------------------------------------------------------

MOMENTS = {
    "step": (Learner, "_loss"),
    "validation": (trainer_module, "validate"),
    "threshold": (run_module, "best_threshold"),
    "folder": (finding, "find_patients"),
    "device": (speed, "candidates"),
    "reading": (job_module, "read_case"),
}


def slowed(monkeypatch, moment):
    """Make something take three seconds; return what is set when it begins."""
    where, name = MOMENTS[moment]
    real, entered = getattr(where, name), threading.Event()

    def work(*args, **kwargs):
        entered.set()
        time.sleep(3)
        return real(*args, **kwargs)

    monkeypatch.setattr(where, name, work)
    return entered


def close_within(events, entered):
    while not entered.is_set():
        next(events)
    next(events)
    start = time.monotonic()
    events.close()
    assert time.monotonic() - start < 1.5


@pytest.mark.parametrize("moment", ["step", "validation", "threshold"])
def test_stops_in_the_middle_of_training(folder, model, monkeypatch, moment):
    list(train(job(folder, model, epochs=1)))
    with monkeypatch.context() as patched:
        close_within(resume(ResumeJob(str(model), epochs=2)), slowed(patched, moment))
    assert read_card(model).scores["epoch"] >= 1
    *_, done = resume(ResumeJob(str(model)))
    assert done.epochs == 2


@pytest.mark.parametrize("moment", ["folder", "device", "reading"])
def test_stops_before_training_began(folder, model, monkeypatch, moment):
    close_within(train(job(folder, model)), slowed(monkeypatch, moment))
    assert not model.exists()
