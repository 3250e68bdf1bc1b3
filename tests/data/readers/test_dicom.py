"""DICOM series: in order, in place, and whatever else lies in the folder."""

from pathlib import Path

import numpy as np
import pytest

from napari_unet.data.formats import describe_image, read_image
from napari_unet.errors import DataError

sitk = pytest.importorskip("SimpleITK", reason="SimpleITK is not installed")
MR, COUNT = "1.2.840.10008.5.1.4.1.1.4", 6


def axial(degrees: float = 0) -> np.ndarray:
    """Directions of rows, columns and normal, as columns."""
    a = np.deg2rad(degrees)
    return np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])


def write_slice(
    path: Path,
    pixels: np.ndarray,
    position: np.ndarray,
    directions: np.ndarray,
    *,
    series: str = "1.2.3",
    number: int = 1,
    **tags: str,
) -> Path:
    made = sitk.GetImageFromArray(pixels[None], isVector=pixels.ndim == 3)
    made.SetSpacing((0.5, 0.75, 1.0))
    values = {
        **{"0008|0016": MR, "0008|0018": f"{series}.{path.stem}", "0008|0060": "MR"},
        **{"0010|0020": "P7", "0020|000d": "1.2", "0020|000e": series, "0020|0013": str(number)},
        "0020|0032": "\\".join(f"{v:.6f}" for v in position),
        "0020|0037": "\\".join(f"{v:.9f}" for v in (*directions[:, 0], *directions[:, 1])),
        **tags,
    }
    for tag, value in values.items():
        made.SetMetaData(tag, value)
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    writer.SetFileName(str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    writer.Execute(made)
    return path


def write_series(
    folder: Path,
    places: list[float] | None = None,
    directions: np.ndarray | None = None,
    series: str = "1.2.3",
    prefix: str = "",
) -> np.ndarray:
    """Write slices along the normal, named so that names and places disagree; return them."""
    places = [3.0 * i for i in range(COUNT)] if places is None else places
    directions = axial() if directions is None else directions
    volume = np.arange(len(places) * 8 * 9, dtype=np.int16).reshape(-1, 8, 9)
    for i, place in enumerate(places):
        name = f"{prefix}{len(places) - i:02d}.dcm"
        position = np.array([-30.0, -40.0, 50.0]) + place * directions[:, 2]
        write_slice(folder / name, volume[i], position, directions, series=series, number=i)
    return volume


@pytest.mark.parametrize("degrees", [0, 20, 80, 170])
def test_a_series_lies_where_simpleitk_says(tmp_path: Path, degrees: float) -> None:
    write_series(tmp_path / "s", directions=axial(degrees))
    scan = read_image(tmp_path / "s")
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path / "s"))
    said = sitk.ReadImage(names)
    values = sitk.GetArrayFromImage(said)
    matrix = scan.affine @ np.diag([*scan.spacing, 1.0])
    for index in np.ndindex(scan.array.shape):
        z, y, x, _ = matrix @ (*index, 1.0)
        i, j, k = said.TransformPhysicalPointToIndex((x, y, z))
        assert np.allclose(said.TransformIndexToPhysicalPoint((i, j, k)), (x, y, z), atol=1e-3)
        assert scan.array[index] == values[k, j, i]


def test_a_series_says_whose_it_is(tmp_path: Path) -> None:
    volume = write_series(tmp_path / "s")
    scan, header = read_image(tmp_path / "s"), describe_image(tmp_path / "s")
    assert np.array_equal(scan.array, volume)
    assert (scan.patient, scan.tags["modality"]) == ("P7", "MR")
    assert scan.spacing == (3.0, 0.75, 0.5)
    assert (header.shape, header.axes, header.dtype) == ((6, 8, 9), "zyx", "int16")
    assert (header.patient, header.spacing) == ("P7", scan.spacing)
    assert scan.note == scan.guess == ""


def test_missing_slices_are_said(tmp_path: Path) -> None:
    write_series(tmp_path / "s", [0, 3, 6, 12, 15])
    assert "1 of 4 steps" in read_image(tmp_path / "s").note


def test_of_several_series_the_largest_is_read(tmp_path: Path) -> None:
    write_series(tmp_path / "s", [0, 3], series="9.9", prefix="scout")
    volume = write_series(tmp_path / "s")
    scan = read_image(tmp_path / "s")
    assert np.array_equal(scan.array, volume)
    assert "2 series" in scan.note and "2 files are left out" in scan.note


def test_several_images_in_each_place_are_times(tmp_path: Path) -> None:
    volume = write_series(tmp_path / "s")
    for i in range(COUNT):
        position = np.array([-30.0, -40.0, 50.0 + 3 * i])
        write_slice(tmp_path / f"s/b{i}.dcm", volume[i] + 1, position, axial(), number=100 + i)
    scan = read_image(tmp_path / "s")
    assert (scan.axes, scan.array.shape) == ("tzyx", (2, 6, 8, 9))
    assert np.array_equal(scan.array[1], volume + 1)
    assert "times" in scan.guess
    (tmp_path / "s/b3.dcm").unlink()
    scan = read_image(tmp_path / "s")
    assert np.array_equal(scan.array, volume)
    assert "5 images lie where another one does" in scan.note


def test_values_are_scaled_slice_by_slice(tmp_path: Path) -> None:
    pixels = np.full((8, 9), 10, np.int16)
    for i, slope in enumerate(("1", "2")):
        tags = {"0028|1052": "-4", "0028|1053": slope}
        path = tmp_path / f"s/{i}.dcm"
        write_slice(path, pixels, np.array([0.0, 0, i]), axial(), number=i, **tags)
    first, second = (p.read_bytes() for p in sorted(tmp_path.glob("s/*")))
    assert first[-144:] != second[-144:]  # stored differently, to be read alike
    assert (read_image(tmp_path / "s").array == 10).all()


def test_one_file_is_an_image(tmp_path: Path) -> None:
    pixels = np.arange(72, dtype=np.int16).reshape(8, 9)
    path = write_slice(tmp_path / "a.dcm", pixels, np.zeros(3), axial())
    scan = read_image(path)
    assert (scan.axes, scan.spacing, scan.patient) == ("yx", (0.75, 0.5), "P7")
    assert np.array_equal(scan.array, pixels)


def test_what_is_no_dicom_is_left_out_and_said(tmp_path: Path) -> None:
    volume = write_series(tmp_path / "s")
    good = (tmp_path / "s/01.dcm").read_bytes()
    (tmp_path / "s/99.dcm").write_bytes(good[:200])
    scan = read_image(tmp_path / "s")
    assert np.array_equal(scan.array, volume)
    assert "1 files could not be read, such as 99.dcm" in scan.note


def test_a_header_that_promises_too_much_is_refused(tmp_path: Path) -> None:
    path = write_slice(tmp_path / "a.dcm", np.zeros((8, 9), np.int16), np.zeros(3), axial())
    data = path.read_bytes()
    for tag in (b"\x28\0\x10\0", b"\x28\0\x11\0"):  # rows and columns
        at = data.index(tag) + 8
        data = data[:at] + b"\xff\x7f" + data[at + 2 :]
    path.write_bytes(data)
    with pytest.raises(DataError, match="promises more"):
        read_image(path)


def test_a_folder_of_garbage_is_one_clear_error(tmp_path: Path) -> None:
    for i in range(3):
        (tmp_path / f"{i}.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"garbage" * 100)
    with pytest.raises(DataError, match="DICOM") as caught:
        read_image(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_segmentation_object_is_refused(tmp_path: Path) -> None:
    tags = {"0008|0016": "1.2.840.10008.5.1.4.1.1.66.4", "0008|0060": "SEG"}
    pixels = np.ones((8, 9), np.uint8)
    path = write_slice(tmp_path / "a.dcm", pixels, np.zeros(3), axial(), **tags)
    with pytest.raises(DataError, match="segmentation"):
        read_image(path)


def test_the_real_series(real_data) -> None:
    folder = next(p for p in real_data("dicom_mr").rglob("*") if any(p.glob("*.dcm")))
    scan = read_image(folder)
    said = sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))
    values = sitk.GetArrayFromImage(said)
    assert (scan.axes, scan.array.shape, scan.patient) == ("zyx", values.shape, "PGBM-002")
    matrix = scan.affine @ np.diag([*scan.spacing, 1.0])
    rng = np.random.default_rng(0)
    for index in rng.integers(0, scan.array.shape, (50, 3)):
        z, y, x, _ = matrix @ (*index, 1.0)
        i, j, k = said.TransformPhysicalPointToIndex((x, y, z))
        assert np.allclose(said.TransformIndexToPhysicalPoint((i, j, k)), (x, y, z), atol=0.01)
        assert scan.array[tuple(index)] == values[k, j, i]
