"""Trainings that take a second, for tests."""

from dataclasses import replace

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


def auto_is_tiny(patch):
    """Let "auto" choose among tiny networks only, computed in one way: it measures for seconds."""
    patch.setattr("napari_unet.unet.plan.RUNGS", (Rung(TINY.network, 32, 0),) * 2)
    patch.setitem(PRESETS, "auto", replace(TINY, name="auto"))
