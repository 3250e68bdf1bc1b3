"""What is shown of a score: its name, what it means, and how its values are written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from napari_unet.events import CaseScore
from napari_unet.metrics import DISTANCES, SCORES, VOLUMES

NONE = "–"


@dataclass(frozen=True)
class Measure:
    """One score: the attribute of a `CaseScore`, its title and what it means."""

    key: str
    title: str
    help: str

    def words(self, value: float, digits: int = 4) -> str:
        """Return a value as it is written in a table; a dash where there is none.

        ``digits`` are those of scores from 0 to 1.
        """
        if not math.isfinite(value):
            return NONE
        if self.key in SCORES:
            return f"{value:.{digits}f}"
        digits = 2 if self.key in DISTANCES or abs(value) < 100 else 0
        sign = "+" if self.key == "volume_difference" else ""
        return f"{value:{sign}.{digits}f}".replace("-", "−")

    def spread(self, summary: Mapping[str, Any], digits: int = 4) -> str:
        """Return "mean ± standard deviation" of a summary."""
        mean, std = (_number(summary, part, self.key) for part in ("mean", "std"))
        if not math.isfinite(mean):
            return NONE
        spread = self.words(std, digits).lstrip("+")
        return f"{self.words(mean, digits)} ± {spread}"

    def of(self, summary: Mapping[str, Any], part: str, digits: int = 4) -> str:
        """Return one number of a summary: its "mean", "median" or "std"."""
        words = self.words(_number(summary, part, self.key), digits)
        return words.lstrip("+") if part == "std" else words


MEASURES = (
    Measure("dice", "Dice", "2 TP / (2 TP + FP + FN): overlap, from 0 to 1; also called F1"),
    Measure("iou", "IoU", "TP / (TP + FP + FN): intersection over union, the Jaccard index"),
    Measure("pixel_accuracy", "Accuracy", "the share of all pixels whose label is right"),
    Measure("precision", "Precision", "TP / (TP + FP): how much of what was marked is right"),
    Measure("recall", "Recall", "TP / (TP + FN): how much of what is there was marked"),
    Measure(
        "hd95",
        "HD95",
        "95 % Hausdorff distance: the larger of the two 95th percentiles of the distances from the "
        "points of one surface to the other surface",
    ),
    Measure(
        "surface_distance",
        "Surface distance",
        "the mean distance between the points of either surface and the other surface",
    ),
    Measure("volume", "Size", "how much the prediction covers"),
    Measure("reference_volume", "Reference size", "how much the reference covers"),
    Measure("volume_difference", "Difference", "how much larger the prediction is"),
)


def present(scores: Sequence[CaseScore]) -> list[Measure]:
    """Return the measures that at least one case has, titled with the unit they share."""
    good = [s for s in scores if not s.error]
    kept = [m for m in MEASURES if any(math.isfinite(getattr(s, m.key)) for s in good)]
    return [replace(m, title=f"{m.title}{_unit(m.key, good)}") for m in kept or MEASURES[:5]]


def units(scores: Iterable[CaseScore]) -> set[tuple[str, int]]:
    """Return the units in which cases were measured, with the number of dimensions."""
    return {(s.unit, s.dims) for s in scores if not s.error}


def _unit(key: str, scores: Sequence[CaseScore]) -> str:
    if key not in (*DISTANCES, *VOLUMES) or len(found := units(scores)) != 1:
        return ""
    unit, dims = next(iter(found))
    power = {1: "", 2: "²", 3: "³"}.get(dims, "") if key in VOLUMES else ""
    return f" ({unit}{power})"


# --- groups -----------------------------------------------------------------------------------


def class_names(scores: Iterable[CaseScore]) -> list[str]:
    """Return the classes in the order in which they are met; empty if there is one only."""
    found = dict.fromkeys(c for s in scores for c in s.per_class)
    return list(found) if len(found) > 1 else []


def tags(scores: Sequence[CaseScore], most: int = 12) -> list[str]:
    """Return the tags that group cases: with several values, but not one for every case.

    Of tags that group them alike (a number and its name) the one with the longest words is kept.
    """
    of = {t: tuple(s.tags.get(t, "") for s in scores) for t in _all_tags(scores)}
    by_length = sorted(of, key=lambda t: -sum(map(len, of[t])))
    kept: dict[tuple[int, ...], str] = {}
    for tag in by_length:
        found = set(of[tag])
        if 1 < len(found) <= min(most, max(len(scores) - 1, 2)):
            kept.setdefault(_pattern(of[tag]), tag)
    return [tag for tag in of if tag in kept.values()]


def _all_tags(scores: Sequence[CaseScore]) -> list[str]:
    return list(dict.fromkeys(t for s in scores for t in s.tags))


def _pattern(values: Sequence[str]) -> tuple[int, ...]:
    """Return which values are the same, whatever they are."""
    numbers: dict[str, int] = {}
    return tuple(numbers.setdefault(v, len(numbers)) for v in values)


def of_class(scores: Iterable[CaseScore], name: str, key: str = "dice") -> list[float]:
    """Return a score of a class over the images in which it occurs."""
    found = [s.per_class[name].get(key, math.nan) for s in scores if name in s.per_class]
    return [v for v in found if math.isfinite(v)]


def values(scores: Iterable[CaseScore], key: str = "dice") -> list[float]:
    """Return the finite values of a score."""
    found = [float(getattr(s, key)) for s in scores if not s.error]
    return [v for v in found if math.isfinite(v)]


def _number(summary: Mapping[str, Any], part: str, key: str) -> float:
    value = summary.get(part, {}).get(key)
    return float(value) if isinstance(value, int | float) else math.nan
