"""Scores as lines of a table: of cases, of groups of them, and what sums them up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.events import CaseScore

NAN = float("nan")
PATIENT, TAG = "patient", "tag:"  # what lines are grouped by; a tag's name follows the latter
NOT_GIVEN = "not given"


@dataclass(frozen=True)
class Measure:
    """One score.

    More of it is better where ``better`` is 1, less where it is -1; where it is 0, what is nearer
    to 0 is. ``kind`` says what it measures: a share from 0 to 1, a length, or a size (an area or a
    volume).
    """

    key: str
    title: str
    help: str
    better: int = 1
    kind: str = "share"

    def badness(self, value: float) -> float:
        """Return what sorts values from the worst to the best; NaN where there is none."""
        return value * self.better if self.better else -abs(value)


MEASURES = (
    Measure("dice", "Dice", "2 · overlap / (both areas)"),
    Measure("iou", "IoU", "Intersection over union (Jaccard)"),
    Measure("pixel_accuracy", "Acc.", "Pixel accuracy: the share of pixels whose label is right"),
    Measure("precision", "Prec.", "Precision: how much of what was found is right"),
    Measure("recall", "Rec.", "Recall: how much of what is there was found"),
    Measure(
        "hd95",
        "HD95",
        "95 % Hausdorff distance: 95 % of either outline are at most so far from the other",
        -1,
        "length",
    ),
    Measure(
        "surface_distance", "MSD", "Mean distance between the two outlines, both ways", -1, "length"
    ),
    Measure("volume", "Found", "How much was segmented", 0, "size"),
    Measure("reference_volume", "Ref.", "How much there is in the reference", 0, "size"),
    Measure("volume_difference", "Δ", "How much more was segmented than there is", 0, "size"),
)
BY_KEY = {measure.key: measure for measure in MEASURES}
_FIELDS = {f.name for f in fields(CaseScore)} & BY_KEY.keys()


@dataclass(frozen=True, eq=False)
class Line:
    """A case with its ``score``, or what sums up several (``score`` is None then).

    ``values`` has what is shown by `Measure.key`, NaN where there is none. ``before`` is the
    score that a person's correction changed. Of a group, ``spread`` has the standard deviations
    and ``cases`` the names. ``counts`` tells of how many cases a value is made.
    """

    name: str
    values: Mapping[str, float]
    score: CaseScore | None = None
    before: CaseScore | None = None
    spread: Mapping[str, float] = field(default_factory=dict)
    cases: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What can be searched, in lower case."""
        score = self.score
        if score is None:
            return self.name.casefold()
        return " ".join((score.name, score.patient, *score.tags.values())).casefold()


def class_names(scores: Sequence[CaseScore]) -> tuple[str, ...]:
    """Return the classes that scores tell apart; none if there is one only."""
    names = tuple(dict.fromkeys(name for score in scores for name in score.per_class))
    return names if len(names) > 1 else ()


def of_class(score: CaseScore, name: str) -> CaseScore:
    """Return the score of one class alone; ``name`` is empty for the mean over all.

    A class that occurs in neither mask has no scores, and the pixel accuracy is never a class's.
    """
    if not name or score.error:
        return score
    nothing: dict[str, Any] = dict.fromkeys(_FIELDS, NAN)
    values = score.per_class.get(name)
    if values is None:
        return replace(score, **nothing, empty=True)
    known = {key: value for key, value in values.items() if key in _FIELDS}
    return replace(score, **{**nothing, **known}, empty=False)


def case_line(score: CaseScore, before: CaseScore | None = None, name: str = "") -> Line:
    """Return the line of a case, or of one class of it."""
    shown = of_class(score, name)
    return Line(score.name, values_of(shown), shown, before and of_class(before, name))


def values_of(score: CaseScore) -> dict[str, float]:
    """Return a score's values by `Measure.key`; of a case that failed there are none."""
    if score.error:
        return dict.fromkeys(BY_KEY, NAN)
    return {key: float(getattr(score, key)) for key in BY_KEY}


def group_of(score: CaseScore, by: str) -> str:
    """Return what a case is grouped under."""
    if by == PATIENT:
        return score.patient or score.name
    return score.tags.get(by.removeprefix(TAG), "") or NOT_GIVEN


def summary_lines(lines: Sequence[Line]) -> list[Line]:
    """Return mean, standard deviation and median over cases; nothing if no case has a value."""
    table = matrix(lines)
    counts = np.isfinite(table).sum(axis=0)
    if not counts.any():
        return []
    mean, std = _spread(table, np.zeros(len(lines), int), 1)
    known = (column[np.isfinite(column)] for column in table.T)
    median = np.array([np.median(values) if len(values) else NAN for values in known])
    told = dict(zip(BY_KEY, map(int, counts), strict=True))
    rows = (("mean", mean[0]), ("± std", std[0]), ("median", median))
    return [Line(name, _named(row), counts=told) for name, row in rows]


def group_lines(lines: Sequence[Line], by: str) -> list[Line]:
    """Return a line for each group of cases: mean, standard deviation, and which cases."""
    members: dict[str, list[int]] = {}
    for i, line in enumerate(lines):
        if line.score is not None:
            members.setdefault(group_of(line.score, by), []).append(i)
    of = np.zeros(len(lines), int)
    for g, places in enumerate(members.values()):
        of[places] = g
    mean, std = _spread(matrix(lines), of, len(members))
    return [
        Line(
            name,
            _named(mean[g]),
            spread=_named(std[g]),
            cases=tuple(lines[i].name for i in places),
        )
        for g, (name, places) in enumerate(members.items())
    ]


def worst_first(lines: Sequence[Line], measure: Measure) -> list[Line]:
    """Return lines from the worst to the best; those without a value last."""

    def place(line: Line) -> tuple[bool, float]:
        value = measure.badness(line.values[measure.key])
        return math.isnan(value), 0.0 if math.isnan(value) else value

    return sorted(lines, key=place)


def matrix(lines: Sequence[Line]) -> NDArray[np.float64]:
    """Return the values as float64 ``(lines, measures)``, in the order of `MEASURES`."""
    flat = (line.values[key] for line in lines for key in BY_KEY)
    return np.fromiter(flat, float, len(lines) * len(BY_KEY)).reshape(-1, len(BY_KEY))


def _spread(
    table: NDArray[np.float64], of: NDArray[np.int_], groups: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and sample deviation ``(groups, measures)`` over the values there are.

    ``of`` is the group of each row. A single value deviates by 0.
    """
    known = np.isfinite(table)
    columns = range(table.shape[1])
    filled = np.where(known, table, 0.0)

    def sums(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack([np.bincount(of, values[:, c], groups) for c in columns], axis=1)

    count = sums(known.astype(float))
    mean = np.where(count > 0, sums(filled) / np.maximum(count, 1), NAN)
    apart = np.where(known, table - mean[of], 0.0)
    std = np.sqrt(sums(apart**2) / np.maximum(count - 1, 1))
    return mean, np.where(count > 0, std, NAN)


def _named(values: NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(BY_KEY, map(float, values), strict=True))
