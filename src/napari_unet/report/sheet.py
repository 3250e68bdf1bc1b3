"""Scores as a CSV file: one line per case."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from napari_unet.events import CaseScore
from napari_unet.metrics import SCORES
from napari_unet.workspace import atomic


def write_csv(path: str | Path, scores: Sequence[CaseScore]) -> None:
    """Write one line per case, replacing ``path`` only when all is written.

    Columns: name, patient, the tags, the five scores, empty, for several classes their scores
    (``dice liver``, …), error. Numbers are written so that reading them gives the same floats
    again; a score that does not exist (a failed case, a class that does not occur) is left blank.
    """
    rows = [_record(s, _several_classes(scores)) for s in scores]
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as f:
        writer = csv.DictWriter(f, _columns(scores), restval="")
        writer.writeheader()
        writer.writerows(rows)


def _columns(scores: Sequence[CaseScore]) -> list[str]:
    """Return the header; tags and classes in the order in which they are first met."""
    tags = dict.fromkeys(_tag_column(t) for s in scores for t in s.tags)
    classes = dict.fromkeys(c for s in scores for c in s.per_class)
    by_class = dict.fromkeys(
        f"{key} {name}"
        for name in (classes if _several_classes(scores) else ())
        for s in scores
        for key in s.per_class.get(name, ())
    )
    return ["name", "patient", *tags, *SCORES, "empty", *by_class, "error"]


def _record(score: CaseScore, several_classes: bool) -> dict[str, str]:
    record = {"name": score.name, "patient": score.patient, "error": score.error}
    record |= {_tag_column(t): value for t, value in score.tags.items()}
    record |= {key: _exact(getattr(score, key)) for key in SCORES}
    record["empty"] = "" if score.error else str(score.empty).lower()
    if several_classes:
        for name, values in score.per_class.items():
            record |= {f"{key} {name}": _exact(value) for key, value in values.items()}
    return record


def _several_classes(scores: Iterable[CaseScore]) -> bool:
    return len({c for s in scores for c in s.per_class}) > 1


def _tag_column(tag: str) -> str:
    """Return a tag's column, which must not have the name of one of ours."""
    taken = {"name", "patient", "empty", "error", *SCORES}
    return f"tag {tag}" if tag in taken else tag


def _exact(value: float) -> str:
    return "" if math.isnan(value) else repr(float(value))
