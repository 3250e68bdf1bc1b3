"""Reports of scores: a CSV file, a table for the terminal, a JSON object, a picture."""

from __future__ import annotations

import csv
import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from napari_unet.events import CaseScore
from napari_unet.metrics import SCORES
from napari_unet.workspace import atomic

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

# --- CSV --------------------------------------------------------------------------------------


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


# --- table ------------------------------------------------------------------------------------


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


# --- JSON -------------------------------------------------------------------------------------


def to_json(scores: Sequence[CaseScore], summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the summary and, as ``per_image``, every case's scores, ready for ``json.dumps``.

    JSON has no NaN: a score that does not exist is ``None``.
    """
    return {**_plain(summary), "per_image": [_plain(dataclasses.asdict(s)) for s in scores]}


def _plain(value: Any) -> Any:
    """Return ``value`` with plain containers and without NaN."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


# --- picture ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class PictureRow:
    """One case to draw: the image as read, its reference and a prediction of the same size.

    ``image`` is ``(H, W)`` or ``(H, W, 3)`` of any real type; the masks are ``(H, W)`` integers
    with 0 for background. ``caption`` stands under the row beside the name.
    """

    name: str
    image: NDArray[Any]
    reference: NDArray[Any]
    prediction: NDArray[Any]
    caption: str = ""


def picture(path: str | Path, rows: Sequence[PictureRow]) -> None:
    """Draw image, reference, prediction and errors of each case into one PNG file.

    Raises
    ------
    DataError
        If there is no row, or a mask has another size than its image.
    """
    # Pillow is for drawing only: whoever just wants the CSV file, such as a widget, does without.
    from napari_unet.drawing import draw

    drawn = draw(rows)
    with atomic(path) as temporary:
        drawn.save(temporary, format="PNG", optimize=True)
