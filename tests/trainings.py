"""Trainings that take a second, for tests."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from skimage.io import imsave

from napari_unet.config import OptimConfig, PreprocessConfig, Recipe, UNetConfig
from napari_unet.jobs import TrainJob
from napari_unet.presets import PRESETS, Rung

OPTIM = OptimConfig(epochs=3, batch=4, precision="float32", channels_last="no", lanes=1)
TINY = Recipe(
    name="tiny",
    network=UNetConfig(depth=2, base_channels=4, norm="batch"),
    preprocess=PreprocessConfig(size=(32, 32)),
    optim=OPTIM,
)


def job(folder, model, **optim):
    """Return a job that trains the tiny recipe; ``optim`` changes how."""
    return TrainJob(str(folder), str(model), recipe=replace(TINY, optim=replace(OPTIM, **optim)))


def discs(folder: Path, number: int = 16) -> Path:
    """Write noisy images of a disc each, no brighter than a second one that is not meant."""
    chance, grid = np.random.default_rng(0), np.indices((32, 32))
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for i in range(number):
        image = chance.normal(60, 10, (32, 32))
        centres = chance.permutation([(8, 8), (8, 23), (23, 8), (23, 23)])[:2]
        large, small = (
            np.hypot(*(grid - (c + chance.integers(-1, 2, 2))[:, None, None])) < radius
            for c, radius in zip(centres, (7, 3), strict=True)
        )
        image[large | small] += 80
        imsave(folder / "images" / f"{i}.png", image.clip(0, 255).astype(np.uint8))
        imsave(folder / "masks" / f"{i}.png", (255 * large).astype(np.uint8), check_contrast=False)
    return folder


def auto_is_tiny(patch):
    """Let "auto" choose among tiny networks only, computed in one way: it measures for seconds."""
    patch.setattr("napari_unet.unet.plan.RUNGS", (Rung(TINY.network, 32, 0),) * 2)
    patch.setitem(PRESETS, "auto", replace(TINY, name="auto"))
