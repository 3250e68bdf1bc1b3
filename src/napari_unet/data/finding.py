"""The cases of a folder, found by names, tables and headers alone: no mask is looked at."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from napari_unet.data.audit import leftout
from napari_unet.data.cases import Case, LeftOut
from napari_unet.data.corrections import applying as corrections
from napari_unet.data.formats import stem_of
from napari_unet.data.pairing.edits import Edits, load_edits, repaired
from napari_unet.data.pairing.find import Pairing, find_pairs
from napari_unet.data.patients import Patients, find_patients, patient_column

MOST_TAG_VALUES = 20  # a column with more different values is no tag


class Cases(NamedTuple):
    """The cases of a folder before any mask was looked at, and what they were found by."""

    pairing: Pairing
    cases: tuple[Case, ...]
    left_out: tuple[LeftOut, ...]
    patients: Patients
    notes: tuple[str, ...] = ()


def find_cases(
    root: Path, pairs: str | Path = "", edited: bool = True, without: Path | None = None
) -> Cases:
    """Find the cases of a folder as `open_dataset` does, by names, tables and headers alone.

    ``without`` is a folder in it that is not looked at. There may be no case at all.

    Raises
    ------
    DataError
        If the folder is missing or may not be read, or the table names no pairs.
    """
    changes = load_edits(root) if edited else Edits()
    pairing = repaired(find_pairs(root, pairs, without), root, changes)
    names = _names(root, [pair.image for pair in pairing.pairs])
    patients = find_patients(
        root,
        pairing,
        names,
        merge_letters=changes.merge_letters,
        given={root / image: patient for image, patient in changes.patients.items()},
    )
    tags = _tags(pairing)
    cases = tuple(
        Case(
            names[pair.image],
            pair.image,
            pair.mask,
            patients.of[pair.image],
            pair.reason,
            tags.get(pair.image, {}),
            pair.confidence,
            pair.masks if len(pair.masks) > 1 else (),
            changes.axes,
        )
        for pair in pairing.pairs
    )
    corrected = corrections.apply(root, cases) if edited else corrections.Applied(cases, ())
    taking_part, left_out = leftout.divide(root, corrected.cases, leftout.load(root))
    return Cases(pairing, taking_part, left_out, patients, corrected.notes)


def _names(root: Path, images: Sequence[Path]) -> dict[Path, str]:
    """Name cases by their images' paths without suffix; with it where two would be the same."""
    relative = {image: image.relative_to(root) for image in images}
    short = {i: rel.with_name(stem_of(rel) or rel.name).as_posix() for i, rel in relative.items()}
    twice = Counter(short.values())
    return {i: n if twice[n] == 1 else relative[i].as_posix() for i, n in short.items()}


def _tags(pairing: Pairing) -> dict[Path, dict[str, str]]:
    """Keep what tables say in a few words: columns with few different values, not the patient."""
    values = defaultdict(set)
    for pair in pairing.pairs:
        for column, value in pairing.facts.get(pair.image, {}).items():
            values[column].add(value)
    most = min(MOST_TAG_VALUES, len(pairing.pairs) // 2)
    columns = {c for c, found in values.items() if 2 <= len(found) <= max(most, 2)}
    columns.discard(patient_column(values))
    return {
        image: {c: v for c, v in facts.items() if c in columns}
        for image, facts in pairing.facts.items()
    }
