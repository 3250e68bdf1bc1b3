"""Saving a correction as a new version: whole or not at all, and never in another's place."""

from __future__ import annotations

import getpass
import json
import os
import platform
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.corrections.labels import checksum
from napari_unet.data.corrections.places import CASE, Role, case_dir, record_path
from napari_unet.data.corrections.records import FORMAT, Version, keep_record, now
from napari_unet.data.corrections.versions import last_number
from napari_unet.data.readers.writers import layout_of, write_labels, writing
from napari_unet.data.scan import Scan
from napari_unet.workspace import atomic


@dataclass(frozen=True)
class Told:
    """What is told of labels besides themselves; see `Version`."""

    based_on: int = 0
    model: str = ""
    classes: int = 0
    added: int = 0
    removed: int = 0
    dice: float | None = None
    by: str = ""
    objects: bool = False
    image: tuple[int, ...] = ()
    layout: tuple[int, ...] = ()


def save(
    root: str | Path,
    case: str,
    labels: NDArray[Any],
    role: Role,
    like: Scan | None = None,
    told: Told | None = None,
) -> Version:
    """Keep labels of a case as a new version, which counts from then on.

    Parameters
    ----------
    root : str or Path
        The data set's folder, in which nothing is written.
    case : str
        The case's name.
    labels : numpy.ndarray
        Class indices, with the axes of ``like`` but channels.
    role : str
        What was painted on: "reference" or "prediction".
    like : Scan or None
        The image that they lie on. A volume with a place in the world is written as NIfTI, which
        keeps it, anything else as compressed TIFF.
    told : Told
        What is told of them.

    Raises
    ------
    DataError
        If the labels are none, or cannot be written; nothing that was there is changed then.
    """
    folder, told = case_dir(root, case), told or Told()
    told = completed(told, labels, like)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _name(folder, case)
        number = _claim(folder)
    path = folder / f"{number:04d}.{role}{suffix_for(labels, like)}"
    try:
        write_labels(path, labels, like)
        with writing(path):
            version = _version(number, path, role, case, labels.shape, told)
            keep_record(version)
    except BaseException:
        path.unlink(missing_ok=True)
        record_path(folder, number).unlink(missing_ok=True)
        raise
    return version


def adopt(case: str, labels: Path, role: Role, shape: tuple[int, ...], told: Told) -> Version:
    """Make a version of a file of labels in the case's folder; the file stays.

    Raises
    ------
    DiskError
        If that cannot be written.
    """
    folder = labels.parent
    with writing(folder):
        number = _claim(folder)
        suffix = ".tif" if labels.suffix == ".tif" else ".nii.gz"
        path = folder / f"{number:04d}.{role}{suffix}"
        with atomic(path) as temporary:
            shutil.copyfile(labels, temporary)
        version = _version(number, path, role, case, shape, told)
        keep_record(version)
    return version


def suffix_for(labels: NDArray[Any], like: Scan | None) -> str:
    """Return how labels are stored: what has a place in space as NIfTI, else as TIFF."""
    placed = like is not None and (
        like.geometry is not None or like.affine is not None or like.spacing is not None
    )
    spatial = like is not None and like.axes.removesuffix("c") in ("zyx", "tzyx")
    return ".nii.gz" if placed and spatial else ".tif"


def difference(before: NDArray[Any], after: NDArray[Any]) -> tuple[int, int]:
    """Return how many pixels have another class: foreground by now, and background by now."""
    other = before != after
    added = int(np.count_nonzero(other & (after != 0)))
    return added, int(np.count_nonzero(other)) - added


def person() -> str:
    """Return who works here: the user and the machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container without users
        user = "somebody"
    return f"{user}@{platform.node() or 'this machine'}"


def _version(
    number: int, path: Path, role: Role, case: str, shape: tuple[int, ...], told: Told
) -> Version:
    return Version(
        number,
        path,
        now(),
        role,
        told.by or person(),
        case,
        told.based_on,
        told.model,
        tuple(map(int, shape)),
        told.classes,
        told.added,
        told.removed,
        told.dice,
        path.stat().st_size,
        checksum(path),
        told.layout,
        told.objects,
        told.image,
    )


def completed(told: Told, labels: NDArray[Any], like: Scan | None) -> Told:
    """Return what is told of labels with what follows from them and their image."""
    layout: tuple[int, ...] = ()
    if suffix_for(labels, like) == ".nii.gz":
        geometry = layout_of(labels, like)
        layout = (*geometry.order, *map(int, geometry.flips))
    return replace(told, image=() if like is None else stamp(like.source), layout=layout)


def stamp(image: Path) -> tuple[int, ...]:
    """Return what changes when an image's file does; nothing for a folder that is an image."""
    try:
        found = image.stat()
    except OSError:
        return ()
    return (found.st_mtime_ns, found.st_size) if image.is_file() else ()


def _claim(folder: Path) -> int:
    """Take the next number: whoever makes its file first has it, on this machine or another."""
    number = last_number(folder) + 1
    while True:
        try:
            os.close(os.open(record_path(folder, number), os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            number += 1
        else:
            return number


def _name(folder: Path, case: str) -> None:
    """Say in a case's folder whose it is."""
    path = folder / CASE
    if not path.exists():
        with atomic(path) as temporary:
            text = json.dumps({"format": FORMAT, "case": case}, ensure_ascii=False)
            temporary.write_text(text, encoding="utf-8")
