"""The scores of one image."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
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
from napari_unet.metrics.surfaces import Distances, surface_distances

OVERLAPS = (dice, iou, precision, recall)
DISTANCES = Distances._fields


def score_masks(
    prediction: NDArray[Any],
    reference: NDArray[Any],
    class_names: Sequence[str] = ("foreground",),
    name: str = "",
    patient: str = "",
    tags: Mapping[str, str] | None = None,
    ignore: int | None = None,
    spacing: Sequence[float] | None = None,
    unit: str = "px",
    surfaces: bool = True,
    corrected: bool = False,
) -> CaseScore:
    """Score one label image against its reference.

    Parameters
    ----------
    prediction, reference, ignore
        See `count`.
    class_names
        What the foreground classes are called.
    name, patient, tags, corrected
        Handed on to the score.
    spacing
        Size of a pixel along each spatial axis, in ``unit``: the last axes of the masks; those
        before them are times. None: 1 along every axis.
    surfaces
        Whether distances are measured.

    Raises
    ------
    DataError
        As `count` and `surface_distances` do.
    """
    prediction, reference = np.asarray(prediction), np.asarray(reference)
    counts = count(prediction, reference, len(class_names), ignore)
    sides = (1.0,) * reference.ndim if spacing is None else tuple(map(float, spacing))
    distances = None
    if surfaces:
        distances = surface_distances(prediction, reference, len(class_names), sides, ignore)
    return score_counts(
        counts,
        class_names,
        name,
        patient,
        tags,
        spacing=sides,
        unit=unit,
        times=math.prod(reference.shape[: reference.ndim - len(sides)]),
        distances=distances,
        corrected=corrected,
    )


def score_counts(
    counts: Counts,
    class_names: Sequence[str] = ("foreground",),
    name: str = "",
    patient: str = "",
    tags: Mapping[str, str] | None = None,
    *,
    spacing: Sequence[float] = (1.0, 1.0),
    unit: str = "px",
    times: int = 1,
    distances: Sequence[Distances] | None = None,
    corrected: bool = False,
) -> CaseScore:
    """Turn the counts of one image, and the distances of its classes, into its scores.

    ``spacing`` is as for `score_masks`. Volumes are means over the ``times``. ``distances`` are
    those of each class; None if they were not measured.
    """
    present = counts.tp + counts.fp + counts.fn > 0
    overlaps = {f.__name__: f(counts) for f in OVERLAPS}
    pixel = math.prod(spacing) / max(times, 1)
    volumes = {
        "volume": (counts.tp + counts.fp) * pixel,
        "reference_volume": (counts.tp + counts.fn) * pixel,
    }
    lengths = {} if distances is None else dict(zip(DISTANCES, np.array(distances).T, strict=True))
    per_class = {
        c: {k: _number(v[i]) for k, v in (overlaps | lengths | volumes).items()}
        for i, c in enumerate(class_names)
        if present[i]
    }
    means: dict[str, Any] = {
        **{k: float(mean_present(v, counts)) for k, v in overlaps.items()},
        **{k: _mean_defined(v[present]) for k, v in lengths.items()},
        **{k: float(v.sum()) for k, v in volumes.items()},
    }
    return CaseScore(
        name=name,
        patient=patient,
        pixel_accuracy=pixel_accuracy(counts),
        **means,
        empty=not present.any(),
        tags=dict(tags or {}),
        per_class=per_class,
        unit=unit,
        dims=len(spacing),
        corrected=corrected,
    )


def _mean_defined(values: NDArray[np.float64]) -> float:
    """Return the mean over the classes at which a distance exists; 0 where no class occurs."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else (math.nan if len(values) else 0.0)


def _number(value: np.generic) -> float:
    # One and the same NaN, so that scores that went through JSON still equal themselves.
    return math.nan if np.isnan(value) else float(value)
