"""How good a segmentation is likely to be, told from its probabilities alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d
from scipy.optimize import isotonic_regression

from napari_unet.labelling import LEVELS, entropy, label_image

NEAR = 0.02  # of an image's shorter side: how far around the foreground its outline may lie
KNOWN = 10  # cases with known scores from which on estimates are calibrated
FAINT = 0.1  # a probability below which nothing was nearly found


@dataclass(frozen=True)
class Estimate:
    """What the probabilities of one image tell of its segmentation.

    Attributes
    ----------
    dice
        The expected Dice, if the probabilities are right and pixels independent.
    entropy
        How undecided the network is about the pixels within and near the foreground, 0 to 1.
    disagreement
        How far the answers to mirror images differ there, 0 to 1.
    peak
        The highest probability of foreground anywhere.
    empty
        Whether nothing is segmented.
    """

    dice: float
    entropy: float
    disagreement: float
    peak: float
    empty: bool

    @property
    def uncertainty(self) -> float:
        """The larger of the two: either alone tells of an answer that may be another."""
        return max(self.entropy, self.disagreement)


def estimate(
    probabilities: NDArray[np.uint8], disagreement: NDArray[np.uint8], threshold: float
) -> Estimate:
    """Look at the answer for one image.

    The expectation of 2 |A ∩ B| / (|A| + |B|), where A is what is segmented and B what is there,
    is taken as the ratio of the expected numbers of pixels: 2 Σ p over A / (|A| + Σ p). Of several
    classes, it is the mean of those that are segmented. Where none is, the Dice is 1 only if
    nothing is there; how likely something is tells the highest probability.

    Parameters
    ----------
    probabilities
        uint8 ``(K, …)`` as from `napari_unet.labelling.quantise`.
    disagreement
        uint8 of one plane's shape, as from `napari_unet.inference.results.Kept`.
    threshold
        0 to 1, for one plane.
    """
    labels = label_image(probabilities, threshold)
    lone = len(probabilities) == 1
    planes = probabilities if lone else probabilities[1:]
    peak = float(planes.max()) / LEVELS
    found = [i for i in range(len(planes)) if (labels == i + 1).any()]
    if not found:
        unsure = 1 - abs(2 * peak - 1)  # most at one half
        return Estimate(1 - peak, unsure, float(disagreement.max()) / LEVELS, peak, True)
    dices = [_expected(planes[i], labels == i + 1) for i in found]
    region = _near(labels > 0)
    return Estimate(
        dice=float(np.mean(dices)),
        entropy=float(entropy(probabilities)[region].mean()) / LEVELS,
        disagreement=float(disagreement[region].mean()) / LEVELS,
        peak=peak,
        empty=False,
    )


def _expected(plane: NDArray[np.uint8], segmented: NDArray[np.bool_]) -> float:
    total = float(plane.sum(dtype=np.int64)) / LEVELS
    shared = float(plane[segmented].sum(dtype=np.int64)) / LEVELS
    return 2 * shared / (float(np.count_nonzero(segmented)) + total)


def _near(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask and what lies a little around it, within planes."""
    width = 2 * max(round(NEAR * min(mask.shape[-2:])), 1) + 1
    grown = mask.view(np.uint8)
    for axis in (-2, -1):
        grown = maximum_filter1d(grown, width, axis=axis, mode="constant")
    return grown.astype(bool)


class Calibration:
    """Turns expected Dice into what such cases had in truth.

    Networks are too sure of themselves, so the expectation is too high; but it orders cases well.
    Isotonic regression of known scores on it keeps the order and mends the values (Zadrozny and
    Elkan, "Transforming classifier scores into accurate multiclass probability estimates", 2002).

    Parameters
    ----------
    expected, true
        Dice of cases that the model was not trained on. With fewer than `KNOWN`, nothing is done.
    """

    def __init__(self, expected: list[float], true: list[float]) -> None:
        self.known = len(expected) if len(expected) >= KNOWN else 0
        if self.known:
            order = np.argsort(expected, kind="stable")
            fitted = isotonic_regression(np.asarray(true)[order]).x
            # One point a step, at its middle: between them the estimate rises, so that it orders.
            values, step = np.unique(fitted, return_inverse=True)
            places = np.bincount(step, np.asarray(expected)[order]) / np.bincount(step)
            self._places, self._values = places, values

    def __call__(self, expected: float) -> float:
        """Return the Dice that a case with this expectation is likely to have."""
        if not self.known:
            return expected
        return float(np.interp(expected, self._places, self._values))
