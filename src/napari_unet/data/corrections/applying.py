"""Corrections put in the place of references, where they still fit the image and the classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from napari_unet.data.cases import Case, LabelRule
from napari_unet.data.corrections.choices import counted
from napari_unet.data.corrections.records import Version, at
from napari_unet.data.corrections.writing import stamp
from napari_unet.data.formats import describe_scan
from napari_unet.errors import DataError
from napari_unet.quantities import shape_words


class Applied(NamedTuple):
    """Cases with the corrections that stand for their references, and what is odd about them."""

    cases: tuple[Case, ...]
    notes: tuple[str, ...]


def apply(root: Path, cases: Sequence[Case]) -> Applied:
    """Give each case the correction that counts as its reference; no mask is looked at."""
    counts = counted(root, {case.name: case for case in cases})
    notes = [
        f"version {v.number} of {v.case or v.path.parent.name} is damaged ({v.damage}) and is "
        f"passed over: {v.path}"
        for v in counts.passed
    ]
    found = []
    for case in cases:
        version = counts.reference.get(case.name)
        if version is not None:
            if note := misfit(version, case):
                notes.append(f"{case.name}: {note} The original mask is used.")
            else:
                case = replace(case, correction=version.path)
        found.append(case)
    return Applied(tuple(found), tuple(notes))


def misfit(version: Version, case: Case) -> str:
    """Say why a version does not belong to a case's image any more; empty if it does."""
    if version.image and version.image == stamp(case.image):
        return ""
    try:
        now = describe_scan(case).spatial
    except DataError:
        return ""  # said when the image is read
    if now == version.shape:
        return ""
    sizes = (shape_words(shape) for shape in (version.shape, now))
    return f"Version {version.number} was painted on an image of {{}}, which is {{}} now.".format(
        *sizes
    )


def with_classes(cases: Sequence[Case], rule: LabelRule) -> Applied:
    """Take away the corrections that were made when masks were read with other classes."""
    found, notes = [], []
    for case in cases:
        version = at(case.correction) if case.correction is not None else None
        if version is not None and version.classes not in (0, rule.classes):
            notes.append(
                f"{case.name}: version {version.number} was made with {version.classes} classes, "
                f"of which there are {rule.classes} now. The original mask is used."
            )
            case = replace(case, correction=None)
        found.append(case)
    return Applied(tuple(found), tuple(notes))
