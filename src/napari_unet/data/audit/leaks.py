"""Images that are there twice, and what that spoils.

The same picture on both sides of a split makes a model look better than it is. So copies across
the subsets of a split weigh most, then copies across patients, which a split by patients may part;
copies within a patient only count double. Slices of one patient that look alike are no finding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Literal, NamedTuple

from napari_unet.data.audit.duplicates import equal, similar
from napari_unet.data.audit.facts import CaseFacts
from napari_unet.data.audit.findings import Survey
from napari_unet.events import Finding, Severity
from napari_unet.quantities import plural

Where = Literal["subsets", "patients", "patient"]
Group = tuple[Sequence[CaseFacts], str]  # cases of one picture, and how alike they are


class _Place(NamedTuple):
    """What to say of copies that are found in a place; of unknown patients, other words."""

    where: Where
    severity: Severity
    kind: str
    known: str
    unknown: str
    advice: str

    def say(self, number: int, noun: str, survey: Survey) -> str:
        words = self.known if survey.known_patients else self.unknown
        return words.format(n=plural(number, noun))


COPIES = (
    _Place(
        "subsets",
        "error",
        "copy across subsets",
        *2 * ("A leak: {n} in several subsets of the split",),
        "Leave all but one of each out, or give them one patient and split anew.",
    ),
    _Place(
        "patients",
        "warning",
        "copy across patients",
        "{n} under several patients",
        "{n} more than once",
        "A split can put them on both sides: leave all but one of each out.",
    ),
    _Place(
        "patient",
        "info",
        "copy",
        *2 * ("{n} of one patient more than once",),
        "They stay together in a split, but count double.",
    ),
)
NEAR_COPIES = (
    _Place(
        "subsets",
        "warning",
        "near copy across subsets",
        *2 * ("Perhaps a leak: {n} in different subsets of the split",),
        "Look at them; if they are one picture, leave one of each out.",
    ),
    _Place(
        "patients",
        "warning",
        "near copy across patients",
        "{n} of different patients",
        "{n}",
        "Look at them; if they are one picture, a split can put it on both sides: leave one out.",
    ),
)
SHOWN = 5  # groups named in a sentence
MOST_NOTED = 3  # copies named beside a case


def copies(survey: Survey) -> Iterator[Finding]:
    """Find pictures that are there several times, pixel for pixel."""
    groups = [[survey.facts[i] for i in g] for g in equal([_pixels(f) for f in survey.facts])]
    found = _by_place((group, "equal to") for group in groups)
    for place in COPIES:
        if here := found[place.where]:
            names = _listed(" = ".join(map(_label, g[:4])) for g, _ in here)
            text = f"{place.say(len(here), 'picture', survey)}, pixel for pixel: {names}."
            yield Finding(place.kind, place.severity, text, place.advice, *_members(here))
    yield from _conflicts(groups)


def near_copies(survey: Survey) -> Iterator[Finding]:
    """Find pictures that look the same: scaled, saved anew, mirrored or with another contrast."""
    facts = survey.facts
    found = _by_place(
        ([facts[i], facts[j]], f"{c:.1%} like")
        for i, j, c in similar([f.look for f in facts])
        if facts[i].pixels != facts[j].pixels
    )
    for place in NEAR_COPIES:
        # Neighbouring slices of one patient look alike and stay together: they are left alone.
        if here := [g for g in found[place.where] if len({f.patient for f in g[0]}) > 1]:
            names = _listed(" ≈ ".join(map(_label, g)) for g, _ in here)
            text = f"{place.say(len(here), 'pair', survey)} look the same: {names}."
            yield Finding(place.kind, place.severity, text, place.advice, *_members(here))


def patients(survey: Survey) -> Iterator[Finding]:
    """Find patients whose images are in more than one subset."""
    subsets: dict[str, set[str]] = defaultdict(set)
    for f in survey.facts:
        if f.subset:
            subsets[f.patient].add(f.subset)
    if torn := {p: " and ".join(sorted(found)) for p, found in subsets.items() if len(found) > 1}:
        cases = [f for f in survey.facts if f.patient in torn and f.subset]
        yield Finding(
            "patient across subsets",
            "error",
            f"A leak: {plural(len(torn), 'patient')} in more than one subset of the split: "
            f"{_listed(f'{p} in {found}' for p, found in torn.items())}.",
            "Scores of such a split are too good: make a new one, by patients.",
            tuple(f.name for f in cases),
            tuple(f"patient {f.patient} in {f.subset}" for f in cases),
        )


def masks(survey: Survey) -> Iterator[Finding]:
    """Find masks with foreground that belong to several different images."""
    groups = [[survey.facts[i] for i in g] for g in equal([f.labels for f in survey.facts])]
    if groups := [g for g in groups if len({f.pixels for f in g if f.pixels}) > 1]:
        yield Finding(
            "mask twice",
            "warning",
            f"{plural(len(groups), 'mask')} with foreground at several different images: "
            f"{_listed(' and '.join(map(_label, g[:4])) for g in groups)}.",
            "Check that these images have their own masks.",
            *_members((g, "the mask of") for g in groups),
        )


def _conflicts(groups: Sequence[Sequence[CaseFacts]]) -> Iterator[Finding]:
    if torn := [g for g in groups if len({f.labels for f in g if f.classes}) > 1]:
        yield Finding(
            "two masks for one image",
            "warning",
            f"{plural(len(torn), 'picture')} with different masks: "
            f"{_listed(' and '.join(map(_label, g[:4])) for g in torn)}.",
            "Only one mask of each can be right; leave the others out.",
            *_members((g, "the image of") for g in torn),
        )


def _by_place(groups: Iterable[Group]) -> dict[str, list[Group]]:
    found: dict[str, list[Group]] = defaultdict(list)
    for group, how in groups:
        found[_where(group)].append((group, how))
    return found


def _where(group: Sequence[CaseFacts]) -> Where:
    if len({f.subset for f in group if f.subset}) > 1:
        return "subsets"
    return "patients" if len({f.patient for f in group}) > 1 else "patient"


def _pixels(facts: CaseFacts) -> bytes:
    """Return the hash to compare: images of one value are found by a rule of their own."""
    return b"" if facts.flat else facts.pixels


def _members(groups: Iterable[Group]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return every case once, and as its note some of the others of its group."""
    notes: dict[str, list[str]] = defaultdict(list)
    for group, how in groups:
        for f in group:
            others = (o for o in group if o is not f)
            notes[f.name] += [f"{how} {_label(o)}" for o in islice(others, MOST_NOTED)]
    return tuple(notes), tuple("; ".join(n[:MOST_NOTED]) for n in notes.values())


def _label(facts: CaseFacts) -> str:
    return f"{facts.name} ({facts.subset})" if facts.subset else facts.name


def _listed(items: Iterable[str]) -> str:
    items = list(items)
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(items[:SHOWN]) + more
