"""What a file stores, and how that becomes an image or the one plane of a mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from napari_unet.errors import DataError

# How far apart red, green and blue must lie for a palette entry to count as a colour. Palettes made
# from smeared black-and-white masks hold near-greys, class palettes saturated colours.
CHROMATIC = 32

# More than this in one plane is taken for a whole slide or a damaged header (it is also where
# Pillow stops), and refused before memory is asked for.
MAX_PIXELS = 178_956_970


@dataclass(frozen=True)
class Raster:
    """The stored values of one file before they are taken for an image or a mask.

    ``array`` is ``(H, W)`` or ``(H, W, C)``. If ``alpha``, its last channel is opacity. If there is
    a ``palette`` (``(N, 3)`` uint8), the array holds indices into it. ``spacing`` is the size of a
    pixel, row first, in ``units``.
    """

    array: np.ndarray
    alpha: bool = False
    palette: np.ndarray | None = None
    spacing: tuple[float, ...] | None = None
    units: str = ""
    patient: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


def as_image(raster: Raster) -> np.ndarray:
    """Return the picture a person sees, without opacity: ``(H, W)`` or ``(H, W, C)``."""
    array = _numeric(raster.array)
    if raster.palette is not None:
        table = raster.palette if is_colour(raster.palette) else raster.palette[:, 0]
        return _look_up(table, array)
    if raster.alpha:
        array = array[..., :-1]
    return array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array


def as_mask(raster: Raster) -> np.ndarray:
    """Return the one plane ``(H, W)`` of values that says what each pixel is.

    * A palette with colours in it is a table of classes: the indices are returned. A palette of
      greys is only a way to store brightness (black and white, in either order): the brightness is
      returned. The palette as a whole decides, not the entries one file happens to use, so that
      all files of a set are read alike.
    * Opacity is ignored unless it alone carries the mask: one colour everywhere, over an opacity
      that varies or is zero.
    * Equal colour channels give that channel, others their luminance.

    Raises
    ------
    DataError
        If the values are not numbers, or there are two or more than four planes.
    """
    array = _numeric(raster.array)
    if raster.palette is not None:
        palette = raster.palette
        return array if is_colour(palette) else _look_up(palette[:, 0], array)
    if raster.alpha:
        colour, opacity = array[..., :-1], array[..., -1]
        solid = opacity.min() == opacity.max() != 0  # the rule; only else is colour looked at
        if not solid and (colour == colour[0, 0]).all():
            return opacity
        array = colour
    if array.ndim == 2:
        return array
    if array.shape[2] == 1:
        return array[..., 0]
    if array.shape[2] != 3:
        raise DataError(f"it has {array.shape[2]} channels, but a mask is one plane of values")
    first = array[..., 0]
    same = np.array_equal(first, array[..., 1]) and np.array_equal(first, array[..., 2])
    return np.ascontiguousarray(first) if same else luminance(array)


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Return the brightness ``(H, W)`` of ``(H, W, 3)`` in the same dtype (ITU-R BT.601 weights).

    Pixels with three equal channels keep exactly their value.
    """
    if rgb.dtype.kind == "f":
        wide = rgb.astype(np.float64)
        grey = 0.299 * wide[..., 0] + 0.587 * wide[..., 1] + 0.114 * wide[..., 2]
        return grey.astype(rgb.dtype)
    wide = rgb.astype(np.uint32 if rgb.dtype.itemsize <= 2 and rgb.dtype.kind == "u" else np.int64)
    grey = (299 * wide[..., 0] + 587 * wide[..., 1] + 114 * wide[..., 2] + 500) // 1000
    return grey.astype(rgb.dtype)


def is_colour(palette: np.ndarray) -> bool:
    """Say whether any entry of a palette ``(N, 3)`` is clearly not grey."""
    spread = palette.max(axis=1).astype(int) - palette.min(axis=1)
    return bool((spread > CHROMATIC).any())


def _look_up(table: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Index a palette; entries a damaged file does not define become black."""
    full = np.zeros((max(int(indices.max(initial=0)) + 1, len(table)), *table.shape[1:]), np.uint8)
    full[: len(table)] = table
    return np.asarray(full[indices])


def _numeric(array: np.ndarray) -> np.ndarray:
    """Return real numbers in the machine's byte order; bool becomes uint8 0 and 1."""
    if array.dtype.kind not in "buif":
        raise DataError(f"its values are not real numbers ({array.dtype})")
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise DataError(f"its shape {array.shape} is not that of one image")
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    return array.astype(array.dtype.newbyteorder("="), copy=False)
