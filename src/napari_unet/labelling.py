"""From probabilities to labels: the one rule that the viewer, the shell and the scores share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVELS = 255  # probabilities are kept as 0…255: a quarter of float32, exact to 0.2 %


def quantise(probabilities: NDArray[Any]) -> NDArray[np.uint8]:
    """Return probabilities 0…1 as whole numbers 0…255."""
    levels: NDArray[np.uint8] = np.rint(np.clip(probabilities, 0.0, 1.0) * LEVELS).astype(np.uint8)
    return levels


def label_image(probabilities: NDArray[np.uint8], threshold: float) -> NDArray[np.uint8]:
    """Label every pixel.

    Parameters
    ----------
    probabilities
        ``(K, …)`` as from `quantise`. One plane: pixels of at least ``threshold`` become 1. Several
        planes, the background first: each pixel takes the likeliest class.
    threshold
        0 to 1; used for one plane only.
    """
    if len(probabilities) > 1:
        likeliest: NDArray[np.uint8] = probabilities.argmax(axis=0).astype(np.uint8)
        return likeliest
    level = math.ceil(round(threshold * LEVELS, 6))
    # A comparison with a number outside uint8's range would be refused by numpy.
    foreground: NDArray[np.bool_] = probabilities[0] >= np.uint8(min(max(level, 0), LEVELS))
    return foreground.view(np.uint8)
