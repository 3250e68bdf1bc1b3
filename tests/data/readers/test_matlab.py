"""MATLAB files, new and old."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from napari_unet.data.readers import matlab
from napari_unet.data.readers.raster import as_image, describe
from napari_unet.errors import DataError


@pytest.fixture
def scan() -> np.ndarray:
    return np.arange(24 * 32, dtype=np.int16).reshape(24, 32)


def test_cjdata_of_the_new_kind(cjdata, scan: np.ndarray, disc: np.ndarray) -> None:
    path = cjdata("1.mat", scan, disc, "MR024780B", label=2)
    assert matlab.header(path) == matlab.Header(
        "cjdata/image", "cjdata/tumorMask", (24, 32, 1), "MR024780B", {"tumor_type": "glioma"}
    )
    image, mask = matlab.read_image(path), matlab.read_mask(path)
    assert np.array_equal(image.array, scan)
    assert image.array.dtype == np.int16
    assert np.array_equal(mask.array, disc)
    assert image.patient == "MR024780B"
    assert describe(matlab.describe(path)).shape == (24, 32)


def test_cjdata_of_the_old_kind(tmp_path: Path, scan: np.ndarray, disc: np.ndarray) -> None:
    path = tmp_path / "1.mat"
    struct = {"image": scan, "tumorMask": disc, "PID": "100360", "label": 3, "tumorBorder": [1, 2]}
    savemat(path, {"cjdata": struct})
    assert matlab.header(path) == matlab.Header(
        "cjdata/image", "cjdata/tumorMask", (24, 32, 1), "100360", {"tumor_type": "pituitary"}
    )
    assert np.array_equal(matlab.read_image(path).array, scan)
    assert np.array_equal(matlab.read_mask(path).array, disc)


@pytest.mark.parametrize("names", [("image", "mask"), ("IMG", "Seg"), ("scan", "label")])
def test_plain_variables(
    tmp_path: Path, scan: np.ndarray, disc: np.ndarray, names: tuple[str, str]
) -> None:
    path = tmp_path / "1.mat"
    savemat(path, {names[0]: scan, names[1]: disc, "other": 1.0})
    assert np.array_equal(matlab.read_image(path).array, scan)
    assert np.array_equal(matlab.read_mask(path).array, disc)


def test_the_only_picture_needs_no_name(tmp_path: Path, disc: np.ndarray) -> None:
    savemat(tmp_path / "1.mat", {"A": disc, "n": 3})
    assert np.array_equal(matlab.read_image(tmp_path / "1.mat").array, disc)
    assert np.array_equal(matlab.read_mask(tmp_path / "1.mat").array, disc)
    assert matlab.header(tmp_path / "1.mat").mask == ""


def test_colour_keeps_its_order(tmp_path: Path) -> None:
    colour = np.arange(24 * 32 * 3, dtype=np.uint8).reshape(24, 32, 3)
    with h5py.File(tmp_path / "1.mat", "w") as file:
        file["image"] = colour.T
    assert np.array_equal(matlab.read_image(tmp_path / "1.mat").array, colour)
    assert describe(matlab.describe(tmp_path / "1.mat")).shape == (24, 32, 3)


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_slices_come_last_in_a_file_and_first_in_a_scan(tmp_path: Path, version: str) -> None:
    volume = np.arange(24 * 32 * 7, dtype=np.int16).reshape(24, 32, 7)
    if version == "5":
        savemat(tmp_path / "1.mat", {"image": volume, "extra": volume + 1})
    else:
        with h5py.File(tmp_path / "1.mat", "w") as file:
            file["image"], file["extra"] = volume.T, volume.T + 1
    scan = as_image(matlab.read_image(tmp_path / "1.mat"))
    assert scan.axes == "zyx"
    assert np.array_equal(scan.array, np.moveaxis(volume, -1, 0))
    assert "7 slices" in scan.guess
    other = as_image(matlab.read_image(tmp_path / "1.mat", "extra"))
    assert np.array_equal(other.array, scan.array + 1)
    with pytest.raises(DataError, match="no variable 'nothing'"):
        matlab.read_image(tmp_path / "1.mat", "nothing")


def test_a_number_is_a_patient_too(tmp_path: Path, scan: np.ndarray) -> None:
    savemat(tmp_path / "1.mat", {"image": scan, "PatientID": 17.0})
    assert matlab.header(tmp_path / "1.mat").patient == "17"


def test_a_file_without_pictures_says_what_it_holds(tmp_path: Path) -> None:
    savemat(tmp_path / "1.mat", {"fold": np.arange(5.0)})
    assert matlab.header(tmp_path / "1.mat").image == ""
    with pytest.raises(DataError, match="it holds fold"):
        matlab.read_image(tmp_path / "1.mat")


def test_the_real_files(real_data) -> None:
    path = real_data("brain_tumor_mat") / "1.mat"
    found = matlab.header(path)
    assert (found.shape, found.patient, found.tags) == (
        (512, 512, 1),
        "UNKNOWN",
        {"tumor_type": "meningioma"},
    )


def test_version_4_is_read_too(tmp_path: Path, scan: np.ndarray, disc: np.ndarray) -> None:
    savemat(tmp_path / "1.mat", {"image": scan, "mask": disc}, format="4")
    assert np.array_equal(matlab.read_image(tmp_path / "1.mat").array, scan)
