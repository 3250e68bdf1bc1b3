"""A data set made of arrays, such as those that are open in a viewer: images and masks as files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.readers.writers import OME_UNITS, write_labels
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError
from napari_unet.workspace import atomic

IMAGES, MASKS = "images", "masks"
STORED = "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"


@dataclass(frozen=True, eq=False)
class Pair:
    """An image and the labels of its pixels, as arrays.

    ``image`` is ``(H, W)``, a volume ``(D, H, W)``, or either with channels last where ``colour``
    is true; ``labels`` has the same shape but for the channels. ``spacing`` and ``units`` have an
    entry for each axis of ``labels``; empty where a pixel has no known size.
    """

    name: str
    image: Any
    labels: Any
    colour: bool = False
    spacing: tuple[float, ...] = ()
    units: tuple[str, ...] = ()


def write_pairs(folder: str | Path, pairs: Sequence[Pair]) -> Path:
    """Write pairs into ``images`` and ``masks`` of a new folder, under equal names.

    Images keep their stored values. The folder appears whole or not at all, as far as files do.

    Raises
    ------
    DataError
        If there are none, the folder exists, shapes do not fit, or the disk is full.
    """
    folder = Path(folder)
    if not pairs:
        raise DataError("Choose at least one image and its labels.")
    if folder.exists():
        raise DataError(f"{folder} exists already: choose another name.")
    scans = [_scan(pair) for pair in pairs]
    names = _names(pairs)
    for name, pair, scan in zip(names, pairs, scans, strict=True):
        _write_image(folder / IMAGES / f"{name}.tif", scan)
        labels = np.asarray(pair.labels)
        write_labels(folder / MASKS / f"{name}.tif", labels, scan)
    return folder


def _scan(pair: Pair) -> Scan:
    """Return a pair's image with its axes, after checking that its labels fit."""
    image, shape = np.asarray(pair.image), tuple(np.shape(pair.labels))
    spatial = image.shape[:-1] if pair.colour else image.shape
    if spatial != shape:
        raise DataError(
            f"{pair.name}: the image is {spatial} and its labels {shape}. Choose labels that were "
            "painted on this image."
        )
    if len(shape) not in (2, 3):
        raise DataError(f"{pair.name} has {len(shape)} axes; a picture or a volume is needed.")
    if image.dtype.name not in STORED:
        raise DataError(f"{pair.name}: pixels of the type {image.dtype} cannot be trained on.")
    if not np.any(pair.labels):
        raise DataError(f"{pair.name}: nothing is painted on its labels.")
    axes = "zyx"[-len(shape) :] + ("c" if pair.colour else "")
    known = bool(pair.spacing) and any(u != "pixel" for u in pair.units)
    return Scan(
        image.astype(np.uint8) if image.dtype == bool else image,
        axes,
        Path(pair.name),
        pair.spacing if known else None,
        pair.units if known else (),
    )


def _names(pairs: Sequence[Pair]) -> list[str]:
    """Return a file name for each pair that every file system takes, no two alike."""
    names: list[str] = []
    for i, pair in enumerate(pairs, 1):
        plain = re.sub(r"[^\w.-]+", "_", pair.name).strip("._") or f"image_{i}"
        names.append(plain if plain.casefold() not in map(str.casefold, names) else f"{plain}_{i}")
    return names


def _write_image(path: Path, scan: Scan) -> None:
    """Write an image as TIFF with OME's metadata of its axes and sizes."""
    import tifffile

    array: NDArray[Any] = scan.array
    metadata: dict[str, Any] = {"axes": scan.axes.upper().replace("C", "S")}
    for axis, size, unit in zip(scan.axes, scan.spacing or (), scan.units, strict=False):
        if unit != "pixel":
            name = f"PhysicalSize{axis.upper()}"
            metadata |= {name: size, f"{name}Unit": OME_UNITS.get(unit, unit)}
    colour = scan.channels and array.shape[-1] in (3, 4)
    try:
        with atomic(path) as temporary, temporary.open("wb") as file:
            tifffile.imwrite(
                file,
                array,
                compression="zlib",
                ome=True,
                metadata=metadata,
                photometric="rgb" if colour else "minisblack",
            )
    except OSError as e:
        raise DataError(
            f"{path} could not be written ({e.strerror or e}). Free some space and try again."
        ) from e
