"""NRRD and MetaImage: values, axes and the place in the world."""

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_unet.data.formats import describe_image, read_image, read_mask, stem_of
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError

sitk = pytest.importorskip("SimpleITK", reason="SimpleITK is not installed")
SUFFIXES = [".nrrd", ".nhdr", ".mha", ".mhd", ".seg.nrrd"]


def image(shape: tuple[int, ...], direction: np.ndarray | None = None, dtype: str = "i2"):
    """A volume of shape (z, y, x) whose values are all different."""
    made = sitk.GetImageFromArray(
        np.arange(np.prod(shape)).astype(dtype).reshape(shape), isVector=False
    )
    made.SetSpacing((0.5, 0.75, 3.0, 1.0)[: len(shape)])
    made.SetOrigin((-12.5, 33.0, 71.25, 0.0)[: len(shape)])
    if direction is not None:
        made.SetDirection(direction.ravel().tolist())
    return made


def turned(order: tuple[int, ...], signs: tuple[int, ...], degrees: float) -> np.ndarray:
    a = np.deg2rad(degrees)
    about = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    return about @ (np.eye(3)[:, list(order)] * signs)


def assert_in_place(scan: Scan, said) -> None:
    """Every voxel lies in the viewer's world where SimpleITK says."""
    assert scan.affine is not None and scan.spacing is not None
    matrix = scan.affine @ np.diag([*scan.spacing, 1.0])
    values = sitk.GetArrayFromImage(said)
    assert scan.array.size == values.size
    for index in itertools.product(*[(0, n // 2, n - 1) for n in scan.array.shape]):
        z, y, x, _ = matrix @ (*index, 1.0)
        i, j, k = said.TransformPhysicalPointToIndex((x, y, z))
        assert np.allclose(said.TransformIndexToPhysicalPoint((i, j, k)), (x, y, z), atol=1e-3)
        assert scan.array[index] == values[k, j, i]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("degrees", [0, 25])
def test_every_voxel_lies_where_simpleitk_says(tmp_path: Path, suffix: str, degrees: float) -> None:
    path = tmp_path / f"a{suffix}"
    for order in itertools.permutations(range(3)):
        made = image((5, 6, 7), turned(order, (1, -1, -1), degrees))
        sitk.WriteImage(made, path)
        assert_in_place(read_image(path), made)
    assert stem_of(path) == "a"


def test_the_header_says_what_the_voxels_will_be(tmp_path: Path) -> None:
    sitk.WriteImage(image((5, 6, 7), dtype="f4"), tmp_path / "a.nrrd")
    scan, header = read_image(tmp_path / "a.nrrd"), describe_image(tmp_path / "a.nrrd")
    assert (header.shape, header.axes, header.dtype) == ((5, 6, 7), "zyx", "float32")
    assert (header.spacing, header.units) == (scan.spacing, scan.units)
    assert header.spacing == (3.0, 0.75, 0.5)


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
def test_planes_colours_and_times(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    sitk.WriteImage(image((6, 7)), path)
    plane = read_image(path)
    assert (plane.axes, plane.array.shape, plane.spacing) == ("yx", (6, 7), (0.75, 0.5))
    colours = np.arange(6 * 7 * 3, dtype=np.uint8).reshape(6, 7, 3)
    sitk.WriteImage(sitk.GetImageFromArray(colours, isVector=True), path)
    photo = read_image(path)
    assert (photo.axes, photo.colour) == ("yxc", True)
    assert np.array_equal(photo.array, colours)
    if suffix == ".mha":
        sitk.WriteImage(image((2, 5, 6, 7)), path)
        film = read_image(path)
        assert (film.axes, film.array.shape) == ("tzyx", (2, 5, 6, 7))


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_files_cut_short_are_one_clear_error(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"a{suffix}"
    sitk.WriteImage(image((16, 16, 16)), path)
    path.write_bytes(path.read_bytes()[: int(8192 * share)])
    with pytest.raises(DataError, match=path.name) as caught:
        read_image(path)
    assert "\n" not in str(caught.value)


def test_a_header_without_its_voxels_is_one_clear_error(tmp_path: Path) -> None:
    sitk.WriteImage(image((5, 6, 7)), tmp_path / "a.mhd")
    (tmp_path / "a.raw").unlink()
    with pytest.raises(DataError, match=r"a\.mhd"):
        read_image(tmp_path / "a.mhd")


def test_complex_values_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mha"
    sitk.WriteImage(sitk.Cast(image((5, 6, 7), dtype="f4"), sitk.sitkComplexFloat32), path)
    with pytest.raises(DataError, match=r"not real|cannot be read"):
        read_mask(path)


def test_without_simpleitk_the_error_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sitk.WriteImage(image((5, 6, 7)), tmp_path / "a.nrrd")
    monkeypatch.setitem(sys.modules, "SimpleITK", None)
    with pytest.raises(DataError, match="pip install SimpleITK"):
        read_image(tmp_path / "a.nrrd")
