"""One counting pass over two label images, and the overlap scores that follow from the counts.

Dice and IoU follow Taha and Hanbury 2015 (BMC Medical Imaging 15:29), equations 6 and 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.errors import DataError


@dataclass(frozen=True)
class Counts:
    """Pixels per foreground class: each field is int64 of shape ``(classes,)``, or any other.

    ``correct`` and ``total`` are whole-image numbers: pixels whose label is right, and all pixels.
    """

    tp: NDArray[np.int64]
    fp: NDArray[np.int64]
    fn: NDArray[np.int64]
    tn: NDArray[np.int64]
    correct: int
    total: int

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.tp + other.tp,
            self.fp + other.fp,
            self.fn + other.fn,
            self.tn + other.tn,
            self.correct + other.correct,
            self.total + other.total,
        )


def count(
    prediction: NDArray[Any],
    reference: NDArray[Any],
    classes: int = 1,
    ignore: int | None = None,
) -> Counts:
    """Count agreement between two label images of any one shape.

    Parameters
    ----------
    prediction, reference
        Bool or integer arrays of the same shape. With ``classes == 1`` everything that is not 0
        is foreground; else values are 0 (background) to ``classes``.
    classes
        Number of foreground classes.
    ignore
        The reference's value of pixels that are not counted, if there is one.

    Raises
    ------
    DataError
        If the shapes differ or a value is no class.
    """
    prediction, reference = np.asarray(prediction), np.asarray(reference)
    if prediction.shape != reference.shape:
        raise DataError(
            f"The prediction is {_size(prediction)} but the reference is {_size(reference)} pixels."
        )
    if ignore is not None:
        known = reference != ignore
        prediction, reference = prediction[known], reference[known]
    if classes == 1:
        return _count_binary(prediction != 0, reference != 0)
    matrix = _confusion(prediction, reference, classes + 1)
    tp = matrix.diagonal()[1:]
    fp = matrix.sum(axis=0)[1:] - tp
    fn = matrix.sum(axis=1)[1:] - tp
    total = int(matrix.sum())
    return Counts(tp, fp, fn, total - tp - fp - fn, int(matrix.trace()), total)


def _count_binary(prediction: NDArray[np.bool_], reference: NDArray[np.bool_]) -> Counts:
    both = np.count_nonzero(prediction & reference)
    fp = np.count_nonzero(prediction) - both
    fn = np.count_nonzero(reference) - both
    tn = prediction.size - both - fp - fn
    tp_, fp_, fn_, tn_ = (np.array([n], np.int64) for n in (both, fp, fn, tn))
    return Counts(tp_, fp_, fn_, tn_, int(both + tn), prediction.size)


def _confusion(prediction: NDArray[Any], reference: NDArray[Any], n: int) -> NDArray[np.int64]:
    """Return the ``(n, n)`` matrix of pixel numbers, rows by reference, columns by prediction."""
    for name, mask in (("prediction", prediction), ("reference", reference)):
        if mask.size and not (mask.min() >= 0 and mask.max() < n):
            raise DataError(
                f"The {name} holds label {max(mask.max(), -mask.min())}, "
                f"but there are only {n - 1} classes."
            )
    code = reference.astype(np.int64).ravel() * n + prediction.astype(np.int64).ravel()
    return np.bincount(code, minlength=n * n).reshape(n, n)


def _size(mask: NDArray[Any]) -> str:
    return "×".join(map(str, mask.shape)) or "0-dimensional"


def _ratio(top: NDArray[np.int64], bottom: NDArray[np.int64], c: Counts) -> NDArray[np.float64]:
    empty = c.tp + c.fp + c.fn == 0
    return np.where(empty, 1.0, top / np.maximum(bottom, 1))


def dice(c: Counts) -> NDArray[np.float64]:
    """Return ``2 TP / (2 TP + FP + FN)`` per class; also called F1."""
    return _ratio(2 * c.tp, 2 * c.tp + c.fp + c.fn, c)


def iou(c: Counts) -> NDArray[np.float64]:
    """Return ``TP / (TP + FP + FN)`` per class: intersection over union, the Jaccard index."""
    return _ratio(c.tp, c.tp + c.fp + c.fn, c)


def precision(c: Counts) -> NDArray[np.float64]:
    """Return ``TP / (TP + FP)`` per class."""
    return _ratio(c.tp, c.tp + c.fp, c)


def recall(c: Counts) -> NDArray[np.float64]:
    """Return ``TP / (TP + FN)`` per class; also called sensitivity."""
    return _ratio(c.tp, c.tp + c.fn, c)


def mean_present(values: NDArray[np.float64], c: Counts, axis: int = -1) -> NDArray[np.float64]:
    """Return the mean of a score along ``axis`` over the classes that occur; 1 where none does.

    ``values`` and the counts are ``(classes,)``, or ``(images, classes)``: then axis -1 gives each
    image's score, and axis 0 each class's over the images in which it occurs.
    """
    present = c.tp + c.fp + c.fn > 0
    total = np.where(present, values, 0.0).sum(axis=axis)
    number = present.sum(axis=axis)
    return np.where(number > 0, total / np.maximum(number, 1), 1.0)


def pixel_accuracy(c: Counts) -> float:
    """Return the share of pixels whose label is right."""
    return c.correct / c.total if c.total else 1.0
