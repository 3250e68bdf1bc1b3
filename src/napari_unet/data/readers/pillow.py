"""PNG, JPEG, BMP and GIF, read with Pillow; also TIFF compressions that tifffile leaves alone.

A photo's EXIF orientation is not applied: masks carry no such note, and pairs made of the stored
pixels stay pairs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_unet.data.readers.memory import check_fits, hollow
from napari_unet.data.readers.raster import Raster
from napari_unet.errors import DataError

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif")
# Only these, whatever a file is called: Pillow would also start other programs for some formats.
FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "GIF")
GREY = ("1", "L", "I", "F", "I;16", "I;16L", "I;16B", "I;16N")
DTYPES = {"1": np.bool_, "L": np.uint8, "I": np.int32, "F": np.float32}  # of GREY, else uint16


def read(path: Path) -> Raster:
    """Read the picture of a file, the first of several, or all pages of a TIFF."""
    with _open(path) as picture:
        pages: int = getattr(picture, "n_frames", 1)
        if pages > 1 and picture.format in ("TIFF", "GIF"):
            return _pages(picture, pages)
        if (deep := _deep_colour(picture, path)) is not None:
            return deep
        picture.load()
        if picture.mode in GREY:
            return Raster(np.array(picture), "yx")
        if picture.mode == "P":
            return Raster(np.array(picture), "yx", palette=_palette(picture))
        if picture.mode in ("LA", "RGBA"):
            return Raster(np.array(picture), "yxc", alpha=True, colour=True)
        return Raster(np.array(picture.convert("RGB")), "yxc", colour=True)


def header(path: Path) -> Raster:
    """Return what `read` does, with an array that has no values."""
    with _open(path) as picture:
        size, mode = (picture.height, picture.width), picture.mode
        if mode == "P":
            return Raster(hollow(size, np.uint8), "yx", palette=_palette(picture))
        if mode in GREY:
            return Raster(hollow(size, DTYPES.get(mode, np.uint16)), "yx")
        deep = picture.format == "PNG" and any("16B" in str(t.args) for t in picture.tile)
        alpha = mode in ("LA", "RGBA")
        channels = 2 if mode == "LA" else 3 + alpha
        array = hollow((*size, channels), np.uint16 if deep else np.uint8)
        return Raster(array, "yxc", alpha=alpha, colour=True)


def _pages(picture: ImageFile, count: int) -> Raster:
    """Read the pages of a TIFF, which must be alike."""
    first = (picture.size, picture.mode)
    if picture.mode not in (*GREY, "RGB"):
        raise DataError(f"it is a stack of images of mode {picture.mode}; save them as grey or RGB")
    check_fits((count, *picture.size, len(picture.getbands())), np.float32)
    pages: list[np.ndarray] = []
    for i in range(count):
        picture.seek(i)
        if (picture.size, picture.mode) != first:
            raise DataError("its pages differ in size or kind; save one image per file")
        pages.append(np.array(picture))
    return Raster(np.stack(pages), "qyxc"[: pages[0].ndim + 1], colour=True)


def _open(path: Path) -> ImageFile:
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(path, formats=FORMATS)
    except UnidentifiedImageError as e:
        raise DataError("it is no PNG, JPEG, BMP, GIF or TIFF file, whatever its name says") from e
    except Image.DecompressionBombError as e:
        raise DataError("it is too large to be read at once; cut it into tiles") from e


def _palette(picture: ImageFile) -> np.ndarray:
    """Return the palette as ``(N, 3)`` uint8."""
    return np.array(picture.getpalette("RGB") or [0, 0, 0], np.uint8).reshape(-1, 3)


def _deep_colour(picture: ImageFile, path: Path) -> Raster | None:
    """Read a PNG of 16-bit colour in full; None for any other file.

    Pillow has no such mode and keeps the upper byte of every value. Told that the bytes lie the
    other way round it keeps the lower one, so two passes give both.
    """
    if picture.format != "PNG" or picture.mode not in ("RGB", "RGBA") or len(picture.tile) != 1:
        return None
    mode = picture.tile[0].args
    if mode not in ("RGB;16B", "RGBA;16B"):
        return None
    with _open(path) as again:
        again.tile = [again.tile[0]._replace(args=mode.replace("16B", "16L"))]
        low = np.array(again)
    high = np.array(picture).astype(np.uint16)
    return Raster(high << 8 | low, "yxc", alpha=picture.mode == "RGBA", colour=True)
