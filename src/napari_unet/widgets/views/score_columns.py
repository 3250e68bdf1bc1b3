"""Which columns a table of scores has, and how a score is written in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from napari_unet.events import CaseScore
from napari_unet.widgets.parts.rows import Column
from napari_unet.widgets.views.score_lines import (
    BY_KEY,
    MEASURES,
    PATIENT,
    TAG,
    Line,
    Measure,
)

DEFAULT = ("dice", "iou", "hd95")  # what can be read at 300 pixels
EMPTY, CORRECTED = "∅", "✎"
UP, DOWN = "↑", "↓"


@dataclass(frozen=True)
class Units:
    """What lengths and sizes are measured in; ``length`` is empty where that differs by case."""

    length: str = "px"
    dims: int = 2

    def of(self, measure: Measure) -> str:
        """Return a measure's unit, empty if it has none."""
        if measure.kind == "share" or not self.length:
            return ""
        if measure.kind == "length" or self.length == "px":
            return self.length
        return f"{self.length}{'²' if self.dims == 2 else '³'}"

    def title(self, measure: Measure) -> str:
        """Return a column's title with its unit."""
        return f"{measure.title} {self.of(measure)}".strip()


def units_of(scores: Iterable[CaseScore]) -> Units:
    """Return the units that scores have in common."""
    found = {(s.unit, s.dims) for s in scores if not s.error}
    if len(found) == 1:
        return Units(*found.pop())
    return Units() if not found else Units("", 0)


def written(measure: Measure, value: float, signed: bool = False) -> str:
    """Return a value as it is shown, "–" where there is none."""
    if math.isnan(value):
        return "–"
    if measure.kind == "share":
        return f"{value:.3f}"
    sign = "+" if (signed or measure.key == "volume_difference") and value > 0 else ""
    whole = measure.kind == "size" and float(value).is_integer()  # a number of pixels
    digits = 0 if abs(value) >= 1000 or whole else 1 if abs(value) >= 10 else 2
    return f"{sign}{value:,.{digits}f}"


def choices(tags: Sequence[str]) -> list[tuple[str, str]]:
    """Return (key, words) of every column that can be chosen."""
    told = {
        "pixel_accuracy": "Pixel accuracy",
        "precision": "Precision",
        "recall": "Recall",
        "hd95": "95 % Hausdorff distance",
        "surface_distance": "Mean surface distance",
        "volume": "Volume found",
        "reference_volume": "Volume of the reference",
        "volume_difference": "Difference of the volumes",
    }
    return [
        *((m.key, told.get(m.key, m.title)) for m in MEASURES),
        (PATIENT, "Patient"),
        *((f"{TAG}{tag}", tag) for tag in tags),
    ]


def columns(
    chosen: Collection[str], tags: Sequence[str], units: Units, by: str = ""
) -> list[Column]:
    """Return the columns of cases, or of groups of them (``by`` says of which)."""
    measures = [_measured(m, units, bool(by)) for m in MEASURES if m.key in chosen]
    if by:
        title = "Patient" if by == PATIENT else by.removeprefix(TAG)
        count = Column(
            "n", lambda x: str(len(x.cases) or ""), lambda x: len(x.cases), help="Images"
        )
        return [Column(title, lambda x: x.name, tooltip=_group_told), count, *measures]
    others = [_tag(tag) for tag in tags if f"{TAG}{tag}" in chosen]
    patient = Column("Patient", lambda x: x.score.patient if x.score else "")
    return [
        Column("Image", _marked, tooltip=explain(units)),
        *measures,
        *([patient] if PATIENT in chosen else []),
        *others,
    ]


def widths(shown: Sequence[Column], lines: Sequence[Line], by: str = "") -> tuple[str, ...]:
    """Return for each column a text of about the width it needs."""
    sizes = {"Image": "case_000", "n": "0000"}
    few = lines[:200]

    def sample(column: Column) -> str:
        if column.title in sizes:
            return sizes[column.title]
        texts = [column.show(line) for line in few] or [""]
        longest = max((t for t in texts if len(t) <= 18), key=len, default="0.000 ± 0.000")
        return longest if by else UP + longest  # any score may be corrected later

    first = "patient-00" if by else sizes["Image"]
    return (first, *(sample(column) for column in shown[1:]))


def explain(units: Units) -> Callable[[Line], str]:
    """Return what tells all of a line: every score, and what it was before a correction."""

    def told(line: Line) -> str:
        score = line.score
        if score is None:
            return _summed(line)
        if score.error:
            return score.error
        lines = [score.name, *_remarks(line)]
        lines += [f"{tag}: {value}" for tag, value in score.tags.items()]
        before = line.before
        for measure in MEASURES:
            new = line.values[measure.key]
            unit = units.of(measure) or (score.unit if measure.kind != "share" else "")
            text = f"{measure.title} {_exact(measure, new)} {unit}".rstrip()
            old = new if before is None else before[measure.key]
            if not _same(old, new):
                text = f"{measure.title} {_exact(measure, old)} → {_exact(measure, new)} {unit}"
            lines.append(text.rstrip())
        return "\n".join(lines)

    return told


def _measured(measure: Measure, units: Units, grouped: bool) -> Column:
    key = measure.key

    def show(line: Line) -> str:
        text = written(measure, line.values[key])
        if grouped and line.cases and len(line.cases) > 1 and not math.isnan(line.spread[key]):
            return f"{text} ± {written(measure, line.spread[key])}"
        return f"{_change(measure, line)}{text}"

    def value(line: Line) -> float:
        return line.values[key]

    unit = units.of(measure)
    help = f"{measure.help}{f', in {unit}' if unit else ''}"
    return Column(units.title(measure), show, value, explain(units), help)


def _change(measure: Measure, line: Line) -> str:
    """Return an arrow where a correction changed a value."""
    if line.before is None:
        return ""
    old, new = line.before[measure.key], line.values[measure.key]
    return "" if _same(old, new) or math.isnan(old + new) else (UP if new > old else DOWN)


def _tag(tag: str) -> Column:
    return Column(tag, lambda x: x.score.tags.get(tag, "") if x.score else "")


def _marked(line: Line) -> str:
    """Return a case's name with what marks it."""
    score = line.score
    if score is None:
        return line.name
    marks = ((CORRECTED, score.corrected), (EMPTY, line.empty))
    return " ".join([line.name, *(mark for mark, is_it in marks if is_it)])


def _remarks(line: Line) -> list[str]:
    told = []
    if line.score is not None and line.score.corrected:
        told.append(f"{CORRECTED} corrected by hand")
    if line.empty:
        told.append(f"{EMPTY} nothing of it in either mask")
    elif math.isnan(line.values["hd95"]):
        told.append("No distances: one of the two masks is empty, or they were not measured.")
    return told


def _summed(line: Line) -> str:
    parts = [f"{line.name} of the images shown"]
    parts += [f"{BY_KEY[k].title}: {n} images with a value" for k, n in line.counts.items()]
    return "\n".join(parts)


def _group_told(line: Line) -> str:
    if not line.cases:
        return _summed(line)
    n = len(line.cases)
    return f"{line.name}: {n} image{'s' * (n != 1)}. A click shows {'them' if n > 1 else 'it'}."


def _exact(measure: Measure, value: float) -> str:
    return (
        f"{value:.4f}"
        if measure.kind == "share" and not math.isnan(value)
        else written(measure, value)
    )


def _same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))
