"""TIFF, also of several pages, as ImageJ and OME write it: read with tifffile.

What a file says of its axes and sizes is used; where pages have no name they are slices, and that
is said. Large files are read piece by piece (through tifffile's Zarr store).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np

from napari_unet.data.readers import pillow
from napari_unet.data.readers.memory import LAZY_FROM, check_fits, hollow, lazily
from napari_unet.data.readers.raster import Raster
from napari_unet.errors import DataError

SUFFIXES = (".ome.tif", ".ome.tiff", ".tif", ".tiff")
# tifffile logs what it finds odd; unless someone listens, that stays off the terminal.
logging.getLogger("tifffile").addHandler(logging.NullHandler())
MINISWHITE, RGB, PALETTE = 0, 2, 3  # values of the tag PhotometricInterpretation
ASSOCIATED, UNASSOCIATED = 1, 2  # values of ExtraSamples that mean opacity
UNCOMPRESSED = 1  # value of Compression
UNITS = {"um": "um", "µm": "um", "μm": "um", "micron": "um", "microns": "um", "mm": "mm"}
UNITS |= {"nm": "nm", "cm": "cm", "m": "m", "s": "s", "sec": "s", "ms": "ms", "min": "min"}

OME_SIZES = {"t": "TimeIncrement"} | {a: f"PhysicalSize{a.upper()}" for a in "zyx"}


def read(path: Path) -> Raster:
    """Read the first series of a file, lazily if it is large.

    Compressions that tifffile cannot undo by itself (LZW, JPEG, PackBits) are left to Pillow, which
    would cut 16-bit colour down to 8 bits: that one combination is refused instead.
    """
    import tifffile

    try:
        with tifffile.TiffFile(path) as tif:
            page, series = tif.pages.first, tif.series[0]
            found = _described(tif)
            _check_size(page, series, path.stat().st_size)
            if series.nbytes > LAZY_FROM:
                return _lazy(path, found, len(series.levels))
            check_fits(series.shape, series.dtype)
            try:
                return replace(found, array=tif.asarray(series=0))
            except (ValueError, KeyError) as e:
                if "imagecodecs" in str(e):
                    return _with_pillow(path, page, found)
                raise
    except tifffile.TiffFileError:
        return pillow.read(path)  # another format under this name


def header(path: Path) -> Raster:
    """Return what `read` does, with an array that has no values."""
    import tifffile

    try:
        with tifffile.TiffFile(path) as tif:
            return _described(tif)
    except tifffile.TiffFileError:
        return pillow.header(path)


def _described(tif: Any) -> Raster:
    """Return all but the pixels of a file's first series."""
    page, series = tif.pages.first, tif.series[0]
    if series.dtype is None or not series.shape:
        raise DataError("its pixels are of a kind that no image has")
    axes = "".join(a.lower() if a in "TZYXSC" else "q" for a in series.axes)
    if "s" in axes and "c" in axes:  # of one length both name it; else `find_layout` refuses
        sizes = zip(axes, series.shape, strict=True)
        axes = "".join("q" if n == 1 and a == "c" else a for a, n in sizes)
    spacing, units = _spacing(tif)
    several = len(tif.series)
    return Raster(
        hollow(series.shape, series.dtype),
        axes,
        alpha=_has_alpha(page) and axes.endswith("s"),
        palette=_palette(page),
        spacing=spacing,
        units=units,
        colour=page.photometric == RGB and "s" in axes,
        note=f"it holds {several} series of images; the first is used" if several > 1 else "",
    )


def _lazy(path: Path, found: Raster, levels: int) -> Raster:
    """Describe the levels of a large file; their pixels are read when they are asked for."""
    if found.palette is not None:
        raise DataError("it is too large for an image with a palette; cut it into tiles")
    arrays = []
    for level in range(levels):
        with _level(path, level) as stored:
            chunks = stored.chunks
        arrays.append(lazily(partial(_level, path, level), chunks))
    return replace(found, array=arrays[0], levels=tuple(arrays) if levels > 1 else ())


@contextmanager
def _level(path: Path, level: int) -> Iterator[Any]:
    """Open one level of a file's first series as a Zarr array."""
    import tifffile
    import zarr

    with tifffile.TiffFile(path) as tif, tif.series[0].aszarr(level=level) as store:
        yield zarr.open_array(store, mode="r")


def _check_size(page: Any, series: Any, stored: int) -> None:
    """Refuse a damaged header that promises more than any compression can have put into the file.

    Deflate reaches about 1000:1, on bits that are unpacked to bytes eight times that.
    """
    ratio = 8 if page.compression == UNCOMPRESSED else 10_000
    tile = page.tilewidth * page.tilelength * page.samplesperpixel if page.is_tiled else 0
    if max(series.nbytes, tile) > ratio * stored:
        raise DataError("its header is damaged: it promises more pixels than the file can hold")


def _with_pillow(path: Path, page: Any, found: Raster) -> Raster:
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
        raster = replace(raster, array=(top - raster.array).astype(raster.array.dtype))
    if raster.array.size == found.array.size and raster.palette is None and not raster.alpha:
        return replace(found, array=raster.array.reshape(found.array.shape))
    return replace(raster, spacing=found.spacing, units=found.units)


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


# --- sizes --------------------------------------------------------------------------------------


def _spacing(tif: Any) -> tuple[dict[str, float], dict[str, str]]:
    """Return the sizes and units that OME or ImageJ wrote, by axis.

    The resolution of other files is that of a printer or a screen and says nothing here.
    """
    if tif.is_ome:
        return _ome_spacing(tif.ome_metadata or "")
    if tif.is_imagej:
        return _imagej_spacing(tif.imagej_metadata or {}, tif.pages.first.tags)
    return {}, {}


def _ome_spacing(xml: str) -> tuple[dict[str, float], dict[str, str]]:
    import tifffile

    try:
        image = tifffile.xml2dict(xml)["OME"]["Image"]
        pixels = (image[0] if isinstance(image, list) else image)["Pixels"]
    except (KeyError, TypeError, IndexError, ParseError):
        return {}, {}
    sizes, units = {}, {}
    for axis, name in {
        **{a: f"PhysicalSize{a.upper()}" for a in "zyx"},
        "t": "TimeIncrement",
    }.items():
        unit = UNITS.get(str(pixels.get(f"{name}Unit", "s" if axis == "t" else "µm")))
        if unit and (size := _positive(pixels.get(name))):
            sizes[axis], units[axis] = size, unit
    return sizes, units


def _imagej_spacing(
    metadata: Mapping[str, Any], tags: Any
) -> tuple[dict[str, float], dict[str, str]]:
    unit = UNITS.get(str(metadata.get("unit", "")).replace("\\u00B5", "µ"), "")
    if not unit:
        return {}, {}
    sizes = {}
    for axis, name in (("y", "YResolution"), ("x", "XResolution")):
        pixels, per = tags[name].value if name in tags else (0, 0)
        if not pixels or not per:
            return {}, {}
        sizes[axis] = per / pixels
    units = dict.fromkeys("zyx", unit)
    if slices := _positive(metadata.get("spacing")):
        sizes["z"] = slices
    if interval := _positive(metadata.get("finterval")):
        sizes["t"], units["t"] = interval, "s"
    return sizes, units


def _positive(value: Any) -> float:
    """Return a number that can be a size, else 0."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return 0.0
    return number if 0 < number < float("inf") else 0.0
