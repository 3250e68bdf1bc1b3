"""Labels as NRRD and MetaImage lie where their scan does."""

from pathlib import Path

import numpy as np
import pytest

from napari_unet.data.formats import read_image, read_mask, write_labels

sitk = pytest.importorskip("SimpleITK")


def turned(ndim: int) -> tuple[list[float], list[float], list[float]]:
    a = np.deg2rad(20)
    direction = np.eye(ndim)
    direction[:3, :3] = [[0, -np.sin(a), np.cos(a)], [1, 0, 0], [0, np.cos(a), np.sin(a)]]
    return [0.5, 0.75, 3.0, 1.0][:ndim], [4.0, -5.0, 6.0, 0.0][:ndim], direction.ravel().tolist()


def placed(array: np.ndarray) -> "sitk.Image":
    image = sitk.GetImageFromArray(array, False)
    for tell, value in zip(
        (image.SetSpacing, image.SetOrigin, image.SetDirection), turned(array.ndim), strict=True
    ):
        tell(value)
    return image


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
@pytest.mark.parametrize("shape", [(5, 6, 7), (2, 5, 6, 7)])
def test_they_have_the_grid_of_the_scans_file(
    tmp_path: Path, suffix: str, shape: tuple[int, ...]
) -> None:
    array = (np.arange(np.prod(shape)).reshape(shape) % 11).astype(np.int16)
    image = placed(array)
    sitk.WriteImage(image, str(tmp_path / f"scan{suffix}"))
    scan = read_image(tmp_path / f"scan{suffix}")
    path = write_labels(tmp_path / f"labels{suffix}", scan.array.astype(np.uint8), scan)
    again = sitk.ReadImage(str(path))
    assert np.array_equal(sitk.GetArrayFromImage(again), array)
    assert again.GetPixelID() == sitk.sitkUInt8
    for ask in ("GetSpacing", "GetOrigin", "GetDirection"):
        assert np.allclose(getattr(again, ask)(), getattr(image, ask)(), atol=1e-6)
    assert np.array_equal(read_mask(path), scan.array)


def test_a_single_plane(tmp_path: Path) -> None:
    array = np.arange(30, dtype=np.uint8).reshape(5, 6) % 3
    sitk.WriteImage(sitk.GetImageFromArray(array), str(tmp_path / "scan.nrrd"))
    scan = read_image(tmp_path / "scan.nrrd")
    assert np.array_equal(read_mask(write_labels(tmp_path / "a.nrrd", scan.array, scan)), array)


def test_labels_of_no_file(tmp_path: Path) -> None:
    labels = (np.arange(60).reshape(3, 4, 5) % 3).astype(np.uint8)
    assert np.array_equal(read_mask(write_labels(tmp_path / "a.mha", labels)), labels)
