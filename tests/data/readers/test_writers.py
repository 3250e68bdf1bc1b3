"""Labels lie where their scan does, in every format that can say so."""

import errno
import itertools
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_unet.data.formats import read_image, read_mask
from napari_unet.data.readers.writers import write_labels
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError


def turned(order: tuple[int, ...], signs: tuple[int, ...]) -> np.ndarray:
    a = np.deg2rad(15)
    affine = np.eye(4)
    about = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    affine[:3, :3] = about @ (np.eye(3)[:, list(order)] * signs) * (0.5, 0.75, 3.0)
    affine[:3, 3] = -12.5, 33.0, 71.25
    return affine


@pytest.fixture
def labels() -> np.ndarray:
    return (np.arange(5 * 6 * 7).reshape(5, 6, 7) % 11).astype(np.int64)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("suffix", [".nii.gz", ".nii"])
def test_nifti_is_written_in_the_scans_own_grid(
    tmp_path: Path, labels: np.ndarray, order: tuple[int, ...], suffix: str
) -> None:
    made = nibabel.Nifti1Image(labels.astype(np.int16), turned(order, (1, -1, -1)))
    made.set_sform(made.affine, 2)
    nibabel.save(made, tmp_path / "scan.nii.gz")
    scan = read_image(tmp_path / "scan.nii.gz")
    path = write_labels(tmp_path / f"labels{suffix}", scan.array.astype(np.int64), scan)
    said, written = nibabel.load(tmp_path / "scan.nii.gz"), nibabel.load(path)
    assert np.array_equal(written.affine, said.affine)
    assert int(written.header["sform_code"]) == 2
    assert np.array_equal(np.asarray(written.dataobj), np.asarray(said.dataobj))
    assert written.get_data_dtype() == np.uint8
    assert np.array_equal(read_mask(path), scan.array)


def test_nothing_of_the_patient_goes_along(tmp_path: Path, labels: np.ndarray) -> None:
    made = nibabel.Nifti1Image(labels.astype(np.int16), np.eye(4))
    made.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"Mrs Jones"))
    nibabel.save(made, tmp_path / "scan.nii")
    scan = read_image(tmp_path / "scan.nii")
    path = write_labels(tmp_path / "labels.nii", np.ones(scan.spatial, int), scan)
    assert b"Jones" in (tmp_path / "scan.nii").read_bytes()
    assert b"Jones" not in path.read_bytes()


def test_a_plane_of_a_volume_goes_back_to_its_place(tmp_path: Path, labels: np.ndarray) -> None:
    affine = turned((0, 2, 1), (1, 1, 1))
    nibabel.save(nibabel.Nifti1Image(labels[:, :1].astype("i2"), affine), tmp_path / "scan.nii")
    scan = read_image(tmp_path / "scan.nii")
    assert scan.axes == "yx"
    path = write_labels(tmp_path / "labels.nii", scan.array.astype(int), scan)
    written = nibabel.load(path)
    assert np.array_equal(written.affine, nibabel.load(tmp_path / "scan.nii").affine)
    assert np.array_equal(np.asarray(written.dataobj), labels[:, :1])


def test_channels_and_times(tmp_path: Path) -> None:
    array = np.arange(5 * 6 * 7 * 9, dtype=np.int16).reshape(5, 6, 7, 9)
    nibabel.save(nibabel.Nifti1Image(array % 11, turned((1, 2, 0), (1, 1, -1))), tmp_path / "t.nii")
    film = read_image(tmp_path / "t.nii")
    path = write_labels(tmp_path / "labels.nii", film.array.astype(int), film)
    assert np.array_equal(np.asarray(nibabel.load(path).dataobj), array % 11)
    as_channels = read_image(tmp_path / "t.nii", axes="zyxc")
    first = as_channels.array[..., 0].astype(int)
    path = write_labels(tmp_path / "first.nii", first, as_channels)
    assert np.array_equal(np.asarray(nibabel.load(path).dataobj), array[..., 0] % 11)


def test_a_scan_of_another_format_gives_its_place(tmp_path: Path, labels: np.ndarray) -> None:
    shape = (5, 6, 7)
    affine = np.eye(4)
    affine[:3, 3] = 10, 20, 30
    scan = Scan(labels, "zyx", Path("a.tif"), (3.0, 0.75, 0.5), ("mm",) * 3, affine)
    path = write_labels(tmp_path / "labels.nii.gz", labels, scan)
    written = nibabel.load(path)
    assert written.shape == shape[::-1]
    # x and y of LPS are the negative of those of RAS
    expected = np.diag([-0.5, -0.75, 3.0, 1])
    expected[:3, 3] = -30, -20, 10
    assert np.allclose(written.affine, expected)
    again = read_image(path)
    assert np.array_equal(again.array, labels)
    assert again.spacing == scan.spacing
    assert np.allclose(again.affine, affine)


def test_micrometres_stay_micrometres(tmp_path: Path, labels: np.ndarray) -> None:
    scan = Scan(labels, "zyx", Path("a.tif"), (2.0, 0.5, 0.5), ("um",) * 3)
    again = read_image(write_labels(tmp_path / "a.nii", labels, scan))
    assert (again.spacing, again.units) == (scan.spacing, scan.units)


def test_dicom_labels_lie_on_the_series(tmp_path: Path, real_data) -> None:
    pytest.importorskip("SimpleITK")
    folder = next(p for p in real_data("dicom_mr").rglob("*") if any(p.glob("*.dcm")))
    scan = read_image(folder)
    labels = (scan.array > np.median(scan.array)).astype(int)
    again = read_image(write_labels(tmp_path / "a.nii.gz", labels, scan))
    assert np.array_equal(again.array, labels)
    assert np.allclose(again.spacing, scan.spacing)
    assert np.allclose(again.affine, scan.affine, atol=1e-5)


@pytest.mark.parametrize(("ndim", "axes"), [(2, "yx"), (3, "zyx"), (4, "tzyx")])
def test_tiff_keeps_axes_and_sizes(tmp_path: Path, ndim: int, axes: str) -> None:
    labels = np.arange(70_000, 70_000 + 8**ndim).reshape((8,) * ndim)
    spacing, units = (7.0, 3.0, 0.75, 0.5)[-ndim:], ("s", "um", "um", "mm")[-ndim:]
    path = tmp_path / "a.tif"
    write_labels(path, labels, Scan(labels, axes, path, spacing, units))
    again = read_image(path)
    assert np.array_equal(again.array, labels)
    assert (again.axes, again.spacing, again.units) == (axes, spacing, units)
    assert again.array.dtype == np.uint32
    assert (again.guess, again.channels) == ("", False)
    with tifffile.TiffFile(path) as tif:
        assert tif.pages.first.compression != 1


@pytest.mark.parametrize("suffix", [".tif", ".npy", ".nii.gz"])
def test_volumes_need_no_scan(tmp_path: Path, labels: np.ndarray, suffix: str) -> None:
    path = write_labels(tmp_path / f"a{suffix}", labels)
    assert np.array_equal(read_mask(path), labels)


def test_a_png_takes_one_plane(tmp_path: Path, labels: np.ndarray) -> None:
    with pytest.raises(DataError, match="one plane"):
        write_labels(tmp_path / "a.png", labels)


def test_labels_of_another_scan_are_refused(tmp_path: Path, labels: np.ndarray) -> None:
    scan = Scan(labels, "zyx", Path("a.tif"))
    with pytest.raises(DataError, match="do not fit"):
        write_labels(tmp_path / "a.tif", labels[:3], scan)
    coloured = replace(scan, array=np.zeros((5, 6, 7, 3)), axes="zyxc")
    assert write_labels(tmp_path / "a.tif", labels, coloured).is_file()


# --- of any format --------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".tif", ".npy"])
@given(labels=arrays(np.uint32, (5, 7), elements=st.integers(0, 65535)))
def test_labels_come_back_as_they_were(tmp_path_factory, suffix: str, labels: np.ndarray) -> None:
    path = tmp_path_factory.mktemp("labels") / f"a{suffix}"
    assert write_labels(path, labels) == path
    stored = read_mask(path)
    assert np.array_equal(stored, labels)
    assert stored.dtype == (np.uint8 if labels.max() < 256 else np.uint16)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_large_ids_go_to_tiff(tmp_path: Path) -> None:
    labels = np.array([[0, 70_000]])
    assert read_mask(write_labels(tmp_path / "a.tif", labels)).tolist() == labels.tolist()
    with pytest.raises(DataError, match="65535"):
        write_labels(tmp_path / "a.png", labels)


@pytest.mark.parametrize("labels", [np.zeros((3, 3)), np.array([[-1]]), np.zeros(3, int)])
def test_what_is_no_label_is_refused(tmp_path: Path, labels: np.ndarray) -> None:
    with pytest.raises(DataError, match="whole numbers"):
        write_labels(tmp_path / "a.png", labels)
    assert not list(tmp_path.glob("*.png"))


def test_an_unknown_suffix_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"\.png, \.tif, .*\.nii\.gz"):
        write_labels(tmp_path / "a.jpg", np.zeros((3, 3), int))


def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disc: np.ndarray
) -> None:
    path = write_labels(tmp_path / "a.npy", disc)

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(DataError, match="No space left on device"):
        write_labels(path, disc * 2)
    assert np.array_equal(np.load(path), disc)
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["a.npy"]
