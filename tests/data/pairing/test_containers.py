"""Files and stores that hold an image and its mask."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from napari_unet.data.dataset import open_dataset
from napari_unet.data.pairing.find import Pairing, find_pairs


def names(pairing: Pairing, root: Path) -> dict[str, str]:
    return {
        p.image.relative_to(root).as_posix(): p.mask.relative_to(root).as_posix()
        for p in pairing.pairs
    }


def left_out(pairing: Pairing, root: Path) -> dict[str, str]:
    return {u.path.relative_to(root).as_posix(): u.reason for u in pairing.unpaired}


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


def test_matlab_files_hold_both_or_are_paired_by_name(folder, cjdata, disc: np.ndarray) -> None:
    from scipy.io import savemat

    root = folder("notes.png")
    cjdata("root/7.mat", disc, disc, "MR1")
    (root / "images").mkdir()
    (root / "masks").mkdir()
    savemat(root / "images" / "1.mat", {"image": disc})
    savemat(root / "masks" / "1.mat", {"mask": disc})
    savemat(root / "cvind.mat", {"fold": 1.0})
    (root / "bad.mat").write_bytes(b"nothing")
    found = find_pairs(root)
    assert names(found, root) == {"7.mat": "7.mat", "images/1.mat": "masks/1.mat"}
    assert found.facts[root / "7.mat"] == {"PID": "MR1", "tumor_type": "meningioma"}
    reasons = left_out(found, root)
    assert reasons["cvind.mat"] == "holds neither an image nor a mask"
    assert "cannot be read" in reasons["bad.mat"]
