"""Scores as a plain-text table for the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from napari_unet.events import CaseScore

# Score, its title in the table, and the width of its column there.
COLUMNS = (
    ("dice", "Dice", 8),
    ("iou", "IoU", 8),
    ("pixel_accuracy", "accuracy", 10),
    ("precision", "precision", 11),
    ("recall", "recall", 8),
)
WIDTH = 80
LONGEST_PATIENT = 12


def table(scores: Sequence[CaseScore], summary: Mapping[str, Any]) -> str:
    """Return a plain-text table of at most 80 columns: a line per case, then the summary.

    Long names are shortened in the middle, since both ends tell cases apart. A failed case shows
    its error in place of numbers. ``summary`` is `napari_unet.metrics.summarise` of ``scores``.
    """
    label = _Label(scores)
    titles = "".join(f"{title:>{width}}" for _, title, width in COLUMNS)
    rule = "-" * (label.width + len(titles))
    lines = [label(s.name, s.patient) + _numbers_or_error(s) for s in scores]
    totals = [f"{words:<{label.width}}" + _numbers(v) for words, v in _totals(summary)]
    return "\n".join(
        [label("image", "patient") + titles, rule, *lines, rule, *totals, *_remarks(summary)]
    )


class _Label:
    """The left part of the table's lines: name and, where there are any, patient."""

    def __init__(self, scores: Sequence[CaseScore]) -> None:
        room = WIDTH - sum(width for _, _, width in COLUMNS)
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


def _numbers_or_error(score: CaseScore) -> str:
    if score.error:
        room = sum(width for _, _, width in COLUMNS) - 2
        return "  " + (score.error if len(score.error) <= room else score.error[: room - 1] + "…")
    return _numbers({key: getattr(score, key) for key, _, _ in COLUMNS})


def _numbers(values: Mapping[str, float]) -> str:
    cells = ((values.get(key, math.nan), width) for key, _, width in COLUMNS)
    return "".join(f"{'-' if math.isnan(v) else f'{v:.4f}':>{width}}" for v, width in cells)


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
    if summary.get("failed"):
        remarks.append(f"Could not be scored, left out: {_count(summary['failed'], 'image')}.")
    return remarks


def _count(n: int, thing: str) -> str:
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"
