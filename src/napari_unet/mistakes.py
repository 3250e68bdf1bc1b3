"""Where a segmentation is wrong: connected regions of one kind of error, the largest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_unet.tally import ADDED, CONFUSED, MISSED, Box

MOST = 1000  # regions that are told of one by one


@dataclass(frozen=True, order=True)
class Mistake:
    """One region of errors; they sort as they are gone through.

    Attributes
    ----------
    rank : int
        Minus the number of pixels.
    at : tuple of int
        A pixel of it, in the middle of its largest plane.
    outcome : int
        What is wrong: `tally.ADDED`, `tally.MISSED` or `tally.CONFUSED`.
    box : tuple of (start, stop)
        What encloses it.
    """

    rank: int
    at: tuple[int, ...]
    outcome: int
    box: tuple[tuple[int, int], ...]

    @property
    def pixels(self) -> int:
        """How many pixels it has."""
        return -self.rank


def find_mistakes(outcomes: NDArray[np.uint8], apart: int = 0) -> tuple[tuple[Mistake, ...], int]:
    """Return the regions of errors, the largest first, and how many there are.

    Pixels are connected by corners too. Of a great number only the largest `MOST` are returned.

    Parameters
    ----------
    outcomes
        What is right or wrong at each pixel; see `Tally.outcomes`.
    apart
        How many of the first axes regions do not reach along, such as time.
    """
    near = np.ones((3,) * outcomes.ndim, bool)
    for axis in range(apart):
        near &= (np.arange(3) == 1).reshape([-1 if i == axis else 1 for i in range(outcomes.ndim)])
    found: list[tuple[int, int, int]] = []
    labelled = {}
    for outcome in (ADDED, MISSED, CONFUSED):
        labels, n = ndimage.label(outcomes == outcome, near)
        if n:
            sizes = np.bincount(labels.ravel())[1:]
            labelled[outcome] = labels, ndimage.find_objects(labels)
            found += [(-int(size), outcome, i) for i, size in enumerate(sizes)]
    mistakes = [_mistake(*labelled[outcome], i, outcome) for _, outcome, i in sorted(found)[:MOST]]
    return tuple(sorted(mistakes)), len(found)


def _mistake(labels: NDArray[Any], boxes: list[Box], i: int, outcome: int) -> Mistake:
    box = boxes[i]
    pixels = np.argwhere(labels[box] == i + 1)
    where = pixels + [s.start for s in box]
    sides = tuple((int(s.start), int(s.stop)) for s in box)
    return Mistake(-len(pixels), _middle(where), outcome, sides)


def _middle(pixels: NDArray[np.int64]) -> tuple[int, ...]:
    """Return the pixel nearest to the middle of the plane that holds most of them."""
    planes, of = np.unique(pixels[:, :-2], axis=0, return_inverse=True)
    if len(planes) > 1:
        pixels = pixels[of.ravel() == np.argmax(np.bincount(of.ravel()))]
    away = pixels[:, -2:] - pixels[:, -2:].mean(axis=0)
    return tuple(int(i) for i in pixels[np.argmin((away**2).sum(axis=1))])
