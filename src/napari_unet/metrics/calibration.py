"""Whether what a model calls likely is so: probabilities against the reference, in bins."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.events import Calibration
from napari_unet.labelling import LEVELS

BINS = 10
BLOCK = 1 << 20  # pixels at once: counting needs eight bytes for each


class Histogram:
    """Adds up how many pixels there are at each of the 256 kept probabilities of the foreground.

    Histograms of parts, or of images, add up to that of all.
    """

    def __init__(self) -> None:
        self.pixels = np.zeros(LEVELS + 1, np.int64)
        self.foreground = np.zeros(LEVELS + 1, np.int64)

    def __iadd__(self, other: Histogram) -> Histogram:
        self.pixels += other.pixels
        self.foreground += other.foreground
        return self

    def add(
        self, probabilities: NDArray[np.uint8], reference: NDArray[Any], ignore: int | None = None
    ) -> Histogram:
        """Take in an image.

        Parameters
        ----------
        probabilities
            uint8 ``(K, …)`` as from `napari_unet.labelling.quantise`; of several planes the first
            is the background's.
        reference
            Class indices of the shape ``…``: what is not 0 is foreground.
        ignore
            The reference's value of pixels that are not counted.
        """
        plane, truth = probabilities[0].ravel(), reference.ravel()
        for start in range(0, plane.size, BLOCK):
            levels, labels = plane[start : start + BLOCK], truth[start : start + BLOCK]
            if len(probabilities) > 1:
                levels = LEVELS - levels
            if ignore is not None and not (known := labels != ignore).all():
                levels, labels = levels[known], labels[known]
            self.pixels += np.bincount(levels, minlength=LEVELS + 1)
            self.foreground += np.bincount(levels[labels != 0], minlength=LEVELS + 1)
        return self

    def calibration(self, bins: int = BINS) -> Calibration:
        """Return the numbers of equal bins of probability; the upper edge belongs to the last."""
        levels = np.arange(LEVELS + 1)
        bin_of = np.minimum(levels * bins // LEVELS, bins - 1)
        counts, positives, total = (
            np.bincount(bin_of, weights=w, minlength=bins)
            for w in (self.pixels, self.foreground, self.pixels * levels / LEVELS)
        )
        return Calibration(
            edges=tuple(i / bins for i in range(bins + 1)),
            counts=tuple(int(n) for n in counts),
            positives=tuple(int(n) for n in positives),
            confidences=tuple(
                float(t / n) if n else math.nan for t, n in zip(total, counts, strict=True)
            ),
        )


def calibration_error(found: Calibration) -> float:
    """Return the expected calibration error (Naeini et al. 2015, AAAI), 0 to 1; NaN of no pixels.

    The mean gap between probability and share of foreground, bins weighted by their pixels.
    """
    total = sum(found.counts)
    if not total:
        return math.nan
    bins = zip(found.counts, found.positives, found.confidences, strict=True)
    return sum(abs(k - n * c) for n, k, c in bins if n) / total
