"""Cases as rows of a table: which columns there are, and by what they can be filtered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from napari_unet.data.cases import Case
from napari_unet.widgets.parts.facets import Facet
from napari_unet.widgets.parts.rows import Column

MOST_TAGS = 6  # facets and columns; values of further tags are found by searching the tooltip
SURE = 0.9  # a pair below this should be looked at
UNSURE = "pair to be checked"
NOT = "not corrected"
SUBSETS = {"train": "train", "val": "val", "test": "test", "": "in none"}


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


def facets(cases: Sequence[Case]) -> tuple[Facet, ...]:
    """Return what a data set's cases can be filtered by."""
    return (
        Facet("Subset", "all subsets", lambda row: (row.subset,), SUBSETS),
        Facet("Patient", "all patients", lambda row: (row.case.patient,)),
        *(Facet(tag, f"any {tag}", _tag_values(tag)) for tag in tags(cases)),
        Facet("To look at", "all cases", lambda row: row.troubles),
        Facet("Corrected", "corrected or not", lambda row: (_corrected(row) or NOT,)),
    )


def columns(cases: Sequence[Case], troubles: bool) -> tuple[Column, ...]:
    """Return the columns that have something to say about these cases."""
    sure = all(case.confidence >= 1 for case in cases)
    return (
        Column("Case", lambda r: r.case.name, tooltip=_explain),
        Column("Patient", lambda r: r.case.patient),
        Column("Subset", lambda r: r.subset, help="Training, validation or test"),
        *([_CORRECTED] if any(case.correction for case in cases) else []),
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
        "Corrected": "Corrected",
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
_CORRECTED = Column(
    "Corrected",
    lambda r: "✓" if r.case.correction else "",
    lambda r: bool(r.case.correction),
    tooltip=lambda r: str(r.case.correction or ""),
    help="A correction by hand stands for the reference of this case",
)
_SURE = Column(
    "Sure",
    lambda r: f"{r.case.confidence:.0%}",
    lambda r: r.case.confidence,
    help="How sure it is that this mask belongs to this image",
)


def _corrected(row: Row) -> str:
    return "corrected by hand" if row.case.correction else ""


def _explain(row: Row) -> str:
    case = row.case
    lines = [str(case.image), *map(str, case.masks or (case.mask,))]
    lines += [f"corrected by hand: {case.correction}"] if case.correction else []
    lines += [f"{tag}: {value}" for tag, value in case.tags.items()]
    return "\n".join([*lines, *row.troubles])


def _tag_text(tag: str) -> Callable[[Row], str]:
    return lambda row: row.case.tags.get(tag, "")


def _tag_values(tag: str) -> Callable[[Row], tuple[str, ...]]:
    return lambda row: (row.case.tags.get(tag, ""),)
