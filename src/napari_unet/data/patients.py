"""Whose image is it: patients from a table, a file's field, a folder, or a name.

The slices of one person look alike, so that a model tested on a person it was trained on looks
better than it is. Where nothing says whose an image is, it counts as a person of its own.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from napari_unet.data.cases import Dataset
from napari_unet.data.formats import stem_of
from napari_unet.data.pairing.find import Pairing
from napari_unet.data.pairing.names import (
    FORMAT_WORDS,
    IMAGE_WORDS,
    MASK_WORDS,
    SPLIT_WORDS,
    tokens,
)
from napari_unet.errors import DataError

# In order of preference; "case" and "study" are persons only if nothing better is there.
COLUMNS = (
    *("patientid", "patient", "patientname", "subjectid", "subject", "pid", "person", "personid"),
    *("participantid", "participant", "individual", "donor", "animal", "mouse", "mrn"),
    *("caseid", "case", "studyid", "study"),
)
UNKNOWN = frozenset({"", "unknown", "none", "nan", "null", "na", "n a", "anonymous", "anon"})
PERSON_WORDS = frozenset(
    {
        *("patient", "patients", "pat", "subject", "subj", "sub", "case", "person", "participant"),
        *("volume", "vol"),  # the slices of one scan are one person's
    }
)
UNKNOWN_SOURCE = "unknown: every image counts as a patient of its own"
# A number behind one of these counts something other than people.
OTHER_WORDS = frozenset(
    {
        *SPLIT_WORDS,
        *IMAGE_WORDS,
        *MASK_WORDS,
        *FORMAT_WORDS,
        *("class", "grade", "stage", "type", "group", "set", "dataset", "data", "batch", "part"),
        *(
            "site",
            "scanner",
            "center",
            "centre",
            "level",
            "task",
            "version",
            "v",
            "size",
            "px",
            "x",
        ),
        *("cohort", "run", "frame", "id", "fold", "exp", "experiment", "position", "pos", "field"),
        *("day", "week", "month", "year", "series", "plate", "well", "t"),
    }
)
# Patients at the beginning of a file's name, only as they are written by common collections:
# patient12, sub-01 (BIDS), TCGA-CS-4941, and BraTS-GLI-00012, LUNG1-001 and the like (TCIA).
NAMED = re.compile(
    r"(?:(?i:patient|pat|subject|subj|sub|case|person|participant)[ _-]?\d+[a-z]?"
    r"|(?i:TCGA[-_][A-Z0-9]{2}[-_][A-Z0-9]{4})"
    r"|(?P<collection>[A-Z][A-Za-z]+\d?(?:-[A-Z]+)?)-\d{3,5})(?=[ _.-])"
)
# An id before the number of a slice: P001_slice12, volume_1_slice_42, hippocampus_001-z7.
SLICED = re.compile(
    r"(?P<of>.*\d.*?)[ _-](?:slice|slc|sl|frame|fr|axial|sagittal|coronal|layer|z|img|image)"
    r"[ _-]?\d+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Patients:
    """The patient of every image, where that is known from, and what should be said of it."""

    of: Mapping[Path, str]
    source: str
    notes: tuple[str, ...] = ()


def find_patients(
    root: Path,
    pairing: Pairing,
    names: Mapping[Path, str],
    *,
    merge_letters: bool = True,
    given: Mapping[Path, str] | None = None,
) -> Patients:
    """Find out whose each image is.

    Parameters
    ----------
    root : Path
        The data set's folder.
    pairing : Pairing
        Its pairs, with what tables and MATLAB files say.
    names : mapping of Path to str
        Case names, which stand in for patients where these are unknown.
    merge_letters : bool
        Whether ids that differ only in a last letter are one person.
    given : mapping of Path to str
        What a person said about some images; it counts more than all else.
    """
    images = [pair.image for pair in pairing.pairs]
    for find in (_from_facts, _from_folders, _from_names, _from_slices):
        known, source = find(root, images, pairing)
        if known:
            break
    else:
        source = UNKNOWN_SOURCE
    merged, notes = _merge_letters(known, merge_letters)
    column = patient_column({c for facts in pairing.facts.values() for c in facts})
    if column and not known:
        notes.append(f"{column!r} in {pairing.facts_from} is there, but names nobody")
    if missing := len(images) - len(merged) if known else 0:
        notes.append(f"{missing} of {len(images)} images have no known patient: each is its own")
    of = {i: merged.get(i, names[i]) for i in images}
    if chosen := {i: p for i, p in (given or {}).items() if i in of and p}:
        of |= chosen
        source = _by_hand(source, chosen)
    return Patients(of, source, tuple(notes))


def with_patients(dataset: Dataset, patients: Mapping[str, str]) -> Dataset:
    """Return a data set in which some cases, by their names, belong to other patients.

    Raises
    ------
    DataError
        If there is no such case, or a patient's name is empty.
    """
    known = {c.name for c in dataset.cases}
    if unknown := [name for name in patients if name not in known]:
        raise DataError(f"There is no case {unknown[0]!r} in {dataset.root}.")
    if empty := [name for name, patient in patients.items() if not patient.strip()]:
        raise DataError(f"Say whose {empty[0]!r} is: a patient's name cannot be empty.")
    cases = tuple(
        replace(c, patient=patients.get(c.name, c.patient).strip()) for c in dataset.cases
    )
    return replace(dataset, cases=cases, patient_source=_by_hand(dataset.patient_source, patients))


def _by_hand(source: str, patients: Mapping[Any, str]) -> str:
    by_hand = f"{len(patients)} set by hand"
    source = source.partition("; ")[0]
    return by_hand if source == UNKNOWN_SOURCE else f"{source}; {by_hand}"


def patient_column(columns: Iterable[str]) -> str:
    """Return the column that names patients, or an empty string."""
    plain = {"".join(tokens(c)): c for c in columns}
    return next((plain[c] for c in COLUMNS if c in plain), "")


# --- sources ------------------------------------------------------------------------------------


def _from_facts(
    root: Path, images: Sequence[Path], pairing: Pairing
) -> tuple[dict[Path, str], str]:
    column = patient_column({c for facts in pairing.facts.values() for c in facts})
    known = {}
    for image in images:
        patient = pairing.facts.get(image, {}).get(column, "")
        if " ".join(tokens(patient)) not in UNKNOWN:
            known[image] = patient.removesuffix(".0")  # numbers that went through a spreadsheet
    return known, f"{column!r} in {pairing.facts_from}"


def _from_folders(
    root: Path, images: Sequence[Path], pairing: Pairing
) -> tuple[dict[Path, str], str]:
    """Take the first folder that looks like a person's, if nearly all images have one."""
    folders = {image: image.relative_to(root).parts[:-1] for image in images}
    levels = zip(*folders.values(), strict=False)
    shared = sum(1 for _ in itertools.takewhile(lambda level: len(set(level)) == 1, levels))
    known = {}
    for image, parts in folders.items():
        if person := next((p for p in parts[shared:] if _looks_personal(p)), ""):
            known[image] = person
    if len(known) < 0.9 * len(images) or len(set(known.values())) < 2:
        return {}, ""
    return known, "one folder per patient"


@lru_cache(maxsize=4096)
def _looks_personal(folder: str) -> bool:
    """Say whether a folder's name is an id: it has a number, and that counts nothing else."""
    words = tokens(folder)
    if not any(w.isdigit() for w in words):
        return False
    return bool(PERSON_WORDS & set(words)) or not OTHER_WORDS & set(words)


def _from_names(
    root: Path, images: Sequence[Path], pairing: Pairing
) -> tuple[dict[Path, str], str]:
    """Take ids such as ``patient12_`` at the beginning of the files' names, if all have them."""
    matches = {i: match for i in images if (match := NAMED.match(i.name))}
    known = {i: m[0] for i, m in matches.items() if not _counts_others(m["collection"] or "")}
    if len(known) < len(images) or not _groups(known):
        return {}, ""
    return known, f"the beginning of the file names, such as {images[0].name!r}"


def _from_slices(
    root: Path, images: Sequence[Path], pairing: Pairing
) -> tuple[dict[Path, str], str]:
    """Take what stands before the number of a slice or frame, if all names have one."""
    known = {i: m["of"] for i in images if (m := SLICED.fullmatch(stem_of(i)))}
    if len(known) < len(images) or not _groups(known):
        return {}, ""
    return known, f"the file names without the number of the slice, such as {images[0].name!r}"


def _groups(known: Mapping[Path, str]) -> bool:
    """Say whether there are several patients, and some of them have several images."""
    return 1 < len(set(known.values())) < len(known)


def _counts_others(word: str) -> bool:
    return bool(OTHER_WORDS & set(re.split(r"[-\d]", word.casefold())))


# --- one person, several ids --------------------------------------------------------------------


def _merge_letters(known: Mapping[Path, str], wanted: bool) -> tuple[dict[Path, str], list[str]]:
    """Merge ids that differ only in one letter after the last digit: visits of one person."""
    variants: dict[str, set[str]] = defaultdict(set)
    for patient in known.values():
        variants[_without_letter(patient)].add(patient)
    merged = {
        image: base if len(variants[base := _without_letter(patient)]) > 1 else patient
        for image, patient in known.items()
    }
    before, after = sum(map(len, variants.values())), len(variants)
    if before == after:
        return merged, []
    example = min(sorted(ids)[:2] for ids in variants.values() if len(ids) > 1)
    if not wanted:
        return dict(known), [
            f"{before} patient ids are kept apart as you said; some differ only in a last letter "
            f"({', '.join(example)})"
        ]
    return merged, [
        f"{before} patient ids are taken as {after} people: ids that differ only in a last letter "
        f"({', '.join(example)}) are one person"
    ]


def _without_letter(patient: str) -> str:
    return re.sub(r"(?<=\d)[A-Za-z]$", "", patient)
