"""TIFF files of one image each."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_unet.data.readers import tiff
from napari_unet.data.readers.raster import as_image, as_mask, describe
from napari_unet.errors import DataError


def shape(path: Path) -> tuple[int, ...]:
    return describe(tiff.header(path)).shape


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.tif"


@pytest.mark.parametrize("dtype", ["u1", "u2", ">u2", "i2", "f4"])
@pytest.mark.parametrize("compression", [None, "zlib", "lzma"])
def test_grey_comes_back_as_it_was(path: Path, dtype: str, compression: str | None) -> None:
    array = np.arange(54).reshape(6, 9).astype(dtype)
    tifffile.imwrite(path, array, compression=compression)
    assert np.array_equal(tiff.read(path).array, array)
    assert shape(path) == (6, 9)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_colour_in_either_order(path: Path, planar: str) -> None:
    array = np.arange(162, dtype=np.uint8).reshape(6, 9, 3)
    stored = array if planar == "contig" else np.moveaxis(array, -1, 0)
    tifffile.imwrite(path, stored, photometric="rgb", planarconfig=planar)
    assert np.array_equal(as_image(tiff.read(path)).array, array)
    assert shape(path) == (6, 9, 3)


def test_opacity_is_told_from_colour(path: Path) -> None:
    array = np.arange(216, dtype=np.uint8).reshape(6, 9, 4)
    tifffile.imwrite(path, array, photometric="rgb", extrasamples=["unassalpha"])
    assert np.array_equal(as_image(tiff.read(path)).array, array[..., :3])
    assert shape(path) == (6, 9, 3)


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "I;16"])
def test_lzw_is_read_without_imagecodecs(path: Path, mode: str) -> None:
    Image.new(mode, (9, 6), 1 if mode != "RGB" else (1, 2, 3)).save(path, compression="tiff_lzw")
    assert as_image(tiff.read(path)).array.shape[:2] == (6, 9)
    assert shape(path)[:2] == (6, 9)


@pytest.mark.parametrize("compression", [None, "zlib", "group4"])
def test_white_is_zero_does_not_turn_masks_over(
    path: Path, disc: np.ndarray, compression: str | None
) -> None:
    """ImageJ's and tifffile's own bilevel masks are marked so, with the foreground stored as 1."""
    if compression == "group4":
        Image.fromarray(disc.astype(bool)).save(path, compression=compression)
        data = bytearray(path.read_bytes())
        at = data.index((262).to_bytes(2, "little"))
        data[at + 8] = 0
        path.write_bytes(data)
    else:
        tifffile.imwrite(path, disc.astype(bool), compression=compression)
    with tifffile.TiffFile(path) as tif:
        assert tif.pages.first.photometric == tiff.MINISWHITE
    assert np.array_equal(as_mask(tiff.read(path)), disc)


def test_a_palette_is_read(path: Path, disc: np.ndarray) -> None:
    colours = np.zeros((3, 256), np.uint16)
    colours[:, 1] = 65535, 0, 0
    tifffile.imwrite(path, disc, photometric="palette", colormap=colours)
    assert np.array_equal(as_mask(tiff.read(path)), disc)
    assert as_image(tiff.read(path)).array[8, 20].tolist() == [255, 0, 0]
    assert shape(path) == (24, 32, 3)


def test_imagej_spacing_is_read_row_first(path: Path, disc: np.ndarray) -> None:
    tifffile.imwrite(path, disc, imagej=True, resolution=(2, 4), metadata={"unit": "um"})
    scan = as_image(tiff.read(path))
    assert scan.spacing == (0.25, 0.5)
    assert scan.units == ("um", "um")


def test_dots_per_inch_are_no_spacing(path: Path, disc: np.ndarray) -> None:
    tifffile.imwrite(path, disc, resolution=(72, 72), resolutionunit="inch")
    assert as_image(tiff.read(path)).spacing is None


def test_imagej_channels_are_channels(path: Path) -> None:
    array = np.arange(108, dtype=np.uint8).reshape(2, 6, 9)
    tifffile.imwrite(path, array, imagej=True, metadata={"axes": "CYX"})
    assert np.array_equal(as_image(tiff.read(path)).array, np.moveaxis(array, 0, -1))
    assert shape(path) == (6, 9, 2)


def test_pages_without_names_are_slices_and_that_is_said(path: Path) -> None:
    array = np.arange(270, dtype=np.uint8).reshape(5, 6, 9)
    tifffile.imwrite(path, array, photometric="minisblack", metadata=None)
    scan = as_image(tiff.read(path))
    assert scan.axes == "zyx"
    assert np.array_equal(scan.array, array)
    assert "5 slices" in scan.guess
    assert as_image(tiff.read(path), axes="tyx").axes == "tyx"
    assert shape(path) == (5, 6, 9)


def test_pages_of_lzw_are_read_without_imagecodecs(path: Path) -> None:
    array = np.arange(162, dtype=np.uint8).reshape(3, 6, 9)
    first, *rest = [Image.fromarray(a) for a in array]
    first.save(path, save_all=True, append_images=rest, compression="tiff_lzw")
    assert np.array_equal(as_image(tiff.read(path)).array, array)


def test_imagej_names_times_slices_and_channels(path: Path) -> None:
    array = np.arange(2 * 5 * 3 * 6 * 9, dtype=np.uint16).reshape(2, 5, 3, 6, 9)
    metadata = {"axes": "TZCYX", "unit": "um", "spacing": 2.0, "finterval": 7.0}
    tifffile.imwrite(path, array, imagej=True, resolution=(4, 2), metadata=metadata)
    scan = as_image(tiff.read(path))
    assert scan.axes == "tzyxc"
    assert np.array_equal(scan.array, np.moveaxis(array, 2, -1))
    assert scan.spacing == (7.0, 2.0, 0.5, 0.25)
    assert scan.units == ("s", "um", "um", "um")
    assert (scan.guess, scan.colour) == ("", False)


def test_ome_names_axes_sizes_and_units(path: Path) -> None:
    array = np.arange(2 * 5 * 6 * 9, dtype=np.uint16).reshape(2, 5, 6, 9)
    metadata = {
        **{"axes": "CZYX", "PhysicalSizeX": 120.0, "PhysicalSizeXUnit": "nm"},
        **{"PhysicalSizeY": 0.25, "PhysicalSizeZ": 1.5},
    }
    tifffile.imwrite(path, array, ome=True, metadata=metadata)
    scan = as_image(tiff.read(path))
    assert scan.axes == "zyxc"
    assert np.array_equal(scan.array, np.moveaxis(array, 0, -1))
    assert scan.spacing == (1.5, 0.25, 120.0)
    assert scan.units == ("um", "um", "nm")


def test_large_files_and_their_levels_are_read_piece_by_piece(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiff, "LAZY_FROM", 1000)
    array = np.random.default_rng(0).integers(0, 255, (64, 96), np.uint8)
    with tifffile.TiffWriter(path) as file:
        file.write(array, subifds=1, tile=(16, 16))
        file.write(array[::2, ::2], subfiletype=1, tile=(16, 16))
    scan = as_image(tiff.read(path))
    assert scan.lazy
    assert [a.shape for a in scan.levels] == [(64, 96), (32, 48)]
    assert np.array_equal(np.asarray(scan.array), array)
    assert np.array_equal(np.asarray(scan.levels[1]), array[::2, ::2])
    assert np.array_equal(as_mask(tiff.read(path)), array)


def test_another_format_under_this_name_is_read(path: Path, png, disc: np.ndarray) -> None:
    png("a.png", disc).rename(path)
    assert np.array_equal(tiff.read(path).array, disc)
    assert shape(path) == (24, 32)


def test_a_header_that_promises_too_much_is_refused(path: Path) -> None:
    tifffile.imwrite(path, np.zeros((8, 8), np.uint8), compression="zlib")
    data = bytearray(path.read_bytes())
    for tag in (256, 257):  # width and length
        at = data.index(tag.to_bytes(2, "little"), 8)
        data[at + 8 : at + 12] = (12_000).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(DataError, match="promises more"):
        tiff.read(path)


def test_a_blank_mask_compresses_as_far_as_it_likes(path: Path) -> None:
    tifffile.imwrite(path, np.zeros((3000, 3000), bool), compression="zlib")
    assert path.stat().st_size < 5000
    assert not tiff.read(path).array.any()
