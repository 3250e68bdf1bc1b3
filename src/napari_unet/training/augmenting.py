"""A look at what the augmentation does, on some of the images that would be trained on."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_unet.config import Recipe
from napari_unet.data.cases import IGNORE
from napari_unet.data.dataset import open_dataset, require_trainable
from napari_unet.data.formats import read_case
from napari_unet.events import Augmented, Event, Progress
from napari_unet.jobs import AugmentJob
from napari_unet.training.fingerprint import fingerprint, with_colours
from napari_unet.training.planning import job_recipe
from napari_unet.training.plans import options_for
from napari_unet.training.start import Start
from napari_unet.unet.augment import augment
from napari_unet.unet.plan import fit_recipe
from napari_unet.unet.store import Store, fill

WINDOW = (0.01, 0.99)  # quantiles of the unchanged image that become black and white


def show_augmentation(job: AugmentJob) -> Generator[Event, None, None]:
    """Show what the augmentation does to a few cases; the last event is `Augmented`.

    They are shown as a plan for them would begin, without measuring which one it would end with; or
    as the model sees them that training begins with.

    Raises
    ------
    DataError
        If the folder holds no pairs or none of the chosen cases can be read.
    ModelError
        If the model that training begins with cannot be read.
    """
    yield Progress(0, 1, "looking through the folder")
    start = Start.load(job.train.start) if job.train.start else None
    dataset = open_dataset(job.train.folder, limit=job.train.limit)
    require_trainable(dataset)
    recipe = job_recipe(job.train, start)
    channels = start.channels if start else dataset.channels
    if start is None:
        recipe = fit_recipe(recipe, channels, dataset.labels)
    rng = torch.Generator().manual_seed(job.seed)
    chosen = torch.randperm(len(dataset), generator=rng)[: job.cases].tolist()
    cases = [dataset.cases[i] for i in chosen]
    (best, *_) = options_for(recipe, fingerprint(cases, dataset), "cpu")
    recipe = best.recipe if start else with_colours(best.recipe, cases, dataset)
    store = Store(recipe.preprocess)
    try:
        read = partial(read_case, rule=dataset.labels, channels=channels)
        yield from fill(store, cases, read, "reading images")
        rows = _telling(store)
        grids = [_row(store, i, recipe, job.variants, rng) for i in rows]
        yield Augmented(
            images=np.stack([images for images, _ in grids]),
            labels=np.stack([labels for _, labels in grids]),
            names=tuple(store.cases[i].name for i in rows),
            classes=dataset.labels.names,
        )
    finally:
        store.close()


def _telling(store: Store) -> list[int]:
    """Return one image of each case: of a volume's planes, that with the most foreground."""
    best: dict[str, tuple[int, int]] = {}
    for i, (case, labels) in enumerate(zip(store.cases, store.labels, strict=True)):
        size = int(((labels != 0) & (labels != IGNORE)).sum())
        if case.name not in best or size > best[case.name][0]:
            best[case.name] = size, i
    return [i for _, i in best.values()]


def _row(
    store: Store, i: int, recipe: Recipe, variants: int, rng: torch.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return an image, then changed copies of it, as pictures; and their labels."""
    image, label = store.batch([i], rng)
    images, labels = (x.repeat(variants, *(1,) * (x.ndim - 1)) for x in (image, label))
    flat = recipe.network.flat_levels > 0
    images, labels = augment(images, labels, recipe.augment, rng, flat)
    images, labels = torch.cat([image, images]), torch.cat([label, labels])
    if images.ndim == 5:
        middle = images.shape[2] // 2
        images, labels = images[:, :, middle], labels[:, middle]
    return _pictures(images, recipe), labels.numpy()


def _pictures(images: Tensor, recipe: Recipe) -> NDArray[np.uint8]:
    """Return ``(N, C, H, W)`` as ``(N, H, W)`` of grey or ``(N, H, W, 3)`` of colour.

    All are shown in the window of the first. Of neighbouring slices the middle one is shown, of
    channels that are no colours the first.
    """
    beside = recipe.preprocess.neighbours
    own = images.shape[1] // (2 * beside + 1)
    images = images[:, beside * own : (beside + 1) * own]
    if own != 3:
        images = images[:, :1]
    low, high = torch.quantile(images[0].flatten()[:: _thin(images[0])], torch.tensor(WINDOW))
    levels = (images - low) * (255 / (high - low).clamp(min=1e-6))
    last = levels.round().clamp(0, 255).to(torch.uint8).movedim(1, -1)
    shown: NDArray[np.uint8] = last.numpy()
    return shown if own == 3 else shown[..., 0]


def _thin(image: Tensor) -> int:
    """Return a step with which a quantile is of a number of pixels that torch allows."""
    return image.numel() // 1_000_000 + 1
