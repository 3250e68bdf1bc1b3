"""Where corrections lie: one folder for a data set, in it one for a case, in it its versions."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from napari_unet.errors import DataError
from napari_unet.workspace import dataset_folder

Role = Literal["reference", "prediction"]
ROLES: tuple[Role, ...] = ("reference", "prediction")
CASE = "case.json"  # in a case's folder: whose it is
LABELS = re.compile(r"(\d{4,})\.(reference|prediction)\.(tif|nii\.gz)")
RECORD = re.compile(r"(\d{4,})\.json")
DRAFT = re.compile(r"draft\.([0-9a-f]+)\.json")
READABLE = 60  # characters of a case's name that are seen in its folder's


class Entry(NamedTuple):
    """A file of labels in a case's folder, as far as its name tells."""

    number: int
    role: Role
    path: Path


def corrections_dir(root: str | Path) -> Path:
    """Return the folder of all corrections of the data set in ``root`` (which is not made)."""
    return dataset_folder(root, "corrections")


def case_dir(root: str | Path, case: str) -> Path:
    """Return the folder of a case's corrections (which is not made).

    Its name begins as the case's does, for people to find it; a mark of the whole tells apart what
    no file system would.
    """
    return corrections_dir(root) / case_folder(case)


def case_folder(case: str) -> str:
    """Return the name of a case's folder."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "_", case)[-READABLE:].strip("._-")
    mark = hashlib.blake2b(case.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    return f"{readable or 'case'}-{mark}"


def case_folders(root: str | Path) -> frozenset[str]:
    """Return the names of all cases' folders, in one look at the disk.

    Raises
    ------
    DataError
        If there is something that cannot be read.
    """
    folder = corrections_dir(root)
    try:
        with os.scandir(folder) as found:
            return frozenset(entry.name for entry in found)
    except FileNotFoundError:
        return frozenset()
    except OSError as error:
        raise DataError(
            f"The corrections in {folder} cannot be read ({error.strerror or error}). Make the "
            "folder readable, or move it away to go on without them."
        ) from error


def entries(folder: Path) -> list[Entry]:
    """Return the labels in a case's folder by their numbers, as their files' names tell."""
    return sorted(e for name in _names(folder) if (e := entry(folder / name)) is not None)


def entry(path: Path) -> Entry | None:
    """Return what the name of a file of labels tells; None if it is none."""
    if (m := LABELS.fullmatch(path.name)) is None:
        return None
    return Entry(int(m[1]), "reference" if m[2] == "reference" else "prediction", path)


def numbers(folder: Path) -> list[int]:
    """Return the numbers in a case's folder that are taken, in their order."""
    return sorted({int(m[1]) for name in _names(folder) if (m := re.match(r"(\d{4,})\.", name))})


def record_path(folder: Path, number: int) -> Path:
    """Return where the record of a version lies."""
    return folder / f"{number:04d}.json"


def drafts(folder: Path) -> Iterator[Path]:
    """Yield the records of drafts in a case's folder."""
    return (folder / name for name in _names(folder) if DRAFT.fullmatch(name))


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as found:
            return [entry.name for entry in found]
    except (FileNotFoundError, NotADirectoryError):
        return []
