"""What may be read into the memory, and what is better left on the disk until it is looked at."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from napari_unet.data.scan import Array
from napari_unet.errors import DataError
from napari_unet.quantities import shape_words, size_words

LAZY_FROM = 2**28  # bytes from which on a file that allows it is read piece by piece
MOST_PIECES = 2**20  # of a lazy array
PIECE = 2**20  # bytes that one piece should have at least
SHARE = 0.8  # of the free memory that one image may take


def check_fits(shape: Sequence[int], dtype: DTypeLike) -> None:
    """Refuse what does not fit into the free memory, before any of it is asked for.

    Raises
    ------
    DataError
        With both sizes.
    """
    import psutil

    needed, free = nbytes(shape, dtype), psutil.virtual_memory().available
    if needed > SHARE * free:
        size = shape_words(shape)
        raise DataError(
            f"its {size} values take {size_words(needed)} of memory, and {size_words(free)} are "
            "free; use a smaller part of it"
        )


def nbytes(shape: Sequence[int], dtype: DTypeLike) -> int:
    """Return the size of an array, however absurd, in bytes."""
    return math.prod(map(int, shape)) * np.dtype(dtype).itemsize


def load(array: Array) -> NDArray[Any]:
    """Return an array's values in memory.

    Raises
    ------
    DataError
        If they do not fit.
    """
    if not isinstance(array, np.ndarray):
        check_fits(array.shape, array.dtype)
    return np.asarray(array)


class OnDisk:
    """An array in a file that is opened for each piece of it: nothing stays open, nothing locked.

    ``opened`` returns a context whose value has a shape, a dtype and can be sliced.
    """

    def __init__(self, opened: Callable[[], AbstractContextManager[Any]]) -> None:
        self.opened = opened
        with opened() as array:
            self.shape = tuple(map(int, array.shape))
            self.dtype = np.dtype(array.dtype)
        self.ndim = len(self.shape)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        with self.opened() as array:
            return np.asarray(array[key])


def lazily(
    opened: Callable[[], AbstractContextManager[Any]], chunks: Sequence[int] | None = None
) -> Array:
    """Return a dask array whose pieces are read when they are asked for.

    ``chunks`` are those of the file; small ones are put together, since each costs time. Without
    them, pieces are cut along the first axes.

    Raises
    ------
    DataError
        If one piece does not fit into the memory, or there are absurdly many.
    """
    import dask.array as da

    stored = OnDisk(opened)
    grown = _grown(
        stored.shape, stored.dtype, chunks or (*(1,) * (stored.ndim - 2), *stored.shape[-2:])
    )
    check_fits(grown, stored.dtype)
    pieces = math.prod(-(-n // c) for n, c in zip(stored.shape, grown, strict=True) if c)
    if pieces > MOST_PIECES:
        raise DataError(f"its header is damaged: it promises {pieces:.2g} pieces of pixels")
    array: Array = da.from_array(stored, grown, name=False)  # type: ignore[no-untyped-call]
    return array


def _grown(shape: Sequence[int], dtype: np.dtype[Any], chunks: Sequence[int]) -> tuple[int, ...]:
    """Return multiples of a file's chunks, larger along the last axes first."""
    sizes = [max(1, min(c, n)) for c, n in zip(chunks, shape, strict=True)]
    for axis in reversed(range(len(sizes))):
        while nbytes(sizes, dtype) < PIECE and sizes[axis] < shape[axis]:
            sizes[axis] = min(sizes[axis] * 2, shape[axis])
    return tuple(sizes)


def hollow(shape: Sequence[int], dtype: DTypeLike) -> NDArray[Any]:
    """Return an array of a shape and type that takes no memory: what a header knows of one."""
    return np.broadcast_to(np.zeros((), dtype), tuple(map(int, shape)))
