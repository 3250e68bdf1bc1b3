"""Training as a job: a generator of events that leaves a model file behind.

Stopping means to stop pulling. Every checkpoint is on disk before the event that announces it.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

import napari_unet
from napari_unet.card import SUFFIX, ModelCard
from napari_unet.config import Recipe, to_json
from napari_unet.data.cases import SUBSETS, Case, Dataset
from napari_unet.data.dataset import open_dataset, require_trainable
from napari_unet.data.formats import describe_scan, read_case
from napari_unet.data.splits.split import Split
from napari_unet.data.splits.splitting import divided
from napari_unet.errors import DataError
from napari_unet.jobs import EpochEnd, Event, Note, Progress, TrainFinished, TrainJob
from napari_unet.presets import preset
from napari_unet.unet import speed
from napari_unet.unet.checkpoints import Checkpoints
from napari_unet.unet.model import UNet
from napari_unet.unet.plan import fit_recipe, settle
from napari_unet.unet.preprocess import to_float
from napari_unet.unet.speed import Speed
from napari_unet.unet.store import Store, fill
from napari_unet.unet.summary import parameters
from napari_unet.unet.trainer import Trainer
from napari_unet.unet.validation import best_threshold

LOOK_AT = 64  # cases whose size and colours decide the plan


def train(job: TrainJob) -> Generator[Event, None, None]:
    """Train as ``job`` says; the last event is `TrainFinished`.

    Raises
    ------
    DataError
        If the folder holds no pairs, nothing to learn, or too few patients to divide.
    JobError
        If the loss stays not finite, or the device does not exist.
    """
    yield Progress(0, 1, "looking through the folder")
    recipe = job_recipe(job)
    device = speed.pick_device(recipe.optim.device)
    dataset = open_dataset(job.folder, limit=job.limit)
    require_trainable(dataset)
    split, warnings = divided(dataset, job.split)
    parts = {s: [c for c in dataset.cases if split.subsets.get(c.name) == s] for s in SUBSETS}
    for text in warnings:
        yield Note(text, warning=True)
    for text in (*dataset.notes, _describe(dataset, parts)):
        yield Note(text)
    recipe = fit_recipe(recipe, dataset.channels, dataset.labels)
    yield Progress(0, 1, "measuring the device")
    recipe, how = settle(recipe, shapes_of(parts["train"]), len(parts["train"]), device)
    recipe = with_colours(recipe, parts["train"], dataset)
    yield Note(_describe_network(recipe, how))
    stores = {s: Store(recipe.preprocess) for s in ("train", "val")}
    try:
        for subset, store in stores.items():
            yield from fill(
                store,
                parts[subset],
                lambda c: read_case(c, dataset.labels, dataset.channels),
                f"reading {subset} images",
            )
        if len(stores["train"]) > len(parts["train"]):
            text = f"Volumes are learned plane by plane: {len(stores['train'])} planes."
            yield Note(text)
        if not len(stores["val"]):
            yield Note("No cases are left for validation: the training cases judge.", warning=True)
            stores["val"] = stores["train"]
        yield from _Run(job, recipe, how, dataset, split).go(stores["train"], stores["val"])
    finally:
        for store in stores.values():
            store.close()


def job_recipe(job: TrainJob) -> Recipe:
    """Return the job's recipe with its own budget, seed and device put in."""
    recipe = job.recipe or preset(job.preset)
    optim = replace(recipe.optim, seed=job.seed or recipe.optim.seed)
    if job.minutes:
        optim = replace(optim, minutes=job.minutes)
    elif job.epochs:
        optim = replace(optim, epochs=job.epochs, minutes=0.0)
    if job.device != "auto":
        optim = replace(optim, device=job.device)
    return replace(recipe, optim=optim)


def shapes_of(cases: Sequence[Case]) -> list[tuple[int, int]]:
    """Return height and width of a sample of the images; of volumes, those of their planes.

    Raises
    ------
    DataError
        If none of them can be read.
    """
    shapes = []
    for case in cases[:: max(len(cases) // LOOK_AT, 1)]:
        try:
            header = describe_scan(case)
        except DataError:
            continue  # said aloud when it is read for training
        shapes.append((header.spatial[-2], header.spatial[-1]))
    if not shapes:
        raise DataError("None of the training images could be read.")
    return shapes


def with_colours(recipe: Recipe, cases: Sequence[Case], dataset: Dataset) -> Recipe:
    """Return the recipe with the training images' mean and deviation, if it normalises by them."""
    if recipe.preprocess.intensity != "dataset":
        return recipe
    mean, std = _colours(cases[:: max(len(cases) // LOOK_AT, 1)], dataset)
    return replace(recipe, preprocess=replace(recipe.preprocess, mean=mean, std=std))


def _colours(
    cases: Sequence[Case], dataset: Dataset
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and deviation per channel over a sample of the images."""
    means, squares = [], []
    for case in cases:
        try:
            image, mask = read_case(case, dataset.labels, dataset.channels)
        except DataError:
            continue  # as above
        # A volume's planes one below the other make one tall picture of the same colours.
        values = to_float(image.reshape(-1, *image.shape[mask.ndim - 1 :]))
        means.append(values.mean(dim=(1, 2)).numpy())
        squares.append(values.square().mean(dim=(1, 2)).numpy())
    if not means:
        raise DataError("None of the training images could be read.")
    mean = np.mean(means, axis=0)
    std = np.sqrt(np.maximum(np.mean(squares, axis=0) - mean**2, 1e-8))
    return tuple(map(float, mean)), tuple(map(float, std))


def _describe(dataset: Dataset, parts: dict[str, list[Case]]) -> str:
    people = {s: len({c.patient for c in cases}) for s, cases in parts.items()}
    shares = ", ".join(f"{s} {len(parts[s])} ({people[s]})" for s in SUBSETS)
    return f"{len(dataset)} cases of {dataset.patients} patients, divided: {shares}."


def _describe_network(recipe: Recipe, how: Speed) -> str:
    with torch.device("meta"):
        number = parameters(UNet(recipe.network))
    size = "×".join(map(str, recipe.preprocess.size))
    return f"U-Net with {number / 1e6:.1f} M parameters at {size}, {how.words()}"


@dataclass
class _Run:
    """One run: the trainer's epochs, turned into files and events."""

    job: TrainJob
    recipe: Recipe
    speed: Speed
    dataset: Dataset
    split: Split
    history: list[dict[str, Any]] = field(default_factory=list)
    best: EpochEnd | None = None

    def go(self, train_set: Store, val_set: Store) -> Generator[Event, None, None]:
        torch.manual_seed(self.recipe.optim.seed)
        model = UNet(self.recipe.network)
        self.trainer = Trainer(model, self.recipe, self.speed, train_set, val_set)
        self.files = Checkpoints(Path(self.job.model), self.split)
        try:
            why = yield from self._epochs()
        except GeneratorExit:
            if self.best is None and self.trainer.step_count:
                # Stopped within the first epoch: what there is rather than nothing.
                self.files.save(self.trainer.judged, self._card(), best=True)
            raise
        finally:
            self.trainer.close()
        yield from self._finish(why)

    def _epochs(self) -> Generator[Event, None, str]:
        """Train epoch after epoch; return why it ended."""
        for number in itertools.count(1):
            end = yield from self.trainer.epoch(number)
            self.history.append({k: v for k, v in to_json(end).items() if k != "best"})
            if end.best:
                self.best = end
            self.files.save(self.trainer.judged, self._card(), best=end.best)
            yield end
            why = self.trainer.budget.why_over(number) or self._lost_patience(number)
            if why:
                return why
        raise AssertionError("unreachable")

    def _lost_patience(self, number: int) -> str:
        patience = self.recipe.optim.patience
        if patience and self.best is not None and number - self.best.epoch >= patience:
            return f"no better validation Dice for {patience} epochs"
        return ""

    def _finish(self, why: str) -> Generator[Event, None, None]:
        """Go back to the best weights, choose the threshold, write the final file."""
        assert self.best is not None
        model = self.speed.place(self.files.best())
        threshold = best_threshold(model, self.trainer.val_set, self.speed)
        self.files.finish(model, replace(self._card(), threshold=threshold))
        yield TrainFinished(
            model=str(self.files.path),
            last=str(self.files.last_path),
            epochs=len(self.history),
            best_epoch=self.best.epoch,
            val_dice=self.best.val_dice,
            seconds=self.trainer.budget.elapsed,
            stopped=why,
            kept=self.files.kept,
        )

    def _card(self) -> ModelCard:
        subsets = list(self.split.subsets.values())
        best = self.best
        return ModelCard(
            name=self.files.path.name.removesuffix(SUFFIX),
            network=self.recipe.network,
            preprocess=self.recipe.preprocess,
            labels=self.dataset.labels,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            training={
                "recipe": to_json(self.recipe),
                "speed": to_json(self.speed),
                "seconds": self.trainer.budget.elapsed,
                "history": list(self.history),
            },
            data={
                # The folder's name only: where it lies is nobody else's business.
                "folder": self.dataset.root.name,
                "cases": len(self.dataset),
                "patients": self.dataset.patients,
                "subsets": {s: subsets.count(s) for s in SUBSETS},
                "pairing": self.dataset.rule,
            },
            scores={"val_dice": best.val_dice, "epoch": best.epoch} if best else {},
            versions={"napari-unet": napari_unet.__version__, "torch": str(torch.__version__)},
        )
