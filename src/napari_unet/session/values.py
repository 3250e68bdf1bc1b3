"""What a session holds: messages, what runs, models, images, results, scores; all frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_unet.card import ModelCard
from napari_unet.events import CaseScore, Progress
from napari_unet.jobs import Job, ResumeJob, TrainJob
from napari_unet.labelling import label_image

Lane = Literal["train", "interactive"]
Place = Literal["dataset", "train", "segment", "evaluate", "runs", "augment"]
LANES: tuple[Lane, ...] = ("train", "interactive")
PLANNED = "Split planned for training"


@dataclass(frozen=True)
class Message:
    """Something to be read in one of the widgets; an empty text clears it."""

    text: str = ""
    kind: Literal["error", "warning", "info"] = "error"


@dataclass(frozen=True)
class Busy:
    """What one lane is doing; ``place`` is the widget that asked for it.

    ``job`` is None while it is still being made. ``asked`` says what was asked of the job and has
    not happened yet, such as "Pausing".
    """

    title: str
    place: Place
    progress: Progress | None = None
    stopping: bool = False
    job: Job | None = None
    paused: bool = False
    asked: str = ""

    @property
    def trains(self) -> bool:
        """Whether a model is being trained, which can be paused."""
        return isinstance(self.job, TrainJob | ResumeJob)


@dataclass(frozen=True)
class ModelEntry:
    """A model file and what it says of itself; ``error`` if that cannot be read."""

    path: str
    card: ModelCard | None = None
    error: str = ""
    modified: float = 0.0

    @property
    def name(self) -> str:
        """What the model is called in lists."""
        return Path(self.path).name.removesuffix(".unet.safetensors")


@dataclass(frozen=True)
class ImageFacts:
    """What must be known of an open image to tell whether a model fits it.

    ``shape`` leaves out the colour channel, ``channels`` counts it (1 for grey).
    """

    id: str
    name: str
    shape: tuple[int, ...]
    channels: int = 1


@dataclass(frozen=True)
class Result:
    """The kept probabilities of one image, from which any threshold's labels are made.

    ``probabilities`` is uint8 ``(K, ..., H, W)``; see `SegmentArrayFinished`.
    """

    image: str
    model: str
    modified: float
    probabilities: NDArray[np.uint8]
    classes: tuple[str, ...]
    threshold: float

    @property
    def binary(self) -> bool:
        """Whether a threshold decides; with several classes the likeliest wins."""
        return len(self.probabilities) == 1

    def labels(self, threshold: float) -> NDArray[np.uint8]:
        """Return the label image ``(..., H, W)``: 0 is background, ``i + 1`` is ``classes[i]``."""
        return label_image(self.probabilities, threshold)


@dataclass(frozen=True)
class Sheet:
    """The scores of one evaluation, and what they are scores of."""

    root: str
    model: str
    modified: float
    subset: str
    scores: tuple[CaseScore, ...] = ()
    summary: Mapping[str, Any] | None = None
