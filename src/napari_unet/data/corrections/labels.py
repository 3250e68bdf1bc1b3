"""The labels of a version, as they were saved or not at all."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.corrections.records import Version, at
from napari_unet.data.readers.space import Geometry
from napari_unet.errors import DataError


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
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
