"""NumPy's own format, one array per file; nothing in it is ever unpickled."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_unet.data.raster import MAX_PIXELS, Raster
from napari_unet.errors import DataError

SUFFIXES = (".npy",)


def read(path: Path) -> Raster:
    """Read ``(H, W)``, ``(H, W, C)`` or ``(C, H, W)``; axes of length one do not count."""
    stored = _mapped(path)
    height, width, channels = _sizes(stored.shape)
    array = stored.squeeze()
    if channels > 1 and array.shape[-1] != channels:
        array = np.moveaxis(array, 0, -1)
    return Raster(np.array(array).reshape((height, width, channels)[: 2 + (channels > 1)]))


def shape(path: Path) -> tuple[int, int, int]:
    """Return height, width and channels from the header alone."""
    return _sizes(_mapped(path).shape)


def _mapped(path: Path) -> np.ndarray:
    """Open without reading; NumPy checks that the file is as long as its header says."""
    with path.open("rb") as file:
        if file.read(2) == b"PK":
            raise DataError("it is an .npz archive; save one array per .npy file")
    array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _sizes(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return height, width and channels of an array's shape.

    A third axis counts as channels if it is last or first and has at most four entries.
    """
    sizes = tuple(n for n in shape if n != 1)
    if len(sizes) == 2:
        result = (*sizes, 1)
    elif len(sizes) == 3 and sizes[2] <= 4:
        result = sizes
    elif len(sizes) == 3 and sizes[0] <= 4:
        result = (sizes[1], sizes[2], sizes[0])
    else:
        raise DataError(f"its shape {shape} is not that of one image; save one image per file")
    if result[0] * result[1] > MAX_PIXELS:
        raise DataError("it is too large to be read at once; cut it into tiles")
    return result
