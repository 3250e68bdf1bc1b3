"""Scores as a plain-text table for the terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from napari_unet.events import CaseScore
from napari_unet.metrics import DISTANCES

# Score, its title in the table, and the width of its column there.
OVERLAPS = (
    ("dice", "Dice", 7),
    ("iou", "IoU", 7),
    ("pixel_accuracy", "acc.", 7),
    ("precision", "prec.", 7),
    ("recall", "recall", 7),
)
LENGTHS = (("hd95", "HD95", 8), ("surface_distance", "surface", 9))
WIDTH = 80
LONGEST_PATIENT = 12
Columns = Sequence[tuple[str, str, int]]


def table(scores: Sequence[CaseScore], summary: Mapping[str, Any]) -> str:
    """Return a plain-text table of at most 80 columns: a line per case, then the summary.

    Long names are shortened in the middle, since both ends tell cases apart. A failed case shows
    its error in place of numbers. ``summary`` is `napari_unet.metrics.summarise` of ``scores``.
    Several classes have a line each below.
    """
    columns = (*OVERLAPS, *LENGTHS) if _has_lengths(summary) else OVERLAPS
    label = _Label(scores, columns)
    titles = "".join(f"{title:>{width}}" for _, title, width in columns)
    rule = "-" * (label.width + len(titles))
    lines = [label(s.name, s.patient) + _numbers_or_error(s, columns) for s in scores]
    totals = [f"{words:<{label.width}}" + _numbers(v, columns) for words, v in _totals(summary)]
    parts = [label("image", "patient") + titles, rule, *lines, rule, *totals, *_remarks(summary)]
    if summary.get("classes"):
        parts += ["", breakdown("class", summary["classes"])]
    return "\n".join(parts)


def breakdown(title: str, summaries: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a line for each group of images, class or column: mean ± deviation, and the median.

    Each has the keys ``images``, ``mean``, ``median`` and ``std`` of `metrics.summarise`. What has
    an empty name is called "(none)".
    """
    names = {name: name or "(none)" for name in summaries}
    room = WIDTH - 57
    width = min(max(len(n) for n in [title, *names.values()]), room)
    titles = f"{'images':>8}{'Dice':>16}{'median':>8}{'HD95':>17}{'median':>8}"
    lines = [f"{title:<{width}}{titles}", "-" * (width + len(titles))]
    for name, shown in names.items():
        s = summaries[name]
        dice, far = (_spread(s, key, show) for key, show in (("dice", _share), ("hd95", _length)))
        lines.append(
            f"{elide(shown, width):<{width}}{s['images']:>8}{dice[0]:>16}{dice[1]:>8}"
            f"{far[0]:>17}{far[1]:>8}"
        )
    return "\n".join(lines)


def _spread(summary: Mapping[str, Any], key: str, show: Callable[[float], str]) -> tuple[str, str]:
    """Return "mean ± deviation" and the median; "-" where there is none."""
    if key not in summary["mean"]:
        return "-", "-"
    mean, std, median = (show(summary[kind][key]) for kind in ("mean", "std", "median"))
    return f"{mean} ± {std}", median


def _has_lengths(summary: Mapping[str, Any]) -> bool:
    return "hd95" in summary["mean"] or bool(summary.get("undefined"))


class _Label:
    """The left part of the table's lines: name and, where there are any, patient."""

    def __init__(self, scores: Sequence[CaseScore], columns: Columns) -> None:
        room = WIDTH - sum(width for _, _, width in columns)
        told = any(s.patient not in ("", s.name) for s in scores)
        longest = max((len(s.patient) for s in scores), default=0)
        self.patient = min(max(longest, len("patient")), LONGEST_PATIENT) if told else 0
        room -= self.patient + (2 if told else 0)
        self.name = min(max([len(s.name) for s in scores] + [len("mean of 9999 images")]), room)
        self.width = self.name + (self.patient + 2 if told else 0)

    def __call__(self, name: str, patient: str) -> str:
        text = f"{elide(name, self.name):<{self.name}}"
        return f"{text}  {elide(patient, self.patient):<{self.patient}}" if self.patient else text


def elide(text: str, length: int) -> str:
    """Shorten ``text`` to ``length`` characters by leaving out its middle."""
    if len(text) <= length:
        return text
    front = length // 2
    return text[:front] + "…" + text[len(text) - (length - front - 1) :]


def _numbers_or_error(score: CaseScore, columns: Columns) -> str:
    if score.error:
        room = sum(width for _, _, width in columns) - 2
        return "  " + (score.error if len(score.error) <= room else score.error[: room - 1] + "…")
    return _numbers(vars(score), columns)


def _numbers(values: Mapping[str, float], columns: Columns) -> str:
    return "".join(f"{_cell(key, values.get(key, math.nan)):>{width}}" for key, _, width in columns)


def _cell(key: str, value: float) -> str:
    if math.isnan(value):
        return "-"
    return _length(value) if key in DISTANCES else f"{value:.4f}"


def _share(value: float) -> str:
    return f"{value:.3f}"


def _length(value: float) -> str:
    """Return a length or a volume, in at most seven characters for all that is likely."""
    if value and abs(value) < 0.01:
        return f"{value:.0e}"
    return f"{value:.2f}" if abs(value) < 1000 else f"{value:.0f}"


def _totals(summary: Mapping[str, Any]) -> list[tuple[str, Mapping[str, float]]]:
    images, patients = summary["images"], summary["patients"]
    lines = [
        (f"mean of {_count(images, 'image')}", summary["mean"]),
        ("median", summary["median"]),
        ("standard deviation", summary["std"]),
    ]
    if 1 < patients["count"] < images:
        lines.append((f"mean of {_count(patients['count'], 'patient')}", patients["mean"]))
    return lines


def _remarks(summary: Mapping[str, Any]) -> list[str]:
    remarks = []
    if summary["empty"]:
        remarks.append(
            f"No foreground in either mask: {_count(summary['empty'], 'image')}, counted as 1."
        )
    if summary.get("undefined"):
        few = _count(summary["undefined"], "image")
        remarks.append(f"Foreground in one mask only: {few}, left out of distances.")
    if summary.get("failed"):
        remarks.append(f"Could not be scored, left out: {_count(summary['failed'], 'image')}.")
    if summary.get("corrected"):
        few = _count(summary["corrected"], "image")
        remarks.append(f"Corrected by hand: {few}.")
    return remarks + _sizes(summary)


def _sizes(summary: Mapping[str, Any]) -> list[str]:
    """Say in which unit lengths are, and by how much volumes differ."""
    unit, mean = summary.get("unit", ""), summary["mean"]
    if not unit:
        return []
    lines = []
    if "hd95" in mean:
        lines.append(f"HD95 (95 % Hausdorff) and mean surface distance are in {unit}.")
    if "volume_difference" in mean:
        thing, power = ("Volume", "³") if summary["dims"] == 3 else ("Area", "²")
        by = _length(mean["volume_difference"])
        std = _length(summary["std"]["volume_difference"])
        lines.append(f"{thing}, prediction minus reference: {by} ± {std} {unit}{power}.")
    return lines


def _count(n: int, thing: str) -> str:
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"
