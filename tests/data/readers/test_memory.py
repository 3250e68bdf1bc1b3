"""What is read at once, what piece by piece, and what is refused."""

from contextlib import nullcontext
from types import SimpleNamespace

import dask.array as da
import numpy as np
import psutil
import pytest

from napari_unet.data.readers import memory
from napari_unet.data.readers.memory import check_fits, hollow, lazily, load
from napari_unet.errors import DataError


def test_more_than_is_free_is_refused_before_it_is_asked_for() -> None:
    check_fits((1000, 1000), np.uint8)
    with pytest.raises(DataError, match=r"1000000 × 1000000 values take 1,000 GB"):
        check_fits((10**6, 10**6), np.uint8)
    with pytest.raises(DataError, match="free"):
        load(da.zeros((10**7, 10**7), chunks=(10**4, 10**4)))
    half = psutil.virtual_memory().available // 2
    check_fits((half,), np.uint8)


def test_hollow_arrays_take_no_memory() -> None:
    array = hollow((10**6, 10**6), np.float64)
    assert (array.shape, array.dtype) == ((10**6, 10**6), np.float64)
    assert array[5, 7] == 0


class Counted:
    """An array that counts how often it is opened and what is read of it."""

    def __init__(self, array: np.ndarray) -> None:
        self.array, self.opened, self.read = array, 0, 0

    def __call__(self) -> nullcontext:
        self.opened += 1
        return nullcontext(self)

    def __getattr__(self, name: str) -> object:
        return getattr(self.array, name)

    def __getitem__(self, key: object) -> np.ndarray:
        part = self.array[key]
        self.read += part.size
        return part


def test_only_the_pieces_that_are_looked_at_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "PIECE", 100)
    source = Counted(np.arange(20 * 10 * 10, dtype=np.uint8).reshape(20, 10, 10))
    array = lazily(source, (1, 10, 10))
    assert source.read == 0
    assert np.array_equal(np.asarray(array[7]), source.array[7])
    assert source.read == 100
    assert np.array_equal(load(array), source.array)


def test_small_pieces_are_put_together() -> None:
    source = Counted(np.zeros((64, 64, 64), np.uint8))
    assert lazily(source, (1, 4, 4)).npartitions == 1
    assert lazily(source).npartitions == 1


def test_absurdly_many_or_large_pieces_are_refused() -> None:
    absurd = SimpleNamespace(shape=(10**9, 10**9, 10**3), dtype=np.dtype(np.uint8))

    def opened() -> nullcontext:
        return nullcontext(absurd)

    with pytest.raises(DataError, match="pieces"):
        lazily(opened, (1, 64, 64))
    with pytest.raises(DataError, match="memory"):
        lazily(opened, (10**9, 10**9, 1))
