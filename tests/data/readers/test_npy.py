"""NumPy files."""

from pathlib import Path

import numpy as np
import pytest

from napari_unet.data.readers import npy
from napari_unet.data.readers.raster import as_image, describe
from napari_unet.errors import DataError


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ((6, 9), (6, 9)),
        ((1, 6, 9), (6, 9)),
        ((6, 9, 1), (6, 9)),
        ((6, 9, 3), (6, 9, 3)),
        ((3, 6, 9), (6, 9, 3)),
        ((1, 2, 6, 9), (6, 9, 2)),
        ((20, 6, 9), (20, 6, 9)),
        ((2, 20, 6, 9), (20, 6, 9, 2)),
        ((20, 6, 9, 3), (20, 6, 9, 3)),
        ((7, 20, 6, 9), (7, 20, 6, 9)),
    ],
)
def test_shapes(tmp_path: Path, stored: tuple[int, ...], read: tuple[int, ...]) -> None:
    path = tmp_path / "a.npy"
    array = np.arange(np.prod(stored), dtype=np.float32).reshape(stored)
    np.save(path, array)
    found = as_image(npy.read(path)).array
    assert found.shape == read
    assert found.dtype == np.float32
    assert describe(npy.header(path)).shape == read
    assert found.flat[0] == 0
    assert sorted(found.ravel()) == sorted(array.ravel())


def test_channels_first_are_moved_last(tmp_path: Path) -> None:
    array = np.arange(162).reshape(3, 6, 9)
    np.save(tmp_path / "a.npy", array)
    assert np.array_equal(as_image(npy.read(tmp_path / "a.npy")).array, np.moveaxis(array, 0, -1))


@pytest.mark.parametrize("shape", [(5,), (5, 6, 7, 8, 9, 5), (0, 5)])
def test_what_is_no_image_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "a.npy", np.zeros(shape))
    with pytest.raises(DataError, match="shape"):
        as_image(npy.read(tmp_path / "a.npy"))


def test_large_arrays_are_read_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(npy, "LAZY_FROM", 100)
    array = np.arange(54).reshape(6, 9)
    np.save(tmp_path / "a.npy", array)
    scan = as_image(npy.read(tmp_path / "a.npy"))
    assert scan.lazy
    assert np.array_equal(np.asarray(scan.array), array)


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(ValueError, match="Python objects"):
        npy.read(tmp_path / "a.npy")


def test_an_archive_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "a.npy").open("wb") as file:
        np.savez(file, a=np.zeros((4, 4)))
    with pytest.raises(DataError, match="npz"):
        npy.read(tmp_path / "a.npy")
