"""What is kept of a case: its versions, what is told of each, and their labels."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.corrections.places import (
    CASE,
    Entry,
    Role,
    case_dir,
    case_folders,
    corrections_dir,
    entries,
    entry,
    numbers,
    record_path,
)
from napari_unet.data.readers.space import Geometry
from napari_unet.data.readers.writers import writing
from napari_unet.errors import DataError
from napari_unet.workspace import atomic

FORMAT = 1
BLOCK = 2**22  # bytes of a file that are read at once
NEVER_KEPT = ("path", "number", "damage")  # of a version: they follow from where it lies


@dataclass(frozen=True)
class Version:
    """One state of a case's labels that a person made.

    Attributes
    ----------
    number : int
        From 1; counts the versions of a case, whichever their roles.
    path : Path
        The file of labels: class indices.
    saved : str
        Date and time (UTC, ISO 8601).
    role : str
        What was painted on: "reference" or "prediction".
    by : str
        The user and the machine.
    case : str
        The case's name.
    based_on : int
        The version that was painted on; 0 for the mask as it came, or what a network made.
    model : str
        The name of that network.
    shape : tuple of int
        That of the labels and of the image they lie on, without channels.
    classes : int
        Number of foreground classes when it was saved.
    added, removed : int
        Pixels that have another class than in what was painted on: those that are foreground
        since, and those that are background.
    dice : float or None
        Mean Dice of the classes against the reference that counted then; None if not known.
    size : int
        Bytes of the file.
    checksum : str
        SHA-256 of the file.
    layout : tuple of int
        Of NIfTI: for the labels' last three axes the file's, then 1 for each that it counts the
        other way.
    objects : bool
        Whether the labels number objects instead of naming classes.
    image : tuple of int
        When the image was last written (ns) and its bytes; empty if it is no file.
    deleted : str
        When a person deleted it; empty if nobody did.
    damage : str
        Why it cannot be used; empty if it can.
    """

    number: int
    path: Path
    saved: str
    role: Role
    by: str
    case: str = ""
    based_on: int = 0
    model: str = ""
    shape: tuple[int, ...] = ()
    classes: int = 0
    added: int = 0
    removed: int = 0
    dice: float | None = None
    size: int = 0
    checksum: str = ""
    layout: tuple[int, ...] = ()
    objects: bool = False
    image: tuple[int, ...] = ()
    deleted: str = ""
    damage: str = ""

    @property
    def usable(self) -> bool:
        """Whether it is neither deleted nor known to be damaged."""
        return not self.deleted and not self.damage


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


def load(of: Entry) -> Version:
    """Return what the record of a version tells; what is wrong with it is in ``damage``."""
    number, role, path = of
    try:
        told = json.loads(record_path(path.parent, number).read_text(encoding="utf-8"))
        if told.pop("format") > FORMAT:
            raise ValueError("it was written by a newer napari-unet")
        told.pop("version", None)
        for several in ("shape", "layout", "image"):
            told[several] = tuple(map(int, told[several]))
        version = Version(number, path, **told)
        size = path.stat().st_size
        if not version.deleted and size != version.size:
            return replace(version, damage=f"it has {size:,} bytes, not {version.size:,}")
        return version
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return Version(number, path, "", role, "", damage=f"its record cannot be read ({error})")


def keep_record(version: Version) -> None:
    """Write the record of a version, whole or not at all.

    Raises
    ------
    OSError
        If that cannot be done.
    """
    told = {k: v for k, v in asdict(version).items() if k not in NEVER_KEPT}
    path = record_path(version.path.parent, version.number)
    with atomic(path) as temporary:
        text = {"format": FORMAT, "version": version.number, **told}
        temporary.write_text(json.dumps(text, indent=1, ensure_ascii=False), encoding="utf-8")


def at(path: Path) -> Version:
    """Return the version whose labels are in a file, which need not be there any more."""
    found = entry(path)
    if found is None:
        return Version(0, path, "", "reference", "", damage="this is no file of a correction")
    return load(found)


# --- labels -------------------------------------------------------------------------------------


def read_classes(path: Path) -> NDArray[Any]:
    """Return the class indices in a file of labels; numbered objects become the only class.

    Raises
    ------
    DataError
        As for `read`, or if objects are numbered and there are several classes.
    """
    version = at(path)
    labels = read(version)
    if not version.objects:
        return labels
    if version.classes > 1:
        raise DataError(f"{path}: numbered objects do not say of which class they are.")
    return (labels > 0).astype(np.uint8)


def read(version: Version) -> NDArray[Any]:
    """Return the labels of a version, in memory: class indices (or objects) of its shape.

    Raises
    ------
    DataError
        If they are damaged or gone; the message says which.
    """
    try:
        if version.damage:
            raise DataError(version.damage)
        if checksum(version.path) != version.checksum:
            raise DataError("its bytes are not those that were saved")
        labels = read_labels(version.path, version.shape, version.layout)
    except Exception as error:  # decoders raise anything at all on damaged files
        raise DataError(
            f"Version {version.number} of {version.case or version.path.parent.name} is damaged: "
            f"{version.path} ({error}). Restore another version or the original mask."
        ) from error
    return labels


def read_labels(path: Path, shape: Sequence[int], layout: Sequence[int] = ()) -> NDArray[Any]:
    """Return the labels in a file of this room, as they were written.

    Parameters
    ----------
    path : Path
        A TIFF or NIfTI file.
    shape : sequence of int
        Theirs.
    layout : sequence of int
        Of NIfTI, see `Version`.

    Raises
    ------
    DataError
        If they have another shape; whatever a decoder raises, besides.
    """
    labels = _tiff(path) if path.suffix == ".tif" else _nifti(path, layout)
    if labels.size != math.prod(shape):
        raise DataError(f"it has the shape {labels.shape}, not {tuple(shape)}")
    return labels.reshape(shape)


def _tiff(path: Path) -> NDArray[Any]:
    import tifffile

    return np.asarray(tifffile.imread(path))


def _nifti(path: Path, layout: Sequence[int]) -> NDArray[Any]:
    import nibabel

    # Not by this program's reader: it turns a volume by its place in the world, which may not be
    # how the image's own file lay.
    stored: Any = nibabel.load(path)
    array = np.asarray(stored.dataobj)
    z, y, x, *flips = layout
    flip_z, flip_y, flip_x = map(bool, flips)
    geometry = Geometry(array.shape[:3], np.eye(4), (z, y, x), (flip_z, flip_y, flip_x))
    upright = geometry.upright(array)
    return np.asarray(np.moveaxis(upright, -1, 0) if upright.ndim == 4 else upright)


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            found.update(block)
    return found.hexdigest()


# --- deleting, by a person's wish -----------------------------------------------------------------


def delete(version: Version) -> Version:
    """Take a version away; `undelete` brings it back until `purge` was called.

    Whoever calls sees to it that it does not count (see `choices.counting`).

    Raises
    ------
    DiskError
        If that cannot be noted.
    """
    gone = replace(version, deleted=now())
    _keep(gone)
    return gone


def undelete(version: Version) -> Version:
    """Bring a deleted version back.

    Raises
    ------
    DataError
        If its labels are gone for good, or that cannot be noted.
    """
    if not version.path.exists():
        raise DataError(f"Version {version.number} was deleted for good.")
    back = replace(version, deleted="")
    _keep(back)
    return back


def purge(root: str | Path, case: str) -> int:
    """Delete the labels of deleted versions for good; return the bytes that became free.

    Their records stay, so that their numbers are never used again.
    """
    freed = 0
    for version in deleted(root, case):
        version.path.unlink(missing_ok=True)
        freed += version.size
    return freed


def bytes_of(root: str | Path, case: str = "") -> int:
    """Return how much of the disk the corrections of a case take, or of the whole data set."""
    folders = [case_dir(root, case)] if case else list(cases(root).values())
    return sum(_size(e.path) for folder in folders for e in entries(folder))


def _keep(version: Version) -> None:
    with writing(version.path):
        keep_record(version)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def now() -> str:
    """Return the date and time as records hold them."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def last_number(folder: Path) -> int:
    """Return the highest number that is taken in a case's folder, 0 if none is."""
    return max(numbers(folder), default=0)
