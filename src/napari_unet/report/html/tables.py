"""The tables of a report, as rows of plain text that the page escapes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from napari_unet.events import CaseScore, Compared
from napari_unet.metrics import group, summarise
from napari_unet.report.html.measures import (
    NONE,
    Measure,
    class_names,
    present,
    tags,
)

MOST_ROWS = 20_000  # about 8 MB
NO_TAG = "not given"
TELLING = (
    *("dice", "iou", "hd95", "surface_distance"),
    *("precision", "recall", "volume_difference"),
)


@dataclass(frozen=True)
class Head:
    """The head of a column; numbers stand on the right."""

    title: str
    help: str = ""
    number: bool = True


@dataclass(frozen=True)
class Table:
    """A table; ``rows`` may be made as they are written, and can be gone through once."""

    head: tuple[Head, ...]
    rows: Iterable[Sequence[str]]
    caption: str = ""


def summary_table(scores: Sequence[CaseScore], summary: Mapping[str, Any]) -> Table:
    """Return mean, median and deviation over images, and over patients who have several."""
    measures = present(scores)
    patients, images = summary.get("patients", {}), summary.get("images", 0)
    told = patients.get("count", 0)
    rows = [
        *_spread(measures, summary, f"images ({images})"),
        *(_spread(measures, patients, f"patients ({told})") if told < images else []),
    ]
    return Table((Head("Over", number=False), Head("", number=False), *_heads(measures)), rows)


def _spread(measures: Sequence[Measure], summary: Mapping[str, Any], over: str) -> list[list[str]]:
    parts = {"mean": "mean", "median": "median", "std": "standard deviation"}
    return [
        [over, words, *(m.of(summary, part) for m in measures)]
        for part, words in parts.items()
        if summary.get(part)
    ]


def group_tables(scores: Sequence[CaseScore], summary: Mapping[str, Any]) -> list[Table]:
    """Return a table of the classes, if there are several, and one for every tag that groups."""
    classes = summary.get("classes", {})
    found = [_group_table("Class", classes, scores)] if classes else []
    for tag in tags(scores):
        groups = {name or NO_TAG: summarise(of) for name, of in group(scores, tag).items()}
        found.append(_group_table(tag, groups, scores))
    return found


def _group_table(
    title: str, groups: Mapping[str, Mapping[str, Any]], scores: Sequence[CaseScore]
) -> Table:
    measures = _compact(present(scores))
    patients = any("patients" in summary for summary in groups.values())
    rows = [
        [
            name,
            str(summary["images"]),
            *([str(summary["patients"]["count"])] if patients else []),
            measures[0].of(summary, "median"),
            *(m.spread(summary, 3) for m in measures),
        ]
        for name, summary in groups.items()
    ]
    head = (
        Head(title, number=False),
        Head("Images", "" if patients else "in which it occurs"),
        *([Head("Patients")] if patients else []),
        Head("Median Dice"),
        *_heads(measures),
    )
    return Table(head, rows, f"By {'class' if title == 'Class' else title}: mean ± spread")


def _compact(measures: Sequence[Measure]) -> list[Measure]:
    """Return those that tell groups apart, the most telling first.

    Left out are sizes, of which the difference says more, and accuracy, which background decides.
    """
    by_key = {m.key: m for m in measures}
    return [by_key[key] for key in TELLING if key in by_key]


# --- all cases --------------------------------------------------------------------------------


def case_table(scores: Sequence[CaseScore], clean: Callable[[str], str]) -> Table:
    """Return a line per case, the worst first; what failed comes last.

    ``clean`` takes private paths out of what went wrong.
    """
    measures = present(scores)
    shown_tags = list(dict.fromkeys(t for s in scores for t in s.tags))
    classes = class_names(scores)
    patients = any(s.patient not in ("", s.name) for s in scores)
    head = (
        Head("Case", number=False),
        *([Head("Patient", number=False)] if patients else []),
        *(Head(tag, number=False) for tag in shown_tags),
        *_heads(measures),
        *(Head(f"Dice {name}") for name in classes),
        Head("Remarks", number=False),
    )

    def rows() -> Iterator[list[str]]:
        for score in sorted(scores, key=_worst_first)[:MOST_ROWS]:
            yield [
                score.name,
                *([score.patient] if patients else []),
                *(score.tags.get(tag, "") for tag in shown_tags),
                *(m.words(getattr(score, m.key)) for m in measures),
                *(_class_dice(score, name) for name in classes),
                _remarks(score, clean),
            ]

    return Table(head, rows())


def _heads(measures: Iterable[Measure]) -> list[Head]:
    return [Head(m.title, m.help) for m in measures]


def _worst_first(score: CaseScore) -> tuple[bool, float]:
    return bool(score.error), score.dice if math.isfinite(score.dice) else 0.0


def _class_dice(score: CaseScore, name: str) -> str:
    value = score.per_class.get(name, {}).get("dice", math.nan)
    return NONE if math.isnan(value) else f"{value:.4f}"


def _remarks(score: CaseScore, clean: Callable[[str], str]) -> str:
    words = [
        f"failed: {clean(score.error)}" if score.error else "",
        "no foreground in either mask" if score.empty else "",
        "corrected by hand" if score.corrected else "",
    ]
    return "; ".join(w for w in words if w)


# --- comparisons ------------------------------------------------------------------------------


def column_table(found: Compared) -> Table:
    """Return a line per model and reader with its mean scores."""
    every = [s for column in found.scores for s in column]
    measures = _compact(present(every))
    rows = []
    for name, kind, scores in zip(found.columns, found.kinds, found.scores, strict=True):
        summary = summarise(scores)
        counts = [str(summary["images"]), str(summary["failed"])]
        median = measures[0].of(summary, "median")
        rows.append([name, kind, *counts, median, *(m.spread(summary, 3) for m in measures)])
    head = (
        Head("Name", number=False),
        Head("Kind", number=False),
        Head("Images"),
        Head("Not scored", "there is no mask, or it cannot be read"),
        Head("Median Dice"),
        *_heads(measures),
    )
    return Table(head, rows)


def paired_table(found: Compared) -> Table:
    """Return how every column differs from the first, with intervals and p."""
    rows = [
        [
            p.name,
            p.against,
            p.score.replace("dice", "Dice"),
            str(p.n),
            _signed(p.mean),
            _interval(p.low, p.high),
            _p(p.p),
            f"{p.better} / {p.worse} / {p.equal}",
        ]
        for p in found.paired
    ]
    head = (
        Head("Name", number=False),
        Head("Against", number=False),
        Head("Score", number=False),
        Head("Cases", "that both could be scored on"),
        Head("Mean difference"),
        Head("95 % interval", "of the mean, by drawing patients again and again (bootstrap)"),
        Head("p", "Wilcoxon's signed-rank test"),
        Head("Better / worse / equal", "cases"),
    )
    return Table(head, rows)


def compared_cases(found: Compared) -> Table:
    """Return a line per case with the Dice of every column; where they differ most comes first."""
    lines = sorted(zip(*found.scores, strict=True), key=lambda line: -difference(line))
    head = (
        Head("Case", number=False),
        Head("Patient", number=False),
        *(Head(f"Dice {name}") for name in found.columns),
        Head("Largest difference"),
    )
    rows = (
        [
            line[0].name,
            line[0].patient,
            *(NONE if math.isnan(s.dice) else f"{s.dice:.4f}" for s in line),
            f"{difference(line):.4f}",
        ]
        for line in lines[:MOST_ROWS]
    )
    return Table(head, rows)


def difference(line: Iterable[CaseScore]) -> float:
    """Return how far apart the Dice of one case are; 0 where fewer than two exist."""
    dices = [s.dice for s in line if not s.error and math.isfinite(s.dice)]
    return max(dices) - min(dices) if len(dices) > 1 else 0.0


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("-", "−") if math.isfinite(value) else NONE


def _interval(low: float, high: float) -> str:
    if not (math.isfinite(low) and math.isfinite(high)):
        return NONE
    return f"{_signed(low)} to {_signed(high)}"


def _p(value: float) -> str:
    if not math.isfinite(value):
        return NONE
    return "< 0.0001" if value < 1e-4 else f"{value:.4f}"
