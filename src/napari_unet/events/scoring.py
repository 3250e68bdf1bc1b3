"""What scoring tells: of one model, of several and human readers, and the report of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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
class ReportFinished:
    """The report is at ``path``, of ``size`` bytes, with pictures of so many cases."""

    path: str
    size: int
    pictures: int
    seconds: float
