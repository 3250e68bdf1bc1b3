"""The training job: from a folder to a plan, prepared cases, and a run."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import torch

from napari_unet.config import Recipe
from napari_unet.data.cases import SUBSETS, Case, Dataset
from napari_unet.data.dataset import open_dataset, require_trainable
from napari_unet.data.formats import read_case
from napari_unet.data.splits.splitting import divided
from napari_unet.events import Event, Note, Progress
from napari_unet.jobs import TrainJob
from napari_unet.presets import preset
from napari_unet.training.fingerprint import shapes_of, with_colours
from napari_unet.training.run import Run
from napari_unet.unet import speed
from napari_unet.unet.model import UNet
from napari_unet.unet.plan import fit_recipe, settle
from napari_unet.unet.speed import Speed
from napari_unet.unet.store import Store, fill
from napari_unet.unet.summary import parameters


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
        yield from Run(job, recipe, how, dataset, split).go(stores["train"], stores["val"])
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


def _describe(dataset: Dataset, parts: dict[str, list[Case]]) -> str:
    people = {s: len({c.patient for c in cases}) for s, cases in parts.items()}
    shares = ", ".join(f"{s} {len(parts[s])} ({people[s]})" for s in SUBSETS)
    return f"{len(dataset)} cases of {dataset.patients} patients, divided: {shares}."


def _describe_network(recipe: Recipe, how: Speed) -> str:
    with torch.device("meta"):
        number = parameters(UNet(recipe.network))
    size = "×".join(map(str, recipe.preprocess.size))
    return f"U-Net with {number / 1e6:.1f} M parameters at {size}, {how.words()}"
