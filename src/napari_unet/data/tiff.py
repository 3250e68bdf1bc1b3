"""TIFF: one grey or colour image per file, read with tifffile."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_unet.data import pillow
from napari_unet.data.raster import MAX_PIXELS, Raster, is_colour
from napari_unet.errors import DataError

SUFFIXES = (".tif", ".tiff")
# tifffile logs what it finds odd; unless someone listens, that stays off the terminal.
logging.getLogger("tifffile").addHandler(logging.NullHandler())
MINISWHITE, RGB, PALETTE = 0, 2, 3  # values of the tag PhotometricInterpretation
ASSOCIATED, UNASSOCIATED = 1, 2  # values of ExtraSamples that mean opacity
UNCOMPRESSED = 1  # value of Compression
UNITS = {"um": "um", "µm": "um", "micron": "um", "microns": "um", "mm": "mm", "nm": "nm"}


def read(path: Path) -> Raster:
    """Read the one image of a file.

    Compressions that tifffile cannot undo by itself (LZW, JPEG, PackBits) are left to Pillow, which
    would cut 16-bit colour down to 8 bits: that one combination is refused instead.
    """
    import tifffile

    try:
        with tifffile.TiffFile(path) as tif:
            page, series = tif.pages.first, tif.series[0]
            kept, spacing = _kept(series), _spacing(tif)
            _check_size(page, series, path.stat().st_size)
            alpha, palette = _has_alpha(page), _palette(page)
            try:
                array = tif.asarray(series=0)
            except (ValueError, KeyError) as e:
                if "imagecodecs" in str(e):
                    return _with_pillow(path, page)
                raise
    except tifffile.TiffFileError:
        return pillow.read(path)  # another format under this name
    rest = [i for i in range(array.ndim) if i not in kept]
    array = array.transpose([*kept, *rest]).reshape([array.shape[i] for i in kept])
    return Raster(array, alpha, palette, *spacing)


def shape(path: Path) -> tuple[int, int, int]:
    """Return height, width and channels (without opacity) from the header alone."""
    import tifffile

    try:
        with tifffile.TiffFile(path) as tif:
            page, series = tif.pages.first, tif.series[0]
            height, width, *channels = (series.shape[i] for i in _kept(series))
            palette = _palette(page)
            if palette is not None:
                return height, width, 3 if is_colour(palette) else 1
            return height, width, (channels[0] if channels else 1) - _has_alpha(page)
    except tifffile.TiffFileError:
        return pillow.shape(path)


def _kept(series: Any) -> tuple[int, ...]:
    """Return where a series has its rows, its columns and, if any, its channels.

    Raises
    ------
    DataError
        If there is more: slices, times, pages; or if the size stated in the header is absurd.
    """
    sizes = dict(zip(series.axes, series.shape, strict=True))
    channels = [a for a in "SC" if sizes.get(a, 1) > 1]
    more = [a for a in sizes if a not in "YXSC" and sizes[a] > 1]
    if more or len(channels) > 1 or not {"Y", "X"} <= set(sizes):
        raise DataError(f"it is a stack ({series.axes}, {series.shape}); save one image per file")
    if sizes["Y"] * sizes["X"] > MAX_PIXELS:
        raise DataError("it is too large to be read at once; cut it into tiles")
    return tuple(series.axes.index(a) for a in ("Y", "X", *channels))


def _check_size(page: Any, series: Any, stored: int) -> None:
    """Refuse a damaged header that promises more than any compression can have put into the file.

    Deflate reaches about 1000:1, on bits that are unpacked to bytes eight times that.
    """
    ratio = 8 if page.compression == UNCOMPRESSED else 10_000
    tile = page.tilewidth * page.tilelength * page.samplesperpixel if page.is_tiled else 0
    if max(series.nbytes, tile) > ratio * stored:
        raise DataError("its header is damaged: it promises more pixels than the file can hold")


def _with_pillow(path: Path, page: Any) -> Raster:
    if page.samplesperpixel > 1 and page.bitspersample > 8:
        raise DataError(
            f"its compression ({page.compression.name}) of {page.bitspersample}-bit colour needs "
            "the package imagecodecs (pip install imagecodecs)"
        )
    raster = pillow.read(path)
    if page.photometric == MINISWHITE:
        # Pillow turns these over to show zero as white. ImageJ and tifffile mark masks so whose
        # foreground is stored as 1 or 255, and it is the stored values that count.
        top = 1 if page.bitspersample == 1 else np.iinfo(raster.array.dtype).max
        return replace(raster, array=(top - raster.array).astype(raster.array.dtype))
    return raster


def _palette(page: Any) -> np.ndarray | None:
    """Return the palette, if there is one, as ``(N, 3)`` uint8; files store 16 bits a colour."""
    if page.photometric != PALETTE:
        return None
    colours = np.asarray(page.colormap).T
    return (colours >> 8 if colours.max(initial=0) > 255 else colours).astype(np.uint8)


def _has_alpha(page: Any) -> bool:
    """Say whether the last channel is opacity; after red, green and blue it always is."""
    colours = 3 if page.photometric == RGB else 1
    extra = tuple(page.extrasamples)
    return page.samplesperpixel == colours + 1 == colours + len(extra) and (
        colours == 3 or extra[0] in (ASSOCIATED, UNASSOCIATED)
    )


def _spacing(tif: Any) -> tuple[tuple[float, ...] | None, str]:
    """Return the size of a pixel that ImageJ wrote, row first, and its unit.

    The resolution of other files is that of a printer or a screen and says nothing here.
    """
    tags = tif.pages.first.tags
    units = UNITS.get(str((tif.imagej_metadata or {}).get("unit", "")).replace("\\u00B5", "µ"), "")
    if not units or "XResolution" not in tags or "YResolution" not in tags:
        return None, ""
    sizes = []
    for name in ("YResolution", "XResolution"):
        pixels, per = tags[name].value
        if not pixels or not per:
            return None, ""
        sizes.append(per / pixels)
    return tuple(sizes), units
