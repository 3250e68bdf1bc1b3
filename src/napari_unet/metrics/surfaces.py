"""How far the outlines of two masks lie apart, in 2D and 3D, in the scan's own lengths.

A mask's surface is what erosion by its direct neighbours takes away (so pixels at the image's edge
belong to it), and a distance leads from the centre of a surface pixel to that of the nearest one of
the other mask. The definitions are those of MONAI's `HausdorffDistanceMetric(percentile=95)` and
`SurfaceDistanceMetric(symmetric=True)`; see also Taha and Hanbury 2015 (BMC Medical Imaging
15:29), section "Spatial distance based metrics".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_unet.errors import DataError

# Surfaces that fill more of their box than this are looked up in a distance transform of the box:
# the search tree, which costs only what the surfaces do, is slower for them.
DENSE = 0.1


class Distances(NamedTuple):
    """The 95 % Hausdorff distance and the mean symmetric surface distance, in one unit.

    NaN if exactly one of the masks is empty, since there is no distance to nothing.
    """

    hd95: float
    surface_distance: float


NOWHERE = Distances(math.nan, math.nan)
NONE_APART = Distances(0.0, 0.0)


def surface_distances(
    prediction: NDArray[Any],
    reference: NDArray[Any],
    classes: int = 1,
    spacing: Sequence[float] | None = None,
    ignore: int | None = None,
) -> list[Distances]:
    """Measure how far the surfaces of each class lie apart.

    Parameters
    ----------
    prediction, reference
        As for `napari_unet.metrics.count`: ``(H, W)`` or ``(Z, H, W)``.
    classes
        Number of foreground classes.
    spacing
        Size of a pixel along each axis; None for 1. Given for fewer axes than the masks have, the
        axes before these are times: each is measured by itself, and the mean is taken over those
        times at which there is a distance.
    ignore
        The reference's value of pixels that belong to neither mask.

    Returns
    -------
    list of Distances
        One for each class. Both masks empty: 0. Exactly one empty: NaN.

    Raises
    ------
    DataError
        If the shapes differ, or there are more sizes than axes or one that is not above zero.
    """
    prediction, reference = np.asarray(prediction), np.asarray(reference)
    sides = (1.0,) * reference.ndim if spacing is None else tuple(map(float, spacing))
    if prediction.shape != reference.shape:
        raise DataError(
            f"The prediction has the shape {prediction.shape}, the reference {reference.shape}."
        )
    if len(sides) > reference.ndim or not all(s > 0 and math.isfinite(s) for s in sides):
        raise DataError(f"The spacing {sides} does not fit a mask of {reference.ndim} axes.")
    if ignore is not None and (unknown := reference == ignore).any():
        prediction, reference = (np.where(unknown, 0, m) for m in (prediction, reference))
    if classes == 1:
        prediction, reference = ((m != 0).view(np.uint8) for m in (prediction, reference))
    if len(sides) == reference.ndim:
        return _each_class(prediction, reference, classes, sides)
    frames = reference.shape[reference.ndim - len(sides) :]
    pairs = zip(prediction.reshape(-1, *frames), reference.reshape(-1, *frames), strict=True)
    return _over_times([_each_class(p, r, classes, sides) for p, r in pairs], classes)


def _each_class(
    prediction: NDArray[Any], reference: NDArray[Any], classes: int, sides: tuple[float, ...]
) -> list[Distances]:
    # scipy is loaded by those who measure, not by all who import the scores' names.
    from scipy.ndimage import find_objects

    boxes = (find_objects(m, max_label=classes) for m in (prediction, reference))
    found = []
    for label, (first, second) in enumerate(zip(*boxes, strict=True), start=1):
        if first is None or second is None:
            found.append(NONE_APART if first is second else NOWHERE)
            continue
        box = tuple(
            slice(min(a.start, b.start), max(a.stop, b.stop))
            for a, b in zip(first, second, strict=True)
        )
        found.append(between(prediction[box] == label, reference[box] == label, sides))
    return found


def _over_times(times: list[list[Distances]], classes: int) -> list[Distances]:
    """Return the mean of each class over the times at which it is in both masks."""
    found = []
    for c in range(classes):
        every = [time[c] for time in times]
        there = [d for d in every if d is not NONE_APART]
        known = np.array([d for d in there if d is not NOWHERE]).reshape(-1, 2)
        if len(known):
            found.append(Distances(*map(float, known.mean(axis=0))))
        else:
            found.append(NOWHERE if there else NONE_APART)
    return found


def between(
    first: NDArray[np.bool_], second: NDArray[np.bool_], sides: Sequence[float]
) -> Distances:
    """Return the distances between two masks of one shape that both have foreground.

    What lies outside the arrays counts as background; they may be cropped to what is foreground.
    """
    a, b = surface(first), surface(second)
    points = max(np.count_nonzero(a), np.count_nonzero(b))
    nearest = _by_transform if points > DENSE * a.size else _by_tree
    there, back = nearest(a, b, sides)
    hd95 = max(np.percentile(there, 95), np.percentile(back, 95))
    mean = (there.sum() + back.sum()) / (len(there) + len(back))
    return Distances(float(hd95), float(mean))


def surface(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which pixels of a mask have a direct neighbour that is not in it."""
    from scipy.ndimage import binary_erosion

    edge: NDArray[np.bool_] = mask & ~binary_erosion(mask)
    return edge


def _by_tree(
    a: NDArray[np.bool_], b: NDArray[np.bool_], sides: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the distance of each pixel of one surface to the other, in both directions."""
    from scipy.spatial import KDTree

    first, second = (np.argwhere(m) * np.asarray(sides) for m in (a, b))
    return KDTree(second).query(first)[0], KDTree(first).query(second)[0]


def _by_transform(
    a: NDArray[np.bool_], b: NDArray[np.bool_], sides: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what `_by_tree` does, at a cost that depends on the size of the arrays alone."""
    from scipy.ndimage import distance_transform_edt

    return (
        distance_transform_edt(~b, sampling=sides)[a],
        distance_transform_edt(~a, sampling=sides)[b],
    )
