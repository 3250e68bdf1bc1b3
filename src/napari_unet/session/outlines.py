"""Outlines that a person drew on a plane: which pixels lie in them.

Pure geometry, as in ``portion``: ``widgets/portions.py`` reads the shapes that were drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.session.portion import Side


def outlines_mask(outlines: Sequence[NDArray[Any]], sides: tuple[Side, Side]) -> NDArray[np.bool_]:
    """Return the pixels of a plane that lie in any of the outlines.

    Parameters
    ----------
    outlines : sequence of numpy.ndarray
        Corners ``(n, 2)`` in pixels; a pixel's centre is at whole numbers.
    sides : pair of Side
        The part of the plane that is asked about.

    Returns
    -------
    numpy.ndarray
        Boolean, of that part's size.
    """
    from skimage.draw import polygon2mask

    start = np.array([low for low, _ in sides])
    size = tuple(high - low for low, high in sides)
    mask = np.zeros(size, bool)
    for outline in outlines:
        mask |= polygon2mask(size, np.asarray(outline, float) - start)  # type: ignore[no-untyped-call]
    return mask


def around(outlines: Sequence[NDArray[Any]], plane: tuple[int, int]) -> tuple[Side, Side] | None:
    """Return the smallest part of a plane that holds all outlines, None if none touches it."""
    corners = np.concatenate([np.asarray(outline, float) for outline in outlines])
    low = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, plane)
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 1, 0, plane)
    if (low >= high).any():
        return None
    first, second = zip(low.tolist(), high.tolist(), strict=True)
    return first, second


def ellipse(corners: NDArray[Any], points: int = 90) -> NDArray[np.float64]:
    """Return the outline ``(points, 2)`` of an ellipse in a (turned) rectangle ``(4, 2)``."""
    centre = corners.mean(axis=0)
    a, b = (corners[1] - corners[0]) / 2, (corners[2] - corners[1]) / 2
    turn = np.linspace(0, 2 * np.pi, points, endpoint=False)[:, None]
    outline: NDArray[np.float64] = centre + np.cos(turn) * a + np.sin(turn) * b
    return outline
