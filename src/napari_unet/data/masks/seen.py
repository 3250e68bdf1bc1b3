"""Looking at a sample of masks: which values they hold, how often, and whether these fill areas."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.formats import mask_palette, read_mask
from napari_unet.data.masks.colours import SeenColours, is_coloured, is_packed, unpack
from napari_unet.data.readers.raster import brightness
from napari_unet.errors import DataError

ENOUGH_MASKS = 64  # a rule is made from so many masks …
ENOUGH_PIXELS = 2**26  # … or so many pixels, if the masks are large (and there are a few)
ENOUGH_PLANES = 32  # of a volume
MOST_MASKS = 1024  # while all are blank or unreadable, try so many before giving up
SOLID = 0.6  # share of a value's pixels that continue to the right or below, if it has an area


@dataclass
class Seen:
    """What the masks that were looked at hold, value by value."""

    sets: list[frozenset[float]]  # the values of each mask
    pixels: dict[float, int]  # how often each value occurs
    joined: dict[float, int]  # how often with the same value to its right or below
    coloured: SeenColours = field(default_factory=SeenColours)  # the masks that have colours
    palette: NDArray[np.uint8] | None = None  # what the first file gives its values

    @property
    def values(self) -> list[float]:
        """The different values, ascending."""
        return sorted(self.pixels)

    def solid(self, value: float) -> bool:
        """Say whether a value fills areas, as a class does and an antialiased edge does not.

        The root allows for chance: of five pixels on an edge, four may touch.
        """
        pixels = self.pixels[value]
        return self.joined[value] - math.sqrt(pixels) >= SOLID * pixels


def look(masks: Iterable[np.ndarray | Path], axes: str = "") -> Seen:
    """Look at as many masks as it takes to say what their values mean (see `rules.find_rule`)."""
    seen = Seen([], {}, {})
    pixels = 0
    for mask in _arrays(masks, seen, axes):
        pixels += mask.size
        if is_packed(mask):
            if is_coloured(mask):
                seen.coloured.add(mask)
            mask = brightness(unpack(mask))
        _count(mask, seen)
        enough = len(seen.sets) >= ENOUGH_MASKS or (pixels > ENOUGH_PIXELS and len(seen.sets) >= 8)
        if enough and len(seen.pixels) > 1:
            break
    return seen


def _arrays(masks: Iterable[np.ndarray | Path], seen: Seen, axes: str) -> Iterator[np.ndarray]:
    for mask in itertools.islice(masks, MOST_MASKS):
        if isinstance(mask, np.ndarray):
            yield mask
            continue
        with suppress(DataError):
            if not seen.sets:
                seen.palette = mask_palette(mask)
            yield read_mask(mask, axes, colours=True)


def _count(mask: np.ndarray, seen: Seen) -> None:
    """Add one mask's values to what was seen."""
    mask = _some_planes(mask)
    if mask.dtype.kind == "f":
        mask = np.nan_to_num(mask, nan=0.0, posinf=0.0, neginf=0.0)
    values, counts = _histogram(mask.ravel())
    seen.sets.append(frozenset(values))
    for value, count in zip(values, counts, strict=True):
        seen.pixels[value] = seen.pixels.get(value, 0) + count
    joined = dict(zip(values, counts, strict=True))
    if len(values) > 2:
        joined = dict(zip(*_histogram(mask[_continues(mask)]), strict=True))
    for value in values:
        seen.joined[value] = seen.joined.get(value, 0) + joined.get(value, 0)


def _some_planes(mask: np.ndarray) -> np.ndarray:
    """Return a mask, or of a volume so many planes that hold something as tell what it is."""
    if mask.ndim == 2:
        return mask
    planes = mask.reshape(-1, *mask.shape[-2:])
    if len(planes) <= ENOUGH_PLANES:
        return planes
    varied = np.flatnonzero((planes != planes[:, :1, :1]).any(axis=(1, 2)))
    chosen = varied if len(varied) else np.arange(len(planes))
    # Scattered over the volume, its first plane with anything in it and its last among them.
    picked = chosen[np.linspace(0, len(chosen) - 1, min(ENOUGH_PLANES, len(chosen))).astype(int)]
    return np.asarray(planes[np.unique(picked)])


def _histogram(values: np.ndarray) -> tuple[list[float], list[int]]:
    """Return the different values, ascending, and how often each occurs."""
    if values.dtype in (np.uint8, np.uint16):
        every = np.bincount(values)
        present = np.flatnonzero(every)
        counts = every[present]
    else:
        present, counts = np.unique(values, return_counts=True)
    return [float(v) for v in present], counts.tolist()


def _continues(mask: np.ndarray) -> np.ndarray:
    """Mark the pixels whose right or lower neighbour has the same value."""
    same = np.zeros(mask.shape, bool)
    same[..., :-1] = mask[..., :-1] == mask[..., 1:]
    same[..., :-1, :] |= mask[..., :-1, :] == mask[..., 1:, :]
    return same
