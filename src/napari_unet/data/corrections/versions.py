"""What is kept of a data set: its cases that were corrected, and the versions of each."""

from __future__ import annotations

import json
from pathlib import Path

from napari_unet.data.corrections.places import (
    CASE,
    case_dir,
    case_folders,
    corrections_dir,
    entries,
    numbers,
)
from napari_unet.data.corrections.records import Version, load


def versions(root: str | Path, case: str) -> tuple[Version, ...]:
    """Return all versions of a case, the oldest first; damaged ones say so, deleted ones are left.

    Those of which only a number is claimed yet are left out.
    """
    folder = case_dir(root, case)
    found = map(load, entries(folder))
    return tuple(v for v in found if not v.deleted)


def deleted(root: str | Path, case: str) -> tuple[Version, ...]:
    """Return the versions of a case that were deleted and can still be brought back."""
    return tuple(v for v in map(load, entries(case_dir(root, case))) if v.deleted)


def cases(root: str | Path) -> dict[str, Path]:
    """Return the cases that were ever corrected, with their folders."""
    found = {}
    for name in sorted(case_folders(root)):
        folder = corrections_dir(root) / name
        try:
            told = json.loads((folder / CASE).read_text(encoding="utf-8"))
            found[str(told["case"])] = folder
        except (OSError, ValueError, KeyError, TypeError):
            continue  # nothing was saved there yet, or it is none of ours
    return found


def bytes_of(root: str | Path, case: str = "") -> int:
    """Return how much of the disk the corrections of a case take, or of the whole data set."""
    folders = [case_dir(root, case)] if case else list(cases(root).values())
    return sum(_size(e.path) for folder in folders for e in entries(folder))


def last_number(folder: Path) -> int:
    """Return the highest number that is taken in a case's folder, 0 if none is."""
    return max(numbers(folder), default=0)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
