"""What a training tells: its plan, its epochs, what the network sees and makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from napari_unet.config import Recipe


@dataclass(frozen=True)
class Plan:
    """How a training would be done on this machine, in words and as settings.

    ``reasons`` has a sentence for each choice. ``memory`` is in bytes, ``epochs`` how many fit.
    """

    recipe: Recipe
    words: str
    parameters: int
    seconds_per_image: float
    epochs: float
    memory: int
    device: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planned:
    """The plan that training follows."""

    plan: Plan


@dataclass(frozen=True)
class EpochEnd:
    """One epoch is over; if ``best``, the model file now holds its weights.

    ``class_dice`` is the validation Dice by class name; empty if there is one class only.
    ``memory`` is the most that was in use so far, in bytes: of the GPU, or by the process.
    """

    epoch: int
    loss: float
    val_loss: float
    val_dice: float
    lr: float
    seconds: float
    images_per_second: float
    best: bool
    class_dice: Mapping[str, float] = field(default_factory=dict)
    memory: int = 0


@dataclass(frozen=True)
class Preview:
    """What the network, as it is after ``epoch``, makes of a validation case that is watched.

    ``probabilities``, ``threshold`` and ``classes`` are as in `SegmentArrayFinished`.
    """

    case: str
    epoch: int
    probabilities: np.ndarray
    threshold: float
    classes: tuple[str, ...] = ("foreground",)


@dataclass(frozen=True)
class Paused:
    """Training rests, or goes on."""

    paused: bool


@dataclass(frozen=True)
class Augmented:
    """Images as the network may be shown them: a row for each image, the first column unchanged.

    ``images`` is uint8 ``(rows, columns, H, W)`` or ``(rows, columns, H, W, 3)``, ready to be
    looked at; ``labels`` uint8 ``(rows, columns, H, W)``, 255 outside. Of volumes the middle plane.
    """

    images: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    classes: tuple[str, ...] = ("foreground",)


@dataclass(frozen=True)
class TrainFinished:
    """The model is at ``model``; ``stopped`` says why training ended."""

    model: str
    last: str
    epochs: int
    best_epoch: int
    val_dice: float
    seconds: float
    stopped: str
    kept: str = ""
