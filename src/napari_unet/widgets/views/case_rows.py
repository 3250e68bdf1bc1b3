"""Cases as rows of a table: which columns there are, and by what they can be filtered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from napari_unet.data.cases import Case
from napari_unet.widgets.parts.rows import Column

MOST_TAGS = 6  # facets and columns; values of further tags are found by searching the tooltip
SURE = 0.9  # a pair below this should be looked at
UNSURE = "pair to be checked"
EMPTY = "\0"  # the choice of a value that is empty; the empty choice filters nothing
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
SUBSETS = {"train": "train", "val": "val", "test": "test", "": "in none"}
GIVEN = {"": "not given"}


@dataclass(frozen=True)
class Row:
    """A case, the subset it falls into, and what is wrong with it."""

    case: Case
    subset: str = ""
    problems: tuple[str, ...] = ()

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is worth looking at, most of it found by the check of the data."""
        unsure = (UNSURE,) if self.case.confidence < SURE else ()
        return (*unsure, *self.problems)


@dataclass(frozen=True)
class Facet:
    """Something that rows can be filtered by: what it is called and what a row has of it."""

    title: str
    every: str  # the choice that filters nothing
    values: Callable[[Row], tuple[str, ...]]
    names: Mapping[str, str] = field(default_factory=lambda: GIVEN)

    def choices(self, rows: Iterable[Row]) -> list[tuple[str, str]]:
        """Return (value, text with the number of rows) of what there is, in a useful order."""
        counts = Counter(value for row in rows for value in self.values(row))
        return [
            ("", self.every),
            *((v or EMPTY, f"{self.names.get(v, v)} ({counts[v]:,})") for v in self._order(counts)),
        ]

    def passes(self, row: Row, value: str) -> bool:
        """Say whether a row has ``value``."""
        return ("" if value == EMPTY else value) in self.values(row)

    def _order(self, values: Iterable[str]) -> list[str]:
        """Sort as they are used where that is known, numbers by value, all else by name."""
        known = list(self.names)

        def place(value: str) -> tuple[int, float, str]:
            number = float(value) if _NUMBER.fullmatch(value) else float("inf")
            return known.index(value) if value in known else -1, number, value.casefold()

        return sorted(values, key=place)


def facets(cases: Sequence[Case]) -> tuple[Facet, ...]:
    """Return what a data set's cases can be filtered by."""
    return (
        Facet("Subset", "all subsets", lambda row: (row.subset,), SUBSETS),
        Facet("Patient", "all patients", lambda row: (row.case.patient,)),
        *(Facet(tag, f"any {tag}", _tag_values(tag)) for tag in tags(cases)),
        Facet("To look at", "all cases", lambda row: row.troubles),
    )


def columns(cases: Sequence[Case], troubles: bool) -> tuple[Column, ...]:
    """Return the columns that have something to say about these cases."""
    sure = all(case.confidence >= 1 for case in cases)
    return (
        Column("Case", lambda r: r.case.name, tooltip=_explain),
        Column("Patient", lambda r: r.case.patient),
        Column("Subset", lambda r: r.subset, help="Training, validation or test"),
        *([_TROUBLES] if troubles else []),
        *(Column(tag, _tag_text(tag)) for tag in tags(cases)),
        *([] if sure else [_SURE]),
        Column("Paired because", lambda r: r.case.reason),
    )


def widths(columns: Sequence[Column]) -> tuple[str, ...]:
    """Return for each column a text of about the width it needs."""
    known = {
        "Case": "images/case",
        "Patient": "patient-00",
        "Subset": "train",
        "To look at": "pair to be checked",
        "Sure": "100 %",
        "Paired because": "same name in both",
    }
    return tuple(known.get(column.title, "a value") for column in columns)


def tags(cases: Sequence[Case]) -> tuple[str, ...]:
    """Return the names of the tags that cases have, as far as there is room for them."""
    found = dict.fromkeys(tag for case in cases for tag in case.tags)
    return tuple(found)[:MOST_TAGS]


_TROUBLES = Column(
    "To look at", lambda r: ", ".join(r.troubles), tooltip=lambda r: "\n".join(r.troubles)
)
_SURE = Column(
    "Sure",
    lambda r: f"{r.case.confidence:.0%}",
    lambda r: r.case.confidence,
    help="How sure it is that this mask belongs to this image",
)


def _explain(row: Row) -> str:
    case = row.case
    lines = [str(case.image), *map(str, case.masks or (case.mask,))]
    lines += [f"{tag}: {value}" for tag, value in case.tags.items()]
    return "\n".join([*lines, *row.troubles])


def _tag_text(tag: str) -> Callable[[Row], str]:
    return lambda row: row.case.tags.get(tag, "")


def _tag_values(tag: str) -> Callable[[Row], tuple[str, ...]]:
    return lambda row: (row.case.tags.get(tag, ""),)
