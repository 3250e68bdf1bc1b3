from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_unet.data.formats import SUFFIXES, image_shape, read_image, read_mask
from napari_unet.errors import DataError


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
