"""Files and stores that hold an image and its mask."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from napari_unet.data.dataset import open_dataset
from napari_unet.data.pairing import find_pairs


def write_h5(path: Path, **arrays: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array


def test_hdf5_files_hold_both_or_are_paired_by_name(tmp_path: Path, disc: np.ndarray) -> None:
    write_h5(tmp_path / "a.h5", raw=disc * 9, label=disc)
    write_h5(tmp_path / "images" / "b.h5", data=disc * 9)
    write_h5(tmp_path / "masks" / "b.h5", data=disc)
    (tmp_path / "bad.h5").write_bytes(b"nothing")
    found = find_pairs(tmp_path)
    assert [(p.image.name, p.mask == p.image) for p in found.pairs] == [
        ("a.h5", True),
        ("b.h5", False),
    ]
    assert found.pairs[0].reason == "image and mask in one HDF5 file"
    assert [(u.path.name, "HDF5" in u.reason) for u in found.unpaired] == [("bad.h5", True)]
    assert len(open_dataset(tmp_path)) == 2


def test_a_zarr_store_with_labels_is_a_case(tmp_path: Path, disc: np.ndarray) -> None:
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(tmp_path / "data" / "a.zarr", mode="w")
    group.create_array("image", data=disc * 9)
    group.create_array("mask", data=disc)
    found = find_pairs(tmp_path / "data")
    assert [p.reason for p in found.pairs] == ["image and labels in one Zarr store"]
    assert found.unpaired == ()


def test_the_volume_of_nuclei_is_a_case(real_data) -> None:
    data = open_dataset(real_data("nuclei3d"))
    assert [c.reason for c in data.cases] == ["image and mask in one HDF5 file"]
