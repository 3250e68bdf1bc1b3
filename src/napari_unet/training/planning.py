"""What a training does before its first step: open the folder, divide it, and plan."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from napari_unet.config import Recipe
from napari_unet.data.cases import SUBSETS, Case, Dataset, LabelRule
from napari_unet.data.dataset import open_dataset, require_trainable
from napari_unet.data.splits.split import Split
from napari_unet.data.splits.splitting import divided
from napari_unet.events import Event, Note, Plan, Planned, Progress
from napari_unet.jobs import PlanJob, TrainJob
from napari_unet.presets import preset
from napari_unet.training.improve import joined, recipe_for
from napari_unet.training.plans import make_plan
from napari_unet.training.saved import by_subset
from napari_unet.training.start import Start
from napari_unet.unet import speed
from napari_unet.unet.aside import aside
from napari_unet.unet.faults import give_back
from napari_unet.unet.lanes import abandoned_ends
from napari_unet.unet.speed import Speed

T = TypeVar("T")

LOOKING, MEASURING = "looking through the folder", "measuring the device"
RESTING = "waiting for the last step of the training that was stopped"


@dataclass
class Prepared:
    """All that is settled before a training's first step; ``job`` names all that it trains on."""

    job: TrainJob
    plan: Plan
    speed: Speed
    dataset: Dataset
    split: Split
    parts: dict[str, list[Case]]
    labels: LabelRule
    start: Start | None


def plan(job: PlanJob) -> Generator[Event, None, None]:
    """Tell how ``job.train`` would be done; the last event is `Planned`.

    Raises
    ------
    DataError, JobError, ModelError
        As for `napari_unet.training.job.train`, before its first step.
    """
    ready = yield from prepare(job.train)
    yield Planned(ready.plan)


def prepare(job: TrainJob) -> Generator[Event, None, Prepared]:
    """Open the folder, divide it and plan; tell what a person should know of it."""
    yield Progress(0, 1, LOOKING)
    speed.pick_device(job.device)  # before anything takes long
    start = Start.load(job.start) if job.start else None
    dataset = yield from opened(job.folder, job.limit)
    job, split, warnings = _divided(job, start, dataset)
    recipe = job_recipe(job, start)
    device = speed.pick_device(recipe.optim.device)
    parts = by_subset(split, dataset.cases)
    for text in warnings:
        yield Note(text, warning=True)
    for text in (*dataset.notes, _describe(dataset, parts), *_mixture(job)):
        yield Note(text)
    labels = start.labels(dataset) if start else dataset.labels
    if start:
        rate = f"at a learning rate of {recipe.optim.lr:g}"
        yield Note(f"Training begins with {start.path.name}, {rate}.")
        if job.recipe and not job.share and (text := start.overruled(job.recipe)):
            yield Note(text, warning=True)
    yield from _rest()
    choose = partial(make_plan, recipe, parts["train"], dataset, device, fitted=start is not None)
    made, how = yield from busy(choose, MEASURING)
    return Prepared(job, made, how, dataset, split, parts, labels, start)


def _rest() -> Generator[Event, None, None]:
    """Wait for the step that a stopped training was taking, and give back what both have held."""
    for _ in abandoned_ends():
        yield Progress(0, 1, RESTING)
    give_back()


def _divided(
    job: TrainJob, start: Start | None, dataset: Dataset
) -> tuple[TrainJob, Split, tuple[str, ...]]:
    """Return the split that is trained by, and what a person should know of it.

    The job that is returned names the corrected cases that are trained on.
    """
    if start and job.share:
        found = joined(start, dataset, job.corrected, job.split)
        return replace(job, corrected=found.corrected), found.split, found.notes
    split, warnings = divided(dataset, job.split)
    if start and (seen := start.seen(split, dataset.cases)):
        warnings = (*warnings, seen)
    return job, split, warnings


def _mixture(job: TrainJob) -> list[str]:
    """Say what batches are mixed of, if they are."""
    if not job.share:
        return []
    many = f"{len(job.corrected)} corrected cases make up {job.share:.0%} of every batch"
    return [
        f"{many}; the rest are training cases of before, so that nothing is forgotten. The last "
        "epoch is kept."
    ]


def opened(folder: str, limit: int = 0) -> Generator[Event, None, Dataset]:
    """Open a folder that one can train on."""
    dataset = yield from busy(partial(open_dataset, folder, limit=limit), LOOKING)
    require_trainable(dataset)
    return dataset


def busy(work: Callable[[], T], what: str) -> Generator[Event, None, T]:
    """Do what takes long in a thread, and say what it is meanwhile."""
    yield Progress(0, 1, what)
    return (yield from aside(work, lambda: Progress(0, 1, what)))


def job_recipe(job: TrainJob, start: Start | None = None) -> Recipe:
    """Return the job's recipe, as it suits what training begins with.

    Its own budget, seed and device are put in.
    """
    improved = start is not None and job.share > 0
    if start is not None and improved:
        recipe = recipe_for(job, start, len(job.corrected))
    else:
        recipe = job.recipe or preset(job.preset)
    optim = replace(recipe.optim, seed=job.seed or recipe.optim.seed)
    if job.minutes:
        optim = replace(optim, minutes=job.minutes)
    elif job.epochs:
        optim = replace(optim, epochs=job.epochs, minutes=0.0)
    if job.device != "auto":
        optim = replace(optim, device=job.device)
    recipe = replace(recipe, optim=optim)
    return start.recipe(recipe) if start is not None and not improved else recipe


def _describe(dataset: Dataset, parts: dict[str, list[Case]]) -> str:
    people = {s: len({c.patient for c in cases}) for s, cases in parts.items()}
    shares = ", ".join(f"{s} {len(parts[s])} ({people[s]})" for s in SUBSETS)
    return f"{len(dataset)} cases of {dataset.patients} patients, divided: {shares}."
