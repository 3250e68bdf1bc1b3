"""Scores as lines of a table: of cases, of groups of them, and what sums them up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter

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

    def badness(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what sorts values from the worst to the best; NaN where there is none."""
        return values * self.better if self.better else -np.abs(values)


MEASURES = (
    Measure("dice", "Dice", "Dice: 2 · overlap / (both areas)"),
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
KEYS = tuple(BY_KEY)
_of_case = attrgetter(*KEYS)
_NOTHING = dict.fromkeys(KEYS, NAN)


@dataclass(frozen=True, eq=False)
class Line:
    """A case with its ``score``, or what sums up several (``score`` is None then).

    ``values`` has what is shown by `Measure.key`, NaN where there is none; ``before`` what it was
    until a person corrected something. ``empty`` if what is shown is in neither mask. Of a group,
    ``spread`` has the standard deviations and ``cases`` the names. ``counts`` tells of how many
    cases a value is made.
    """

    name: str
    values: Mapping[str, float]
    score: CaseScore | None = None
    before: Mapping[str, float] | None = None
    empty: bool = False
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


@dataclass(frozen=True)
class Overview:
    """How many cases there are, and the Dice over patients (mean of their own means).

    ``apart`` have no distance, since only one of their masks has foreground; 0 if none was
    measured.
    """

    images: int
    patients: int
    empty: int
    failed: int
    apart: int
    dice: float
    mean: float
    std: float


def overview(scores: Sequence[CaseScore]) -> Overview:
    """Return what `napari_unet.metrics.summarise` tells of the Dice, in a few milliseconds."""
    good = [score for score in scores if not score.error]
    members: dict[str, int] = {}
    of = np.array([members.setdefault(s.patient or s.name, len(members)) for s in good], int)
    dice = np.array([score.dice for score in good], float)
    means, _ = _spread(dice[:, None], of, len(members))
    each, at = _spread(means, np.zeros(len(means), int), 1)
    measured = sum(not math.isnan(s.hd95) for s in good)
    return Overview(
        images=len(good),
        patients=len(members),
        empty=sum(s.empty for s in good),
        failed=len(scores) - len(good),
        apart=len(good) - measured if measured else 0,
        dice=float(dice.mean()) if len(dice) else NAN,
        mean=float(each[0, 0]),
        std=float(at[0, 0]),
    )


def class_names(scores: Sequence[CaseScore]) -> tuple[str, ...]:
    """Return the classes that scores tell apart; none if there is one only."""
    names = tuple(dict.fromkeys(name for score in scores for name in score.per_class))
    return names if len(names) > 1 else ()


def case_line(score: CaseScore, before: CaseScore | None = None, name: str = "") -> Line:
    """Return the line of a case, or of one class of it."""
    absent = bool(name) and name not in score.per_class and not score.error
    earlier = None if before is None else values_of(before, name)
    return Line(score.name, values_of(score, name), score, earlier, absent or score.empty)


def values_of(score: CaseScore, name: str = "") -> Mapping[str, float]:
    """Return a score's values by `Measure.key`, of all classes together or of the one named.

    A case that failed has none, nor has a class that occurs in neither mask; a class never has a
    pixel accuracy.
    """
    if score.error:
        return _NOTHING
    if not name:
        return dict(zip(KEYS, _of_case(score), strict=True))
    values = score.per_class.get(name)
    if values is None:
        return _NOTHING
    more = values.get("volume", NAN) - values.get("reference_volume", NAN)
    return {**_NOTHING, **values, "volume_difference": more}


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
    median = np.array([[np.median(values) if len(values) else NAN for values in known]])
    told = dict(zip(KEYS, counts.tolist(), strict=True))
    rows = (("mean", mean), ("± std", std), ("median", median))
    return [Line(name, _named(row)[0], counts=told) for name, row in rows]


def group_lines(lines: Sequence[Line], by: str) -> list[Line]:
    """Return a line for each group of cases: mean, standard deviation, and which cases."""
    members: dict[str, list[int]] = {}
    for i, line in enumerate(lines):
        if line.score is not None:
            members.setdefault(group_of(line.score, by), []).append(i)
    of = np.zeros(len(lines), int)
    for g, places in enumerate(members.values()):
        of[places] = g
    mean, std = (_named(table) for table in _spread(matrix(lines), of, len(members)))
    return [
        Line(name, mean[g], spread=std[g], cases=tuple(lines[i].name for i in places))
        for g, (name, places) in enumerate(members.items())
    ]


def worst_first(lines: Sequence[Line], measure: Measure) -> list[Line]:
    """Return lines from the worst to the best; those without a value last."""
    values = measure.badness(np.array([line.values[measure.key] for line in lines], float))
    return [lines[i] for i in np.argsort(values, kind="stable")]  # which puts NaN last


def matrix(lines: Sequence[Line]) -> NDArray[np.float64]:
    """Return the values as float64 ``(lines, measures)``, in the order of `MEASURES`."""
    in_order = itemgetter(*KEYS)
    return np.array([in_order(line.values) for line in lines], float).reshape(-1, len(KEYS))


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


def _named(table: NDArray[np.float64]) -> list[dict[str, float]]:
    """Return each row by `Measure.key`."""
    return [dict(zip(KEYS, row, strict=True)) for row in table.tolist()]
