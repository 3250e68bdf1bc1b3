"""Reading and writing, whatever the format."""

import errno
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_unet.data.cases import Case, LabelRule
from napari_unet.data.formats import (
    SUFFIXES,
    fit_channels,
    image_shape,
    is_supported,
    read_case,
    read_image,
    read_mask,
    stem_of,
    suffix_of,
    write_labels,
)
from napari_unet.errors import DataError


def case(image: Path, mask: Path) -> Case:
    return Case("a", image, mask, "p", "")


def test_suffixes() -> None:
    assert {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".npy", ".mat"} < set(SUFFIXES)
    assert is_supported("A.PNG")
    assert not is_supported("a.txt")


@pytest.mark.parametrize(
    ("name", "stem", "suffix"),
    [
        ("a/b.PNG", "b", ".png"),
        ("x.ome.TIF", "x", ".ome.tif"),
        ("1.5T.tiff", "1.5T", ".tiff"),
        (".ome.tif", ".ome", ".tif"),
        ("notes", "notes", ""),
        ("notes.txt", "notes", ".txt"),
    ],
)
def test_a_suffix_may_have_two_parts(name: str, stem: str, suffix: str) -> None:
    assert (stem_of(name), suffix_of(name)) == (stem, suffix)


def test_a_scan_says_where_it_is_from(png, disc: np.ndarray) -> None:
    path = png("a.png", np.dstack([disc] * 3))
    scan = read_image(str(path))
    assert scan.channels
    assert scan.source == path
    assert scan.spacing is None
    assert scan.array.shape == (24, 32, 3)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif", ".npy", ".mat"])
@pytest.mark.parametrize("function", [read_image, read_mask, image_shape])
def test_empty_and_missing_files_are_named(tmp_path: Path, suffix: str, function) -> None:
    path = tmp_path / f"bad{suffix}"
    with pytest.raises(DataError, match=f"There is no file .*bad{suffix}"):
        function(path)
    path.touch()
    with pytest.raises(DataError, match=f"bad{suffix} .* is empty"):
        function(path)


@pytest.fixture
def whole_files(tmp_path: Path, png, cjdata) -> dict[str, Path]:
    """One good file of each format, of noise, so that nothing compresses away."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    files = {s: png(f"good.{s}", noise) for s in ("png", "jpg", "bmp")}
    for name, options in {"plain": {}, "zlib": {"compression": "zlib"}}.items():
        files[name] = tmp_path / f"{name}.tif"
        tifffile.imwrite(files[name], noise, **options)
    files["npy"] = tmp_path / "good.npy"
    np.save(files["npy"], noise)
    files["mat"] = cjdata("good.mat", noise, noise > 128, "1")
    from scipy.io import savemat

    files["mat5"] = tmp_path / "good5.mat"
    savemat(files["mat5"], {"image": noise, "mask": noise})
    return files


@pytest.mark.parametrize("kind", ["png", "jpg", "bmp", "plain", "zlib", "npy", "mat", "mat5"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])
def test_files_cut_short_are_one_clear_error(
    whole_files: dict[str, Path], kind: str, share: float
) -> None:
    path = whole_files[kind]
    data = path.read_bytes()
    read_image(path)
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(DataError, match=path.name) as caught:
        read_image(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_garbage_is_one_clear_error(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(b"This is no image at all, only words." * 20)
    for function in (read_image, read_mask, image_shape):
        with pytest.raises(DataError, match="bad"):
            function(path)


def test_an_unknown_suffix_lists_the_known(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text("x")
    with pytest.raises(DataError, match=r"\.png"):
        read_image(tmp_path / "a.xyz")


# --- cases --------------------------------------------------------------------------------------


def test_a_case_is_read_for_a_network(png, disc: np.ndarray) -> None:
    image = png("a.png", np.arange(24 * 32, dtype=np.uint16).reshape(24, 32))
    mask = png("m.png", disc * 255)
    pixels, labels = read_case(case(image, mask), LabelRule(threshold=127.5), 1)
    assert pixels.dtype == np.uint16
    assert labels.dtype == np.uint8
    assert np.array_equal(labels, disc)
    assert read_case(case(image, mask), LabelRule(), 3)[0].shape == (24, 32, 3)


def test_one_matlab_file_is_image_and_mask(cjdata, disc: np.ndarray) -> None:
    path = cjdata("1.mat", disc * 7, disc, "1")
    pixels, labels = read_case(case(path, path), LabelRule(), 1)
    assert np.array_equal(pixels, disc * 7)
    assert np.array_equal(labels, disc)


def test_shapes_that_differ_are_both_named(png, disc: np.ndarray) -> None:
    files = case(png("a.png", disc), png("m.png", disc.T.copy()))
    with pytest.raises(DataError, match=r"24 × 32 .* 32 × 24"):
        read_case(files, LabelRule(), 1)


def test_an_image_of_nan_is_refused_and_some_nan_is_not(tmp_path: Path, png, disc) -> None:
    image = np.full((24, 32), np.nan, np.float32)
    np.save(tmp_path / "a.npy", image)
    files = case(tmp_path / "a.npy", png("m.png", disc))
    with pytest.raises(DataError, match="no finite value"):
        read_case(files, LabelRule(), 1)
    image[0, 0] = 1
    np.save(tmp_path / "a.npy", image)
    assert np.isnan(read_case(files, LabelRule(), 1)[0]).sum() == image.size - 1


def test_channels_that_do_not_fit_are_refused() -> None:
    assert fit_channels(np.zeros((4, 4, 5)), 5, "a").shape == (4, 4, 5)
    assert fit_channels(np.zeros((4, 4, 3)), 1, "a").shape == (4, 4)
    with pytest.raises(DataError, match=r"a has 2 channels, but 3"):
        fit_channels(np.zeros((4, 4, 2)), 3, "a")


# --- writing ------------------------------------------------------------------------------------


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
