"""What a file stores, and how that becomes an image or the values of a mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.masks.colours import pack
from napari_unet.data.readers.layout import find_layout
from napari_unet.data.readers.memory import load
from napari_unet.data.readers.space import over_axes
from napari_unet.data.scan import Array, Header, Scan
from napari_unet.errors import DataError

if TYPE_CHECKING:
    from napari_unet.data.readers.space import Geometry

# How far apart red, green and blue must lie for a palette entry to count as a colour. Palettes made
# from smeared black-and-white masks hold near-greys, class palettes saturated colours.
CHROMATIC = 32

# More than this in one plane is taken for a whole slide or a damaged header (it is also where
# Pillow stops), and refused before memory is asked for.
MAX_PIXELS = 178_956_970


@dataclass(frozen=True, eq=False)
class Raster:
    """The stored values of one file before they are taken for an image or a mask.

    Attributes
    ----------
    array : numpy.ndarray or dask.array.Array
        As stored; where only the header was read, an array of the right shape without values.
    axes : str
        A letter per stored axis: "tzyxc", and "q" for one that the file does not name. Empty if it
        names none (see `layout.find_layout`).
    alpha : bool
        The last channel is opacity.
    palette : numpy.ndarray or None
        ``(N, 3)`` uint8; the array holds indices into it.
    spacing, units : mapping of str
        Size of a pixel, and its unit, by the letter of the axis.
    affine : numpy.ndarray or None
        ``(4, 4)`` over z, y, x, applied after the spacing.
    colour : bool or None
        Whether three or four channels are colours; None where the file does not say.
    levels, guess, patient, tags, note, geometry
        As in `Scan`; levels are stored like the array.
    """

    array: Array
    axes: str = ""
    alpha: bool = False
    palette: NDArray[np.uint8] | None = None
    spacing: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    affine: NDArray[np.float64] | None = None
    colour: bool | None = None
    levels: tuple[Array, ...] = ()
    guess: str = ""
    patient: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    geometry: Geometry | None = None


def as_image(raster: Raster, source: Path = Path(), axes: str = "") -> Scan:
    """Return the picture a person sees, without opacity.

    Parameters
    ----------
    raster : Raster
        What the file stores.
    source : Path
        The file.
    axes : str
        The stored axes' letters, if a person names them.

    Raises
    ------
    DataError
        If the values are not real numbers, or the axes not those of an image.
    """
    layout = find_layout(raster.array.shape, raster.axes, axes)

    def picture(stored: Array) -> Array:
        return _picture(raster, layout.apply(_numeric(stored)))

    header = describe(raster, axes)
    return Scan(
        picture(raster.array),
        header.axes,
        source,
        header.spacing,
        header.units,
        None if raster.affine is None else over_axes(raster.affine, header.axes),
        tuple(map(picture, raster.levels)),
        header.guess,
        _is_coloured(raster, header),
        raster.patient,
        raster.tags,
        raster.note,
        raster.geometry,
    )


def describe(raster: Raster, axes: str = "") -> Header:
    """Return what `as_image` would, but for the pixels, which need not be there."""
    layout = find_layout(raster.array.shape, raster.axes, axes)
    shape, letters, dtype = layout.shape(raster.array.shape), layout.axes, raster.array.dtype
    if raster.palette is not None:
        dtype = raster.palette.dtype
        if is_colour(raster.palette):
            shape, letters = (*shape, 3), f"{letters}c"
    elif raster.alpha:
        shape = (*shape[:-1], shape[-1] - 1) if shape[-1] > 2 else shape[:-1]
        letters = letters if len(letters) == len(shape) else letters[:-1]
    spatial = letters.removesuffix("c")
    known = any(a in raster.spacing for a in spatial)
    return Header(
        shape,
        letters,
        str(np.dtype(np.uint8) if dtype.kind == "b" else dtype.newbyteorder("=")),
        tuple(float(raster.spacing.get(a, 1.0)) for a in spatial) if known else None,
        tuple(raster.units.get(a, "pixel") for a in spatial) if known and raster.units else (),
        "" if axes else raster.guess or layout.guess,
        raster.patient,
        raster.tags,
    )


def as_mask(raster: Raster, axes: str = "", colours: bool = False) -> NDArray[Any]:
    """Return the values ``(H, W)``, or those of a volume, that say what each pixel is.

    * A palette with colours in it is a table of classes: the indices are returned. A palette of
      greys is only a way to store brightness (black and white, in either order): the brightness is
      returned. The palette as a whole decides, not the entries one file happens to use, so that
      all files of a set are read alike.
    * Opacity is ignored unless it alone carries the mask: one colour everywhere, over an opacity
      that varies or is zero.
    * Equal colour channels give that channel, others their luminance; if ``colours`` are wanted,
      any three channels of bytes give packed colours (see `data.masks.colours`).

    Raises
    ------
    DataError
        If the values are not numbers, there are two or more than four channels, or the values do
        not fit into the memory.
    """
    layout = find_layout(raster.array.shape, raster.axes, axes)
    array = load(layout.apply(_numeric(raster.array)))
    if raster.palette is not None:
        palette = raster.palette
        return array if is_colour(palette) else _look_up(palette[:, 0], array)
    if not layout.axes.endswith("c"):
        return array
    if raster.alpha:
        colour, opacity = array[..., :-1], array[..., -1]
        solid = opacity.min() == opacity.max() != 0  # the rule; only else is colour looked at
        if not solid and (colour == colour[(0,) * (colour.ndim - 1)]).all():
            return np.asarray(opacity)
        array = colour
    if array.shape[-1] == 1:
        return np.asarray(array[..., 0])
    if array.shape[-1] != 3:
        raise DataError(f"it has {array.shape[-1]} channels, but a mask is one plane of values")
    return pack(array) if colours and array.dtype == np.uint8 else brightness(array)


def brightness(array: NDArray[Any]) -> NDArray[Any]:
    """Return one value for each colour ``(…, 3)``: that of equal channels, else the luminance."""
    first = array[..., 0]
    same = np.array_equal(first, array[..., 1]) and np.array_equal(first, array[..., 2])
    return np.ascontiguousarray(first) if same else luminance(array)


def luminance(rgb: NDArray[Any]) -> NDArray[Any]:
    """Return the brightness ``(…)`` of ``(…, 3)`` in the same dtype (ITU-R BT.601 weights).

    Pixels with three equal channels keep exactly their value.
    """
    if rgb.dtype.kind == "f":
        wide = rgb.astype(np.float64)
        grey = 0.299 * wide[..., 0] + 0.587 * wide[..., 1] + 0.114 * wide[..., 2]
        return np.asarray(grey.astype(rgb.dtype))
    wide = rgb.astype(np.uint32 if rgb.dtype.itemsize <= 2 and rgb.dtype.kind == "u" else np.int64)
    grey = (299 * wide[..., 0] + 587 * wide[..., 1] + 114 * wide[..., 2] + 500) // 1000
    return np.asarray(grey.astype(rgb.dtype))


def is_colour(palette: NDArray[np.uint8]) -> bool:
    """Say whether any entry of a palette ``(N, 3)`` is clearly not grey."""
    spread = palette.max(axis=1).astype(int) - palette.min(axis=1)
    return bool((spread > CHROMATIC).any())


def _picture(raster: Raster, array: Array) -> Array:
    """Return laid out values as colours or brightness, without opacity."""
    if raster.palette is not None:
        table = raster.palette if is_colour(raster.palette) else raster.palette[:, 0]
        return _look_up(table, load(array))
    if raster.alpha:
        array = array[..., :-1]
        return array[..., 0] if array.shape[-1] == 1 else array
    return array


def _is_coloured(raster: Raster, header: Header) -> bool:
    """Say whether channels are colours: what the file says, else 3 or 4 channels of bytes."""
    if header.channels not in (3, 4):
        return False
    return header.dtype == "uint8" if raster.colour is None else raster.colour


def _look_up(table: NDArray[np.uint8], indices: NDArray[Any]) -> NDArray[np.uint8]:
    """Index a palette; entries a damaged file does not define become black."""
    full = np.zeros((max(int(indices.max(initial=0)) + 1, len(table)), *table.shape[1:]), np.uint8)
    full[: len(table)] = table
    return np.asarray(full[indices])


def _numeric(array: Array) -> Array:
    """Return real numbers in the machine's byte order; bool becomes uint8 0 and 1."""
    if array.dtype.kind not in "buif":
        raise DataError(f"its values are not real numbers ({array.dtype})")
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    return array.astype(array.dtype.newbyteorder("="), copy=False)
