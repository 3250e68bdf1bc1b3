"""Jobs and events: what is asked of the program and what it tells while it works.

Both are frozen data, so the same generator serves the command line, Python and the viewer's engine
process. A failure is an exception, never an event. Stopping a job means to stop pulling events
(close the generator): whatever an event announced is already on disk by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from napari_unet.config import Recipe, SplitConfig

# --- jobs -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TrainJob:
    """Train on a folder and write the model file.

    ``recipe`` wins over ``preset``. ``minutes`` or ``epochs`` above zero override the recipe's
    budget. ``limit`` (0: none) caps the number of cases; whole patients are dropped at the end.
    """

    folder: str
    model: str
    preset: str = "auto"
    recipe: Recipe | None = None
    minutes: float = 0.0
    epochs: int = 0
    split: SplitConfig = field(default_factory=SplitConfig)
    seed: int = 0
    limit: int = 0
    device: str = "auto"


@dataclass(frozen=True)
class SegmentArrayJob:
    """Segment an array that is open in the viewer.

    ``image`` is ``(..., H, W)``, or ``(..., H, W, C)`` when ``channels`` is true; any number of
    leading axes is gone through slice by slice.
    """

    model: str
    image: np.ndarray
    channels: bool = False
    device: str = "auto"


@dataclass(frozen=True)
class SegmentFilesJob:
    """Segment image files into the folder ``out``, one label image each.

    ``inputs`` are files or folders (their images, masks excluded). ``threshold`` below zero takes
    the model's own.
    """

    inputs: tuple[str, ...]
    model: str
    out: str
    threshold: float = -1.0
    probabilities: bool = False
    device: str = "auto"


@dataclass(frozen=True)
class EvaluateJob:
    """Score a model on a folder's cases; ``csv`` (may be empty) receives the table."""

    folder: str
    model: str
    subset: Literal["train", "val", "test", "all"] = "test"
    threshold: float = -1.0
    csv: str = ""
    limit: int = 0
    device: str = "auto"


@dataclass(frozen=True)
class AuditJob:
    """Look at every pixel of a folder's cases for what would spoil training or scores.

    ``split`` is a split file (or the model beside which it lies); with none, the subsets are those
    of the folders ``train``, ``val`` and ``test``, where there are such.
    """

    folder: str
    split: str = ""
    limit: int = 0


@dataclass(frozen=True)
class FetchJob:
    """Download a data set and unpack it.

    ``source`` is a name of `napari_unet.downloads.catalog`, or the address of a file, an article on
    figshare or a file shared on Google Drive. Unless ``agreed``, the job ends after the `Offer`,
    so that a person sees size and licence first. ``out`` is the folder to be made; empty for one
    in the workspace.
    """

    source: str
    out: str = ""
    agreed: bool = False


Job = TrainJob | SegmentArrayJob | SegmentFilesJob | EvaluateJob | AuditJob | FetchJob

# --- events -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Note:
    """Something worth reading: a choice that was made, a case left out and why."""

    text: str
    warning: bool = False


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total`` units of ``what``; ``seconds_left`` is NaN while unknown."""

    done: float
    total: float
    what: str
    seconds_left: float = float("nan")


@dataclass(frozen=True)
class EpochEnd:
    """One epoch is over; if ``best``, the model file now holds its weights."""

    epoch: int
    loss: float
    val_loss: float
    val_dice: float
    lr: float
    seconds: float
    images_per_second: float
    best: bool


@dataclass(frozen=True)
class CaseScore:
    """Scores of one case; ``empty`` if neither mask has foreground. ``per_class`` by class name."""

    name: str
    patient: str
    dice: float
    iou: float
    pixel_accuracy: float
    precision: float
    recall: float
    empty: bool
    tags: Mapping[str, str] = field(default_factory=dict)
    per_class: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class CaseDone:
    """One case was evaluated (``score``) or one file segmented (``path``)."""

    name: str
    score: CaseScore | None = None
    path: str = ""
    error: str = ""


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


@dataclass(frozen=True)
class SegmentArrayFinished:
    """Probabilities at the image's own resolution, quantised to 0…255.

    ``probabilities`` is uint8 ``(K, ..., H, W)``: ``K = 1`` for the foreground of a binary model,
    else one plane per class, the background first. ``threshold`` is the model's own (0…1).
    """

    probabilities: np.ndarray
    threshold: float
    seconds: float
    classes: tuple[str, ...] = ("foreground",)


@dataclass(frozen=True)
class SegmentFilesFinished:
    """What was written, and what failed and why."""

    written: tuple[str, ...]
    failed: Mapping[str, str]
    seconds: float


@dataclass(frozen=True)
class EvaluateFinished:
    """All scores; ``summary`` is `napari_unet.metrics.summarise` of them."""

    model: str
    subset: str
    threshold: float
    scores: tuple[CaseScore, ...]
    summary: Mapping[str, Any]
    seconds: float
    csv: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing that an audit noticed, about one case or many.

    ``kind`` is a stable word for programs; ``text`` says what is the matter and ``advice`` what to
    do. ``notes`` holds a few words for each of ``cases``, or nothing.
    """

    kind: str
    severity: Literal["error", "warning", "info"]
    text: str
    advice: str = ""
    cases: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class AuditFinished:
    """What an audit found, the gravest first; ``statistics`` holds plain JSON values."""

    folder: str
    cases: int
    findings: tuple[Finding, ...]
    statistics: Mapping[str, Any]
    seconds: float


@dataclass(frozen=True)
class RemoteFile:
    """A file to be downloaded; ``size`` in bytes is 0 and a checksum empty while unknown."""

    name: str
    url: str
    size: int = 0
    md5: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Offer:
    """What can be downloaded from where, on which terms, and the ``folder`` it would be put into.

    ``size`` in bytes is 0 while unknown; an empty ``licence`` means that the source states none.
    """

    source: str
    title: str
    files: tuple[RemoteFile, ...]
    size: int
    licence: str
    page: str
    folder: str
    note: str = ""


@dataclass(frozen=True)
class FetchFinished:
    """The data set is in ``folder``; ``problem`` says why no cases were found there, if so.

    ``patients`` is 0 where nothing says whose the images are.
    """

    folder: str
    cases: int
    patients: int
    seconds: float
    problem: str = ""


Event = (
    Note
    | Progress
    | EpochEnd
    | CaseDone
    | TrainFinished
    | SegmentArrayFinished
    | SegmentFilesFinished
    | EvaluateFinished
    | AuditFinished
    | Offer
    | FetchFinished
)
