"""Scores: one counting pass over two masks, then pure functions of the counts.

Conventions, used everywhere in the program:

- Both masks without foreground: Dice, IoU, precision and recall are 1, since there was nothing to
  find and nothing was claimed. Such images are counted apart as *empty*.
- Any other 0/0 (precision when nothing was predicted, recall when there was nothing to find) is 0.
- Several classes: every score of an image is the mean over the classes that occur in its reference
  or its prediction; the background is no class. Pixel accuracy is that of the label image.

Dice and IoU follow Taha and Hanbury 2015 (BMC Medical Imaging 15:29), equations 6 and 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.errors import DataError
from napari_unet.events import CaseScore

SCORES = ("dice", "iou", "pixel_accuracy", "precision", "recall")


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


def score_masks(
    prediction: NDArray[Any],
    reference: NDArray[Any],
    class_names: Sequence[str] = ("foreground",),
    name: str = "",
    patient: str = "",
    tags: Mapping[str, str] | None = None,
    ignore: int | None = None,
) -> CaseScore:
    """Score one label image against its reference; see `count` for the arrays and errors."""
    counts = count(prediction, reference, len(class_names), ignore)
    return score_counts(counts, class_names, name, patient, tags)


def score_counts(
    counts: Counts,
    class_names: Sequence[str] = ("foreground",),
    name: str = "",
    patient: str = "",
    tags: Mapping[str, str] | None = None,
) -> CaseScore:
    """Turn the counts of one image into its scores."""
    present = counts.tp + counts.fp + counts.fn > 0
    values = {f.__name__: f(counts) for f in (dice, iou, precision, recall)}
    means = {k: float(mean_present(v, counts)) for k, v in values.items()}
    per_class = {
        c: {k: float(v[i]) for k, v in values.items()}
        for i, c in enumerate(class_names)
        if present[i]
    }
    return CaseScore(
        name=name,
        patient=patient,
        pixel_accuracy=pixel_accuracy(counts),
        dice=means["dice"],
        iou=means["iou"],
        precision=means["precision"],
        recall=means["recall"],
        empty=not present.any(),
        tags=dict(tags or {}),
        per_class=per_class,
    )


def summarise(scores: Iterable[CaseScore]) -> dict[str, Any]:
    """Return mean, median and standard deviation over images and over patients.

    Cases with an error are left out. The deviation is the sample's (``ddof = 1``), 0 for one image.
    The result holds ``images``, ``empty``, ``failed``, ``mean``, ``median``, ``std`` (each a dict
    of the five scores) and ``patients`` with ``count``, ``mean``, ``median``, ``std`` of the
    patients' own means.
    """
    scores = list(scores)
    good = [s for s in scores if not s.error]
    rows = np.array([[getattr(s, k) for k in SCORES] for s in good], float).reshape(-1, 5)
    groups: dict[str, list[int]] = {}
    for i, s in enumerate(good):
        groups.setdefault(s.patient or s.name, []).append(i)
    by_patient = np.array([rows[i].mean(axis=0) for i in groups.values()]).reshape(-1, 5)
    return {
        "images": len(good),
        "empty": sum(s.empty for s in good),
        "failed": len(scores) - len(good),
        **_spread(rows),
        "patients": {"count": len(groups), **_spread(by_patient)},
    }


def _spread(rows: NDArray[np.float64]) -> dict[str, dict[str, float]]:
    if not len(rows):
        return {"mean": {}, "median": {}, "std": {}}
    std = rows.std(axis=0, ddof=1) if len(rows) > 1 else np.zeros(rows.shape[1])
    values = {"mean": rows.mean(axis=0), "median": np.median(rows, axis=0), "std": std}
    return {k: dict(zip(SCORES, map(float, v), strict=True)) for k, v in values.items()}
