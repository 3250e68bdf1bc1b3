"""Where the probabilities of an array go: into the memory, or into Zarr stores on the disk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from napari_unet.data.readers.writers import writing
from napari_unet.errors import DataError
from napari_unet.unet.pieces import BLOCK, Piece

UNCERTAINTY = ".uncertainty"  # before the suffix of the store beside that of the probabilities


class Kept:
    """Probabilities in memory, uint8 ``(K, …)``, and the uncertainty, both as large as the image.

    Parameters
    ----------
    shape
        The image's sides, without channels.
    planes
        Probabilities of each pixel.
    uncertain
        Whether there is an uncertainty.
    """

    def __init__(self, shape: Sequence[int], planes: int, uncertain: bool) -> None:
        self.probabilities = np.empty((planes, *shape), np.uint8)
        self.uncertainty = np.empty(shape, np.uint8) if uncertain else None

    def add(self, piece: Piece) -> None:
        """Put a piece in its place."""
        self.probabilities[:, *piece.box] = piece.probabilities
        if self.uncertainty is not None and piece.uncertainty is not None:
            self.uncertainty[piece.box] = piece.uncertainty


class Stores:
    """Zarr arrays that take what `Kept` does."""

    def __init__(
        self, folder: Path, shape: Sequence[int], planes: int, uncertain: bool, dims: int
    ) -> None:
        block = (*(1,) * (len(shape) - dims), *BLOCK[dims])
        chunks = tuple(min(n, b) for n, b in zip(shape, block, strict=True))
        self._probabilities = _array(folder / "found", (planes, *shape), (1, *chunks))
        self._uncertainty = _array(folder / "unsure", shape, chunks) if uncertain else None

    def add(self, piece: Piece) -> None:
        """Write a piece in its place."""
        self._probabilities[:, *piece.box] = piece.probabilities
        if self._uncertainty is not None:
            self._uncertainty[piece.box] = piece.uncertainty


def beside(out: str | Path) -> Path:
    """Return where the uncertainty lies that belongs to the probabilities in the store ``out``."""
    path = Path(out)
    return path.with_name(path.stem + UNCERTAINTY + path.suffix)


@contextmanager
def stores(
    out: str | Path, shape: Sequence[int], planes: int, uncertain: bool, dims: int
) -> Iterator[Stores]:
    """Give `Stores` that lie at ``out``, and `beside` it, once the block ends without error.

    Until then they have a name that begins with a dot; after an error nothing is left.

    Raises
    ------
    DataError
        If there is something at ``out`` already, or the disk refuses.
    """
    path = Path(out)
    places = (path, beside(path)) if uncertain else (path,)
    for place in places:
        if place.exists():
            raise DataError(f"{place} exists already. Choose another name, or move it away.")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        try:
            yield Stores(folder, shape, planes, uncertain, dims)
            for made, place in zip(("found", "unsure"), places, strict=False):
                (folder / made).replace(place)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _array(path: Path, shape: Sequence[int], chunks: tuple[int, ...]) -> Any:
    import zarr

    return zarr.create_array(path, shape=tuple(shape), chunks=chunks, dtype=np.uint8)


def opened(store: str) -> Any:
    """Open a Zarr array to be read piece by piece.

    Raises
    ------
    DataError
        If there is none, or it holds no real numbers.
    """
    import zarr

    if not Path(store).exists():
        raise DataError(f"There is no Zarr store {store}.")
    try:
        found = zarr.open(store, mode="r")
    except Exception as e:  # zarr raises anything at all on damaged stores
        raise DataError(f"{store} cannot be read as a Zarr array ({type(e).__name__}: {e}).") from e
    if not isinstance(found, zarr.Array):
        raise DataError(f"{store} is a Zarr group: name the array in it that is to be segmented.")
    if found.dtype.kind not in "buif":
        raise DataError(f"{store} holds no real numbers ({found.dtype}).")
    return found
