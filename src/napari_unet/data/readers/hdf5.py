"""HDF5: the array that is named like an image or like a mask, read with h5py.

Sizes come from an attribute ``element_size_um`` (z, y, x in µm), axes from the labels of an array's
dimensions or ilastik's ``axistags``. Links to other files are not followed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_unet.data.readers.arrays import choose_array, has_both
from napari_unet.data.readers.memory import LAZY_FROM, hollow, lazily, nbytes
from napari_unet.data.readers.raster import Raster
from napari_unet.data.scan import AXES
from napari_unet.errors import DataError

SUFFIXES = (".h5", ".hdf5")
MOST = 10_000  # arrays and groups of a file that are looked at
SIZE_UM = "element_size_um"


def read_image(path: Path, array: str = "") -> Raster:
    """Read the image of a file, lazily if it is large."""
    return _read(path, "image", array)


def read_mask(path: Path, array: str = "") -> Raster:
    """Read the mask of a file, lazily if it is large."""
    return _read(path, "mask", array)


def header(path: Path, array: str = "") -> Raster:
    """Return what `read_image` does, with an array that has no values."""
    with _opened(path) as file:
        found = _choose(file, "image", array)
        return _raster(found, hollow(found.shape, found.dtype), len(_datasets(file)))


def holds_both(path: Path) -> bool:
    """Say whether a file holds an image and its mask as two arrays."""
    with _opened(path) as file:
        return has_both({name: d.shape for name, d in _datasets(file).items()})


def _read(path: Path, what: str, array: str) -> Raster:
    with _opened(path) as file:
        found = _choose(file, what, array)
        if nbytes(found.shape, found.dtype) <= LAZY_FROM:
            return _raster(found, np.asarray(found[()]), len(_datasets(file)))
        name, chunks = found.name, found.chunks or (1, *found.shape[1:])
        lazy = lazily(partial(_dataset, path, name), chunks)
        return _raster(found, lazy, len(_datasets(file)))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import h5py

    if not h5py.is_hdf5(path):
        raise DataError("it is no HDF5 file, whatever its name says, or it is cut short")
    # Locks fail on some network drives, and nobody writes to these files.
    with h5py.File(path, "r", locking=False) as file:
        yield file


@contextmanager
def _dataset(path: Path, name: str) -> Iterator[Any]:
    with _opened(path) as file:
        yield file[name]


def _datasets(file: Any) -> dict[str, Any]:
    """Return the arrays of a file by path; links, which may lead in circles, are not followed."""
    import h5py

    found: dict[str, Any] = {}
    seen = 0

    def visit(name: str, item: Any) -> bool | None:
        nonlocal seen
        seen += 1
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "buif" and item.shape:
            found[name] = item
        return True if seen >= MOST else None

    file.visititems(visit)
    return found


def _choose(file: Any, what: str, array: str) -> Any:
    found = _datasets(file)
    return found[choose_array({name: d.shape for name, d in found.items()}, what, array)]


def _raster(dataset: Any, array: Any, count: int) -> Raster:
    spacing = _spacing(dataset)
    return Raster(
        array,
        _axes(dataset),
        spacing=spacing,
        units=dict.fromkeys(spacing, "um"),
        note=f"of {count} arrays in it, {dataset.name.strip('/')!r} is used" if count > 2 else "",
    )


def _spacing(dataset: Any) -> dict[str, float]:
    """Return the sizes that an array, its group or the file states, by axis."""
    for place in (dataset, dataset.parent, dataset.file):
        sizes = np.ravel(place.attrs.get(SIZE_UM, ()))
        if sizes.dtype.kind in "uif" and 2 <= len(sizes) <= 3 and (sizes > 0).all():
            return dict(zip("zyx"[-len(sizes) :], map(float, sizes), strict=True))
    return {}


def _axes(dataset: Any) -> str:
    """Return the letters of an array's axes if it names them all, else nothing."""
    names = [str(d.label).casefold() for d in dataset.dims]
    if not all(names):
        try:
            tags = json.loads(dataset.attrs.get("axistags", "{}"))["axes"]
            names = [str(t["key"]).casefold() for t in tags]
        except (KeyError, TypeError, ValueError):
            return ""
    axes = "".join(n[:1] for n in names)
    fits = len(axes) == len(dataset.shape) and set(axes) <= set(AXES)
    return axes if fits and len(set(axes)) == len(axes) else ""
