"""PNG, JPEG and BMP, read with Pillow; also the TIFF compressions that tifffile leaves to others.

A photo's EXIF orientation is not applied: masks carry no such note, and pairs made of the stored
pixels stay pairs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_unet.data.raster import Raster, is_colour
from napari_unet.errors import DataError

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")
# Only these, whatever a file is called: Pillow would also start other programs for some formats.
FORMATS = ("PNG", "JPEG", "BMP", "TIFF")
GREY = ("1", "L", "I", "F", "I;16", "I;16L", "I;16B", "I;16N")


def read(path: Path) -> Raster:
    """Read the first (and only) picture of a file."""
    with _open(path) as picture:
        frames = getattr(picture, "n_frames", 1)
        if frames > 1 and picture.format == "TIFF":
            raise DataError(f"it is a stack of {frames} images; save one per file")
        if (deep := _deep_colour(picture, path)) is not None:
            return deep
        picture.load()
        if picture.mode in GREY or picture.mode == "RGB":
            return Raster(np.array(picture))
        if picture.mode == "P":
            return Raster(np.array(picture), palette=_palette(picture))
        if picture.mode in ("LA", "RGBA"):
            return Raster(np.array(picture), alpha=True)
        return Raster(np.array(picture.convert("RGB")))


def shape(path: Path) -> tuple[int, int, int]:
    """Return height, width and channels (without opacity) from the header alone."""
    with _open(path) as picture:
        if picture.mode == "P":
            grey = not is_colour(_palette(picture))
        else:
            grey = picture.mode in (*GREY, "LA")
        return picture.height, picture.width, 1 if grey else 3


def _open(path: Path) -> ImageFile:
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(path, formats=FORMATS)
    except UnidentifiedImageError as e:
        raise DataError("it is no PNG, JPEG, BMP or TIFF file, whatever its name says") from e
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
    return Raster(high << 8 | low, alpha=picture.mode == "RGBA")
