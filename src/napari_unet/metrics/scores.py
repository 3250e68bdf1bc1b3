"""The scores of one image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from napari_unet.events import CaseScore
from napari_unet.metrics.counts import (
    Counts,
    count,
    dice,
    iou,
    mean_present,
    pixel_accuracy,
    precision,
    recall,
)


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
