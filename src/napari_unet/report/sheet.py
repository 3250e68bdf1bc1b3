"""Scores as a CSV file: one line per case."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from napari_unet.events import CaseScore
from napari_unet.metrics import MEASURES
from napari_unet.workspace import atomic

FACTS = ("unit", "dims", "empty", "corrected")


def write_csv(path: str | Path, scores: Sequence[CaseScore]) -> None:
    """Write one line per case, replacing ``path`` only when all is written.

    Columns: name, patient, the tags, `napari_unet.metrics.MEASURES`, the unit of lengths (areas and
    volumes are in its second or third power, as ``dims`` says), empty, corrected, for several
    classes their scores (``dice liver``, …), error. Numbers are written so that reading them gives
    the same floats again; a score that does not exist (a failed case, a class that does not occur,
    a distance to an empty mask) is left blank.
    """
    rows = [_record(s, _several_classes(scores)) for s in scores]
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as f:
        writer = csv.DictWriter(f, _columns(scores), restval="")
        writer.writeheader()
        writer.writerows(rows)


def _columns(scores: Sequence[CaseScore]) -> list[str]:
    """Return the header; tags and classes in the order in which they are first met."""
    tags = dict.fromkeys(tag_column(t) for s in scores for t in s.tags)
    classes = dict.fromkeys(c for s in scores for c in s.per_class)
    by_class = dict.fromkeys(
        f"{key} {name}"
        for name in (classes if _several_classes(scores) else ())
        for s in scores
        for key in s.per_class.get(name, ())
    )
    return ["name", "patient", *tags, *MEASURES, *FACTS, *by_class, "error"]


def _record(score: CaseScore, several_classes: bool) -> dict[str, str]:
    record = {"name": score.name, "patient": score.patient, "error": score.error}
    record |= {tag_column(t): value for t, value in score.tags.items()}
    record |= {key: exact(getattr(score, key)) for key in MEASURES}
    if not score.error:
        record |= {key: _word(getattr(score, key)) for key in FACTS}
    if several_classes:
        for name, values in score.per_class.items():
            record |= {f"{key} {name}": exact(value) for key, value in values.items()}
    return record


def _several_classes(scores: Iterable[CaseScore]) -> bool:
    return len({c for s in scores for c in s.per_class}) > 1


def tag_column(tag: str) -> str:
    """Return a tag's column, which must not have the name of one of ours."""
    taken = {"name", "patient", "error", *MEASURES, *FACTS}
    return f"tag {tag}" if tag in taken else tag


def _word(value: bool | int | str) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def exact(value: float) -> str:
    """Return a number so that reading it gives the same one; nothing for NaN."""
    return "" if math.isnan(value) else repr(float(value))
