"""Where an image's content lies: scans of heads and bodies have wide, dark margins."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

DARK = 0.1  # share of the brightness, from nearly the darkest to nearly the brightest pixel
FILLED = 0.02  # share of a row that is brighter than that, where there is content
BESIDE = 2  # rows and columns more on every side
SAMPLE = 65_536  # pixels looked at to tell what is dark

Box = tuple[slice, slice]  # of rows and of columns


def content(image: NDArray[Any], spatial: int = 2) -> Box:
    """Return the rows and columns outside of which an image is dark.

    Of a picture that is bright up to its border that is everything, as it is of a constant one.

    Parameters
    ----------
    image : numpy.ndarray
        ``(H, W)`` or a stack ``(…, H, W)``, whose planes count together; with or without channels.
    spatial : int
        How many axes there are before those of the channels.
    """
    image = np.asarray(image)
    if image.ndim > spatial:
        image = image.max(axis=-1)
    *_, height, width = image.shape
    planes = image.reshape(-1, height, width)
    bright = planes > _level(planes)
    rows = _reach(bright.mean(axis=2).max(axis=0))
    columns = _reach(bright.mean(axis=1).max(axis=0))
    return rows, columns


def _level(image: NDArray[Any]) -> float:
    """Return the brightness up to which a pixel counts as dark."""
    flat = image.ravel()
    sample = flat[:: max(flat.size // SAMPLE, 1)].astype(np.float64)
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return np.inf
    low, high = np.percentile(sample, (5, 99))  # noise has no say in it
    return float(low + DARK * (high - low))


def _reach(filled: NDArray[np.float64]) -> slice:
    """Return from where to where there is content, given how much of each line is filled."""
    found = np.flatnonzero(filled > FILLED)
    if not found.size:
        return slice(0, len(filled))
    return slice(max(int(found[0]) - BESIDE, 0), min(int(found[-1]) + 1 + BESIDE, len(filled)))
