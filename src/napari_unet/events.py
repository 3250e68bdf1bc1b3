"""Events: what a job tells while it works. Frozen data, like the jobs; see `napari_unet.jobs`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from napari_unet.config import Recipe


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
class CaseScore:
    """Scores of one case; ``empty`` if neither mask has foreground. ``per_class`` by class name.

    ``hd95``, the 95 % Hausdorff distance, and ``surface_distance``, the mean symmetric one, are
    lengths in ``unit``; NaN where they were not measured or do not exist, since only one of the
    masks has foreground. ``volume`` is that of the prediction's foreground in ``unit`` to the power
    of ``dims``: an area if ``dims`` is 2. ``per_class`` has the same keys. ``corrected`` if a
    person painted on the prediction or the reference. See `napari_unet.metrics`.
    """

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
    hd95: float = math.nan
    surface_distance: float = math.nan
    volume: float = math.nan
    reference_volume: float = math.nan
    unit: str = "px"
    dims: int = 2
    corrected: bool = False

    @property
    def volume_difference(self) -> float:
        """How much larger the prediction is than the reference."""
        return self.volume - self.reference_volume


@dataclass(frozen=True)
class ClassSize:
    """How much of an image one class covers, at one time if the image has several (else -1).

    ``share`` is that of all pixels, ``objects`` the number of connected ones. The area of a picture
    (mm²) or the volume of a stack (mm³) is NaN where the file does not know how large a pixel is;
    ``pixels`` is below 0 where nothing was counted.
    """

    label: str
    pixels: int
    share: float
    objects: int
    area: float = float("nan")
    volume: float = float("nan")
    time: int = -1


@dataclass(frozen=True)
class Segmented:
    """What became of one image file: the file of its labels, and their sizes.

    ``image`` and ``labels`` are paths, ``model`` a name. ``skipped`` if it was there already from
    an earlier run, which took the ``seconds``.
    """

    image: str
    labels: str
    patient: str
    model: str
    threshold: float
    seconds: float
    sizes: tuple[ClassSize, ...] = ()
    skipped: bool = False
    error: str = ""


@dataclass(frozen=True)
class CaseDone:
    """One case was evaluated (``score``) or one file segmented (``path`` and ``segmented``)."""

    name: str
    score: CaseScore | None = None
    path: str = ""
    error: str = ""
    segmented: Segmented | None = None


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


@dataclass(frozen=True)
class SegmentPart:
    """Probabilities of a finished piece of an image, while the rest computes.

    ``start`` is its first pixel along every spatial axis of the job's image, ``probabilities``
    uint8 ``(K, *piece)`` as in `SegmentArrayFinished`.
    """

    start: tuple[int, ...]
    probabilities: np.ndarray


@dataclass(frozen=True)
class SegmentArrayFinished:
    """Probabilities at the image's own resolution, quantised to 0…255.

    ``probabilities`` is uint8 ``(K, ..., H, W)``: ``K = 1`` for the foreground of a binary model,
    else one plane per class, the background first. ``threshold`` is the model's own (0…1).
    ``uncertainty`` is uint8 ``(..., H, W)``, from 0 where all averaged views agree to 255; None if
    it was not asked for. If the job named a place on the disk, both lie there as Zarr arrays,
    ``store`` and ``uncertainty_store``; ``probabilities`` is then empty.
    """

    probabilities: np.ndarray
    threshold: float
    seconds: float
    classes: tuple[str, ...] = ("foreground",)
    uncertainty: np.ndarray | None = None
    store: str = ""
    uncertainty_store: str = ""


@dataclass(frozen=True)
class SegmentFilesFinished:
    """What was written, what failed and why, and what was there already; where the sizes are."""

    written: tuple[str, ...]
    failed: Mapping[str, str]
    seconds: float
    skipped: tuple[str, ...] = ()
    table: str = ""


@dataclass(frozen=True)
class Calibration:
    """How often what the model calls likely is so, over all pixels of all cases.

    One number per bin of the foreground's probability: ``edges`` are one more than bins, from 0 to
    1; ``counts`` the pixels in each, ``positives`` those of them that are foreground in the
    reference, ``confidences`` the mean probability there (NaN where there is no pixel).
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    positives: tuple[int, ...]
    confidences: tuple[float, ...]


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
    calibration: Calibration | None = None


@dataclass(frozen=True)
class Paired:
    """How much one column of scores differs from another on the same ``n`` cases.

    ``mean`` is that of ``name`` minus ``against``, over images; ``low`` and ``high`` bound it with
    95 % confidence (NaN where a single patient leaves it open), and ``p`` is that of Wilcoxon's
    signed-rank test. ``better``, ``worse`` and ``equal`` count cases.
    """

    name: str
    against: str
    score: str
    n: int
    mean: float
    low: float
    high: float
    p: float
    better: int
    worse: int
    equal: int
    patients: int = 0


@dataclass(frozen=True)
class Compared:
    """Models and human readers on the same cases: a column each.

    ``kinds`` says of each column whether it is a "model" or a "reader", ``sources`` its file or
    folder. ``scores`` holds a column's cases, in the same order in each; a case that a column could
    not be scored on has an ``error``. ``summaries`` are `napari_unet.metrics.summarise` of each,
    ``paired`` compares every later column with the first, and ``agreement`` is the mean Dice
    between any two columns. ``left_out`` says why a model or a reader has no column.
    """

    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    scores: tuple[tuple[CaseScore, ...], ...]
    paired: tuple[Paired, ...] = ()
    agreement: tuple[tuple[float, ...], ...] = ()
    summaries: tuple[Mapping[str, Any], ...] = ()
    sources: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""
    subset: str = "test"
    seconds: float = 0.0


@dataclass(frozen=True)
class Improved:
    """What going on with a model on corrected cases has brought; both models are kept.

    ``old`` and ``new`` are model files, ``before`` and ``after`` their scores of the same cases,
    which neither was trained on: those of ``subset``, empty if there are none. ``corrected`` names
    the cases that were learned from.
    """

    old: str
    new: str
    subset: str
    before: tuple[CaseScore, ...]
    after: tuple[CaseScore, ...]
    paired: Paired
    corrected: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class RankedCase:
    """A case that might be corrected next, and why.

    ``uncertainty`` (0 to 1) is how undecided the model is about what it marks; ``gain`` (0 to 1) is
    the Dice that a correction is expected to add, 1 less the expected Dice. ``why`` is a sentence.
    ``reference`` and ``corrected`` say whether it has a reference, and whether a person made it.
    """

    name: str
    patient: str
    uncertainty: float
    gain: float
    why: str
    reference: bool = True
    corrected: bool = False


@dataclass(frozen=True)
class Ranked:
    """Which cases to correct next, the most worthwhile first; ``calibrated`` says how gains came.

    ``failed`` holds cases that could not be segmented, and why.
    """

    model: str
    cases: tuple[RankedCase, ...]
    calibrated: str = ""
    failed: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class ReportFinished:
    """The report is at ``path``, of ``size`` bytes, with pictures of so many cases."""

    path: str
    size: int
    pictures: int
    seconds: float


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


@dataclass(frozen=True)
class ModelImported:
    """A model is in the library as the file ``path``.

    ``known``: it was there already, with the very same weights; nothing was written.
    """

    path: str
    known: bool = False


@dataclass(frozen=True)
class ModelExported:
    """A model was written to ``path``."""

    path: str


@dataclass(frozen=True)
class ModelVerified:
    """A model is what it says and runs; ``text`` says what was looked at."""

    path: str
    text: str


Event = (
    Note
    | Progress
    | EpochEnd
    | Planned
    | Preview
    | Paused
    | Augmented
    | CaseDone
    | TrainFinished
    | SegmentPart
    | SegmentArrayFinished
    | SegmentFilesFinished
    | EvaluateFinished
    | Compared
    | Improved
    | RankedCase
    | Ranked
    | ReportFinished
    | AuditFinished
    | Offer
    | FetchFinished
    | ModelImported
    | ModelExported
    | ModelVerified
)
