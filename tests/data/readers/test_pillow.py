"""PNG, JPEG and BMP."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_unet.data.readers import pillow
from napari_unet.data.readers.raster import as_mask, describe
from napari_unet.errors import DataError


def shape_of(path: Path) -> tuple[int, ...]:
    return describe(pillow.header(path)).shape


@pytest.mark.parametrize("suffix", ["png", "bmp"])
@pytest.mark.parametrize("shape", [(6, 9), (6, 9, 3)])
def test_eight_bits_come_back_as_they_were(png, suffix: str, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    path = png(f"a.{suffix}", array)
    assert np.array_equal(pillow.read(path).array, array)
    assert shape_of(path) == shape


def test_sixteen_bit_grey_is_kept(png) -> None:
    array = (np.arange(54) * 1000).astype(np.uint16).reshape(6, 9)
    raster = pillow.read(png("a.png", array))
    assert raster.array.dtype == np.uint16
    assert np.array_equal(raster.array, array)


@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bit_colour_is_kept_in_full(deep_png, channels: int) -> None:
    rng = np.random.default_rng(0)
    array = rng.integers(0, 65536, (7, 5, channels)).astype(np.uint16)
    raster = pillow.read(deep_png("a.png", array))
    assert raster.array.dtype == np.uint16
    assert np.array_equal(raster.array, array)
    assert raster.alpha == (channels == 4)
    assert shape_of(deep_png("a.png", array)) == (7, 5, 3)


def test_one_bit_is_0_and_1(png, disc: np.ndarray) -> None:
    assert np.array_equal(pillow.read(png("a.png", disc.astype(bool))).array, disc)


def test_palette_and_opacity_are_reported(png, disc: np.ndarray) -> None:
    raster = pillow.read(png("p.png", disc, "P", [[0, 0, 0], [255, 0, 0]]))
    assert np.array_equal(raster.array, disc)
    assert raster.palette is not None
    assert raster.palette[:2].tolist() == [[0, 0, 0], [255, 0, 0]]
    assert shape_of(png("p.png", disc, "P", [[0, 0, 0], [255, 0, 0]])) == (
        24,
        32,
        3,
    )
    assert shape_of(png("g.png", disc, "P", [[0, 0, 0], [255, 255, 255]])) == (
        24,
        32,
    )
    assert pillow.read(png("la.png", disc * 255, "LA")).alpha
    assert shape_of(png("la.png", disc * 255, "LA")) == (24, 32)
    assert shape_of(png("rgba.png", disc * 255, "RGBA")) == (24, 32, 3)


def test_grey_and_cmyk_jpeg(png, disc: np.ndarray) -> None:
    assert pillow.read(png("grey.jpg", disc * 255)).array.shape == (24, 32)
    assert pillow.read(png("cmyk.jpg", disc * 255, "CMYK")).array.shape == (24, 32, 3)


def test_a_photo_is_not_turned_by_its_exif_note(tmp_path: Path) -> None:
    picture = Image.new("RGB", (9, 6))
    exif = picture.getexif()
    exif[274] = 6  # "turn by 90 degrees to show"
    picture.save(tmp_path / "turned.jpg", exif=exif)
    assert pillow.read(tmp_path / "turned.jpg").array.shape == (6, 9, 3)


def test_the_content_decides_not_the_suffix(png, tmp_path: Path, disc: np.ndarray) -> None:
    png("a.bmp", disc).rename(tmp_path / "a.png")
    assert np.array_equal(pillow.read(tmp_path / "a.png").array, disc)


def test_other_formats_are_refused(tmp_path: Path) -> None:
    Image.new("L", (4, 4)).save(tmp_path / "a.ppm")
    with pytest.raises(DataError, match="whatever its name says"):
        pillow.read(tmp_path / "a.ppm")


def test_gif_masks_are_read_and_films_refused(png, tmp_path: Path, disc: np.ndarray) -> None:
    raster = pillow.read(png("mask.gif", disc * 255))
    assert np.array_equal(as_mask(raster), disc * 255)
    first, second = (Image.fromarray(disc * value) for value in (100, 255))
    first.save(tmp_path / "film.gif", save_all=True, append_images=[second])
    with pytest.raises(DataError, match="stack of images"):
        pillow.read(tmp_path / "film.gif")


def test_a_header_that_promises_too_much_is_refused(png, tmp_path: Path) -> None:
    path = png("a.png", np.zeros((4, 4), np.uint8))
    data = bytearray(path.read_bytes())
    data[16:24] = (60000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match="too large"):
        pillow.header(path)
