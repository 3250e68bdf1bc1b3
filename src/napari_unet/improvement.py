"""Improving a model as a job: training goes on with corrected cases, then old and new are compared.

Both are scored on the same images, which neither was trained on, each at its own threshold.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Literal

from napari_unet.card import read_card
from napari_unet.controls import Controls
from napari_unet.data.splits.split import load, split_path
from napari_unet.environment import speaks
from napari_unet.evaluation import evaluate
from napari_unet.events import (
    CaseDone,
    CaseScore,
    EvaluateFinished,
    Event,
    Improved,
    Note,
    Progress,
    TrainFinished,
)
from napari_unet.jobs import EvaluateJob, ImproveJob, ResumeJob
from napari_unet.metrics import paired
from napari_unet.resumable import read_resumable
from napari_unet.training import job as training
from napari_unet.training.improve import as_training

Subset = Literal["test", "val"]


def improve(job: ImproveJob, controls: Controls | None = None) -> Generator[Event, None, None]:
    """Go on training and compare; `TrainFinished` comes between, the last event is `Improved`.

    If it is stopped while it trains, `ResumeJob` goes on and compares as well.

    Raises
    ------
    DataError
        If nothing was corrected, or nothing of that can be trained on; as for training, besides.
    JobError
        If the new model would replace the old one; as for training, besides.
    ModelError
        If the model cannot be read.
    """
    start = time.monotonic()
    done = yield from _trained(training.train(as_training(job), controls))
    if speaks():  # of several processes, one compares
        yield from _compare(job, done.model, start)


def resume(job: ResumeJob, controls: Controls | None = None) -> Generator[Event, None, None]:
    """Go on with any training; the last event of an improvement is `Improved`.

    Raises
    ------
    DataError, JobError
        As `napari_unet.training.job.resume`.
    """
    start = time.monotonic()
    done = yield from _trained(training.resume(job, controls))
    found = read_resumable(done.model)
    if found is None or not found.job.share or not speaks():
        return
    old = found.job.start
    if not Path(old).is_file():
        text = f"{Path(old).name} is not there any more: the new model is compared with nothing."
        yield Note(text, warning=True)
        return
    wish = ImproveJob(old, found.job.folder, done.model, device=job.device)
    yield from _compare(wish, done.model, start)


def _trained(events: Generator[Event, None, None]) -> Generator[Event, None, TrainFinished]:
    """Hand on what a training tells; return what it ended with."""
    done = None
    for event in events:
        if isinstance(event, TrainFinished):
            done = event
        yield event
    assert done is not None  # else it has raised
    return done


def _compare(job: ImproveJob, new: str, start: float) -> Generator[Event, None, None]:
    """Score both models on what judges them."""
    subset = _judging(new)
    before: tuple[CaseScore, ...] = ()
    after: tuple[CaseScore, ...] = ()
    if subset is None:
        text = "There are no test or validation cases: old and new model cannot be compared."
        yield Note(text, warning=True)
    else:
        if subset == "val":
            text = "There are no test cases: old and new model are compared on validation cases, "
            yield Note(f"{text}by which the new one's best epoch was chosen.", warning=True)
        wish = EvaluateJob(
            job.folder, job.model, subset, device=job.device, surfaces=job.surfaces, split=new
        )
        before = yield from _scores(wish, "old")
        # The new one's scores are kept beside it, as the old one's were when it was evaluated.
        after = yield from _scores(replace(wish, model=new, split=""), "new")
    names = [Path(p).name for p in (new, job.model)]
    yield Improved(
        old=job.model,
        new=new,
        subset=subset or "",
        before=before,
        after=after,
        paired=paired(before, after, name=names[0], against=names[1]),
        corrected=tuple(read_card(new).training["start"]["corrected"]),
        seconds=time.monotonic() - start,
    )


def _judging(model: str) -> Subset | None:
    """Return the subset that both models are judged by."""
    there = set(load(split_path(model)).subsets.values())
    chosen: tuple[Subset, ...] = ("test", "val")
    return next((subset for subset in chosen if subset in there), None)


def _scores(job: EvaluateJob, which: str) -> Generator[Event, None, tuple[CaseScore, ...]]:
    """Evaluate one model; its scores are no sheet of their own, and told at the end only."""
    scores: tuple[CaseScore, ...] = ()
    for event in evaluate(job):
        if isinstance(event, EvaluateFinished):
            scores = event.scores
        elif isinstance(event, Progress):
            yield replace(event, what=f"{event.what}, {which} model")
        elif not isinstance(event, CaseDone):
            yield event
    return scores
