"""HDF5: which array, which axes, which sizes."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from napari_unet.data.formats import describe_image, read_image, read_mask
from napari_unet.data.readers import hdf5
from napari_unet.errors import DataError

VOLUME = np.arange(6 * 7 * 8, dtype=np.uint16).reshape(6, 7, 8)


def write(path: Path, **arrays: np.ndarray) -> Path:
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name.replace("__", "/")] = array
    return path


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("raw", "label"),
        ("image", "mask"),
        ("data", "segmentation"),
        ("volumes__raw", "volumes__labels__ids"),
    ],
)
def test_names_tell_image_from_mask(tmp_path: Path, image: str, mask: str) -> None:
    path = write(tmp_path / "a.h5", **{mask: VOLUME % 3, image: VOLUME, "z": np.arange(6)})
    scan = read_image(path)
    assert np.array_equal(scan.array, VOLUME)
    assert (scan.axes, describe_image(path).shape) == ("zyx", (6, 7, 8))
    assert "6 slices" in scan.guess
    assert np.array_equal(read_mask(path), VOLUME % 3)


def test_the_only_array_is_either(tmp_path: Path) -> None:
    path = write(tmp_path / "a.hdf5", exported=VOLUME)
    assert np.array_equal(read_image(path).array, VOLUME)
    assert np.array_equal(read_mask(path), VOLUME)


def test_a_person_may_say_which(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", a=VOLUME, deep__b=VOLUME + 1)
    with pytest.raises(DataError, match="several arrays in it could be the image: a, deep/b"):
        read_image(path)
    assert np.array_equal(read_image(path, array="/deep/b").array, VOLUME + 1)
    assert read_image(path, array="a", axes="tyx").axes == "tyx"
    with pytest.raises(DataError, match="no array 'c' in it"):
        read_image(path, array="c")


def test_sizes_and_axes_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", raw=VOLUME)
    with h5py.File(path, "a") as file:
        file["raw"].attrs["element_size_um"] = [2.0, 0.5, 0.25]
        file["raw"].attrs["axistags"] = json.dumps({"axes": [{"key": k} for k in "tyx"]})
    scan = read_image(path)
    assert (scan.axes, scan.guess) == ("tyx", "")
    assert scan.spacing == (1.0, 0.5, 0.25)
    with h5py.File(path, "a") as file:
        for dim, label in zip(file["raw"].dims, "zyx", strict=True):
            dim.label = label
    scan = read_image(path)
    assert (scan.axes, scan.spacing, scan.units) == ("zyx", (2.0, 0.5, 0.25), ("um",) * 3)


def test_large_arrays_are_read_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hdf5, "LAZY_FROM", 100)
    scan = read_image(write(tmp_path / "a.h5", raw=VOLUME))
    assert scan.lazy
    assert np.array_equal(np.asarray(scan.array), VOLUME)


def test_links_to_other_files_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "other.h5", raw=VOLUME)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["image"] = h5py.ExternalLink("other.h5", "raw")
        file["around"] = h5py.SoftLink("/")
    with pytest.raises(DataError, match="no array in it looks like image"):
        read_image(tmp_path / "a.h5")


def test_the_real_volume(real_data) -> None:
    path = next(real_data("nuclei3d").rglob("*.h5"))
    scan, mask = read_image(path), read_mask(path)
    with h5py.File(path) as file:
        assert np.array_equal(scan.array, file["raw"])
        assert np.array_equal(mask, file["label"])
        assert scan.spacing == tuple(file["raw"].attrs["element_size_um"])
    assert (scan.axes, scan.units) == ("zyx", ("um",) * 3)
