"""NumPy's own format, one array per file; nothing in it is ever unpickled."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.readers.memory import LAZY_FROM, hollow, lazily
from napari_unet.data.readers.raster import Raster
from napari_unet.errors import DataError

SUFFIXES = (".npy",)


def read(path: Path) -> Raster:
    """Read an array of two to five axes, lazily if it is large; a file does not name its axes."""
    stored = _mapped(path)
    if stored.nbytes <= LAZY_FROM:
        return Raster(np.array(stored))
    return Raster(lazily(lambda: nullcontext(_mapped(path))))


def header(path: Path) -> Raster:
    """Return what `read` does, with an array that has no values."""
    stored = _mapped(path)
    return Raster(hollow(stored.shape, stored.dtype))


def _mapped(path: Path) -> NDArray[Any]:
    """Open without reading; NumPy checks that the file is as long as its header says."""
    with path.open("rb") as file:
        if file.read(2) == b"PK":
            raise DataError("it is an .npz archive; save one array per .npy file")
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array
