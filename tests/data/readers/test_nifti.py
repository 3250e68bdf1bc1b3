"""NIfTI: values, axes, and above all the place in the world."""

import gzip
import itertools
from pathlib import Path

import nibabel
import numpy as np
import pytest

from napari_unet.data.formats import describe_image, read_image, read_mask
from napari_unet.data.readers import nifti
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError


@pytest.fixture
def volume() -> np.ndarray:
    return np.arange(5 * 6 * 7, dtype=np.int16).reshape(5, 6, 7)


def write(path: Path, array: np.ndarray, affine: np.ndarray | None = None, **header) -> Path:
    image = nibabel.Nifti1Image(array, np.eye(4) if affine is None else affine)
    for name, value in header.items():
        image.header[name] = value
    nibabel.save(image, path)
    return path


def placed(scan: Scan) -> np.ndarray:
    """Return the matrix that napari makes of a scan's scale and affine."""
    assert scan.affine is not None and scan.spacing is not None
    return scan.affine @ np.diag([*scan.spacing, 1.0])


def assert_in_place(scan: Scan, path: Path) -> None:
    """Every voxel lies in the viewer's world where nibabel says, however it was turned."""
    image = nibabel.load(path)
    values, matrix, inverse = np.asarray(image.dataobj), placed(scan), np.linalg.inv(image.affine)
    assert scan.array.size == values.size
    for index in itertools.product(*[(0, n // 2, n - 1) for n in scan.array.shape]):
        x, y, z = -matrix[2] @ (*index, 1), -matrix[1] @ (*index, 1), matrix[0] @ (*index, 1)
        found = inverse @ (x, y, z, 1)
        ijk = tuple(round(v) for v in found[:3])
        assert np.allclose(found[:3], ijk, atol=1e-3)
        assert scan.array[index] == values[ijk]


def oblique(degrees: float = 25) -> np.ndarray:
    a = np.deg2rad(degrees)
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    affine = np.eye(4)
    affine[:3, :3] = about_z @ about_x @ np.diag([0.5, 0.75, 3.0])
    affine[:3, 3] = -12.5, 33.0, 71.25
    return affine


def orientations() -> list[np.ndarray]:
    """RAS, LPS and the 46 others, anisotropic, each also turned."""
    found = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1.0, -1.0), repeat=3):
            affine = np.eye(4)
            affine[:3, :3] = np.eye(3)[:, list(order)] * signs * (0.5, 0.75, 3.0)
            affine[:3, 3] = 10.0, -20.0, 30.0
            found.append(affine)
    return [*found, *(oblique() @ a for a in found[::5])]


@pytest.mark.parametrize("affine", orientations())
def test_every_voxel_lies_where_nibabel_says(
    tmp_path: Path, volume: np.ndarray, affine: np.ndarray
) -> None:
    path = write(tmp_path / "a.nii.gz", volume, affine)
    assert_in_place(read_image(path), path)


def test_ras_and_lps_stand_upright_alike(tmp_path: Path, volume: np.ndarray) -> None:
    ras = read_image(write(tmp_path / "ras.nii", volume, np.diag([1.0, 1, 1, 1])))
    lps = np.diag([-1.0, -1, 1, 1])
    lps[:2, 3] = 4, 5
    turned = read_image(write(tmp_path / "lps.nii", volume[::-1, ::-1], lps))
    assert np.array_equal(ras.array, turned.array)
    assert np.array_equal(placed(ras), placed(turned))
    # The first slice is the lowest, its first row the foremost, its first pixel the rightmost.
    assert ras.array[0, 0, 0] == volume[-1, -1, 0]


def test_sizes_are_those_of_the_viewers_axes(tmp_path: Path, volume: np.ndarray) -> None:
    scan = read_image(write(tmp_path / "a.nii", volume, np.diag([0.5, 0.75, 3.0, 1])))
    assert (scan.spacing, scan.units) == ((3.0, 0.75, 0.5), ("mm", "mm", "mm"))
    header = describe_image(tmp_path / "a.nii")
    assert (header.shape, header.axes, header.dtype) == ((7, 6, 5), "zyx", "int16")
    assert header.spacing == scan.spacing


def test_values_are_scaled(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.linspace(-3, 5, 60).reshape(3, 4, 5), np.eye(4))
    image.set_data_dtype(np.int16)
    nibabel.save(image, tmp_path / "a.nii.gz")
    scan = read_image(tmp_path / "a.nii.gz")
    assert scan.array.dtype == np.float32
    expected = nibabel.load(tmp_path / "a.nii.gz").get_fdata()
    assert np.allclose(scan.geometry.stored(scan.array), expected, atol=1e-6)


def test_float_labels_are_read_as_they_are(tmp_path: Path, volume: np.ndarray) -> None:
    path = write(tmp_path / "a.nii.gz", (volume % 3).astype(np.float32))
    mask = read_mask(path)
    assert mask.dtype == np.float32
    assert np.unique(mask).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("more", "axes", "said"),
    [((4,), "zyxc", "4 channels"), ((9,), "tzyx", "9 times"), ((1, 3), "zyxc", "3 channels")],
)
def test_a_fourth_axis_is_guessed_and_said(
    tmp_path: Path, more: tuple[int, ...], axes: str, said: str
) -> None:
    array = np.arange(5 * 6 * 7 * np.prod(more), dtype=np.int16).reshape(5, 6, 7, *more)
    path = write(tmp_path / "a.nii.gz", array, oblique())
    scan = read_image(path)
    assert scan.axes == axes == describe_image(path).axes
    assert said.split()[0] in scan.guess
    first = scan.array[..., 0] if axes.endswith("c") else scan.array[0]
    one = read_image(write(tmp_path / "b.nii.gz", array.reshape(5, 6, 7, -1)[..., 0], oblique()))
    assert np.array_equal(first, one.array)
    assert len(scan.affine) == len(scan.spacing) + 1
    other = "tzyx" if axes == "zyxc" else "zyxc"
    assert read_image(path, axes=other if axes == "tzyx" else "zyxt").axes == other


def test_colours_are_colours(tmp_path: Path) -> None:
    colours = np.zeros((5, 6, 7), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    colours["G"] = np.arange(7)
    scan = read_image(write(tmp_path / "a.nii", colours))
    assert (scan.axes, scan.colour, scan.array.shape) == ("zyxc", True, (7, 6, 5, 3))
    assert scan.array[3, 0, 0].tolist() == [0, 3, 0]


@pytest.mark.parametrize(
    ("shape", "plane", "spacing"),
    [
        ((5, 6, 1), (6, 5), (0.75, 0.5)),
        ((5, 6), (6, 5), (0.75, 0.5)),
        ((5, 1, 7), (7, 5), (3.0, 0.5)),
        ((1, 6, 7), (7, 6), (3.0, 0.75)),
    ],
)
def test_one_slice_is_an_image(
    tmp_path: Path, shape: tuple[int, ...], plane: tuple[int, int], spacing: tuple[float, float]
) -> None:
    array = np.arange(np.prod(shape), dtype=np.int16).reshape(shape)
    scan = read_image(write(tmp_path / "a.nii", array, np.diag([0.5, 0.75, 3.0, 1])))
    assert (scan.axes, scan.array.shape, scan.spacing) == ("yx", plane, spacing)


def test_compression_is_told_from_the_content(tmp_path: Path, volume: np.ndarray) -> None:
    plain = write(tmp_path / "a.nii", volume).read_bytes()
    (tmp_path / "b.nii.gz").write_bytes(plain)
    (tmp_path / "c.nii").write_bytes(gzip.compress(plain))
    for name in ("b.nii.gz", "c.nii"):
        assert np.array_equal(
            read_image(tmp_path / name).array, read_image(tmp_path / "a.nii").array
        )


def test_a_header_without_a_place_gives_the_sizes(tmp_path: Path, volume: np.ndarray) -> None:
    path = write(tmp_path / "a.nii", volume, np.diag([0.5, 0.75, 3.0, 1]))
    data = bytearray(path.read_bytes())
    data[280:328] = np.full(12, np.nan, "<f4").tobytes()  # the three rows of sform
    path.write_bytes(data)
    scan = read_image(path)
    assert scan.spacing == (3.0, 0.75, 0.5)
    assert "does not say where it lies" in scan.note


def test_version_2_is_read(tmp_path: Path, volume: np.ndarray) -> None:
    nibabel.save(nibabel.Nifti2Image(volume, oblique()), tmp_path / "a.nii")
    assert_in_place(read_image(tmp_path / "a.nii"), tmp_path / "a.nii")


def test_large_files_are_read_piece_by_piece(
    tmp_path: Path, volume: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nifti, "LAZY_FROM", 100)
    path = write(tmp_path / "a.nii", volume, oblique())
    scan = read_image(path)
    assert scan.lazy
    whole = np.asarray(scan.array)
    monkeypatch.undo()
    assert np.array_equal(whole, read_image(path).array)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: data[:100], "cut short"),
        (lambda data: data[:500], "cut short|promises"),
        (lambda data: b"\x89PNG" + data[4:], "no NIfTI file"),
        (lambda data: data[:344] + b"ni1\0" + data[348:], "no NIfTI file"),
        (lambda data: data[:42] + b"\xff\x7f" * 3 + data[48:], "promises more"),
        (lambda data: data[:108] + np.float32(2e9).tobytes() + data[112:], "no voxels"),
        (lambda data: data[:42] + b"\0\0" * 3 + data[48:], "shape"),
        (lambda data: data[:70] + b"\x20\0" + data[72:], "promises more|damaged|not real"),
    ],
)
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_damaged_files_are_one_clear_error(
    tmp_path: Path, volume: np.ndarray, damage, said: str, suffix: str
) -> None:
    data = damage(write(tmp_path / "good.nii", volume).read_bytes())
    path = tmp_path / f"a{suffix}"
    path.write_bytes(gzip.compress(data) if suffix == ".nii.gz" else data)
    with pytest.raises(DataError, match=said):
        read_image(path)


def test_the_real_volumes(real_data) -> None:
    for path in sorted((real_data("hippocampus") / "imagesTr").glob("*.nii.gz"))[:10]:
        assert_in_place(read_image(path), path)
        label = path.parent.parent / "labelsTr" / path.name
        assert_in_place(read_image(label), label)
