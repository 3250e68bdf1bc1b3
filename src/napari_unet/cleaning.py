"""What can be done to labels once they are there: smooth, fill, choose by size, number objects.

A class is one with its neighbours if they touch, if only at a corner; the background if they share
a side. What encloses and what is connected are thereby never at odds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.config import CleanUp

REACH = 3.0  # deviations of a Gaussian that are looked at
RISE = 1.0  # pixels by which two parts of an object must widen from their waist to be two

Box = tuple[slice, ...]


def clean(
    labels: NDArray[Any],
    config: CleanUp,
    spacing: Sequence[float] | None = None,
    planes: bool = False,
) -> NDArray[Any]:
    """Return cleaned labels; the given ones stay as they are.

    Parameters
    ----------
    labels
        ``(…, [D,] H, W)``, whole numbers, 0 for the background, else a class.
    config
        What to do. With ``objects`` other than "classes" the answer is int32 and holds the number
        of an object, see `number`.
    spacing
        What a pixel measures along each of the last two or three axes; equal if not given. Of
        volumes with thick slices less is smoothed across them, and waists are measured truly.
    planes
        Every plane of a stack by itself. Otherwise the last three axes (or the last two, if there
        are no more) are one object space, and the axes before them are gone through. A volume that
        is one slice thick is a plane.
    """
    tidied = tidy(labels, config, spacing, planes)
    if config.objects == "classes":
        return tidied
    return number(tidied, config.objects == "watershed", spacing, planes)[0]


def tidy(
    labels: NDArray[Any],
    config: CleanUp,
    spacing: Sequence[float] | None = None,
    planes: bool = False,
) -> NDArray[Any]:
    """Do what changes the class of pixels, see `clean`; objects are not numbered."""
    if not config.tidies:
        return labels
    tidied = labels.copy()
    for space in object_spaces(labels.shape, planes):
        here, pixel = _flat(tidied[space], spacing)
        _tidy(here, config, pixel)
    return tidied


def number(
    labels: NDArray[Any],
    part: bool = False,
    spacing: Sequence[float] | None = None,
    planes: bool = False,
) -> tuple[NDArray[np.int32], NDArray[Any]]:
    """Give every object of every class a number, from 1 on.

    Parameters
    ----------
    labels, spacing, planes
        See `clean`.
    part
        Also part objects that touch: by a watershed of the distance to their outlines, from every
        place that is `RISE` wider than the waist that leads to a wider one.

    Returns
    -------
    The objects, of the shape of ``labels``, and the class of each: ``classes[i]`` is that of the
    object ``i + 1``.
    """
    objects = np.zeros(labels.shape, np.int32)
    classes: list[int] = []
    for space in object_spaces(labels.shape, planes):
        here, pixel = _flat(labels[space], spacing)
        into, _ = _flat(objects[space], None)
        for c in _present(here):
            box = _box(here == c, (1,) * here.ndim)
            mask = here[box] == c
            found, n = _part(mask, pixel) if part else components(mask)
            np.add(found, len(classes), out=into[box], where=mask)
            classes += [c] * n
    return objects, np.array(classes, labels.dtype)


def components(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """Give the parts of a mask that touch, if only at corners, numbers; return how many, too."""
    from scipy.ndimage import label

    found, n = label(mask, np.ones((3,) * mask.ndim))
    return found, int(n)


def object_spaces(shape: tuple[int, ...], planes: bool) -> Iterator[tuple[int, ...]]:
    """Yield the index of each plane or volume in which objects are looked for."""
    yield from np.ndindex(shape[: -2 if planes else -min(3, len(shape))])


def _flat(
    labels: NDArray[Any], spacing: Sequence[float] | None
) -> tuple[NDArray[Any], tuple[float, ...]]:
    """Return an object space, a slice as a plane, and its pixel's sides, the finest being 1."""
    sides = tuple(abs(float(s)) for s in (spacing or ())[-labels.ndim :])
    if len(sides) != labels.ndim or not all(0 < s < float("inf") for s in sides):
        sides = (1.0,) * labels.ndim
    if labels.ndim == 3 and 1 in labels.shape:
        axis = labels.shape.index(1)
        labels, sides = labels.squeeze(axis), sides[:axis] + sides[axis + 1 :]
    return labels, tuple(s / min(sides) for s in sides)


def _tidy(labels: NDArray[Any], config: CleanUp, pixel: tuple[float, ...]) -> None:
    """Tidy one object space in place."""
    sigma = tuple(config.smooth / p for p in pixel)
    margin = tuple(int(REACH * s + 0.5) for s in sigma)
    # Outside of this box there is nothing but background, which nothing below changes.
    inside = labels[_box(labels != 0, margin)]
    if not inside.size:
        return
    if config.smooth > 0:
        inside[...] = _smoothed(inside, sigma)
    if config.fill_holes:
        _fill_holes(inside)
    if config.largest or config.min_size > 1:
        _choose(inside, config.largest, config.min_size)


def _smoothed(labels: NDArray[Any], sigma: tuple[float, ...]) -> NDArray[Any]:
    """Return the class that weighs most around each pixel; of equals the first."""
    from scipy.ndimage import gaussian_filter

    smooth = np.zeros_like(labels)
    best = np.full(labels.shape, -1.0, np.float32)
    for c in (0, *_present(labels)):
        # Beyond the image's edge it goes on as at the edge: what is cut off there does not shrink.
        share = gaussian_filter(
            (labels == c).astype(np.float32), sigma, mode="nearest", truncate=REACH
        )
        better = share > best
        smooth[better] = c
        np.maximum(best, share, out=best)
    return smooth


def _fill_holes(labels: NDArray[Any]) -> None:
    """Give background that a class encloses to that class: of several to the closest around it."""
    from scipy.ndimage import label

    background = labels == 0
    never = labels.size + 1
    closest = np.full(labels.shape, never, np.min_scalar_type(-never))
    for c in _present(labels):
        box = _box(labels == c)
        # A rim of background around the box joins all that is outside.
        outside = np.pad(labels[box] != c, 1, constant_values=True)
        areas, _ = label(outside)
        sizes = np.bincount(areas.ravel())
        sizes[[0, areas.flat[0]]] = never
        size = sizes.astype(closest.dtype)[areas[(slice(1, -1),) * labels.ndim]]
        closer = background[box] & (size < closest[box])
        labels[box][closer] = c
        closest[box][closer] = size[closer]


def _choose(labels: NDArray[Any], largest: bool, min_size: int) -> None:
    """Take away objects that are too small, or not the largest of their class."""
    for c in _present(labels):
        box = _box(labels == c)
        mask = labels[box] == c
        found, _ = components(mask)
        sizes = np.bincount(found[mask])
        keep = sizes >= min_size
        if largest:
            keep &= np.arange(len(sizes)) == sizes.argmax()
        if not keep[1:].all():
            labels[box][mask & ~keep[found]] = 0


def _part(mask: NDArray[np.bool_], pixel: tuple[float, ...]) -> tuple[NDArray[np.int32], int]:
    """Give the objects of a mask numbers, those that touch parted at their waists."""
    from scipy.ndimage import find_objects

    whole, _ = components(mask)
    parted, count = np.zeros_like(whole), 0
    # One by one: what is connected is mostly much smaller than what lies between.
    for i, box in enumerate(find_objects(whole), start=1):
        around = tuple(slice(max(side.start - 1, 0), side.stop + 1) for side in box)
        alone = whole[around] == i
        found, n = _parts(alone, pixel)
        np.add(found, count, out=parted[around], where=alone)
        count += n
    return parted, count


def _parts(mask: NDArray[np.bool_], pixel: tuple[float, ...]) -> tuple[NDArray[np.int32], int]:
    """Part one connected object at its waists; return the numbered parts and how many."""
    from scipy.ndimage import distance_transform_edt
    from skimage import morphology, segmentation

    one = mask.astype(np.int32), 1
    if mask.all():  # there is no outline
        return one
    depth = distance_transform_edt(mask, sampling=pixel).astype(np.float32)
    if depth.max() < 1 + RISE:  # a waist is one pixel deep at least
        return one
    peaks = morphology.h_maxima(depth, RISE)  # type: ignore[no-untyped-call]
    seeds, n = components(peaks > 0)
    if n < 2:
        return one
    parts = segmentation.watershed(  # type: ignore[no-untyped-call]
        -depth, seeds, connectivity=mask.ndim, mask=mask
    )
    return parts, n


def _present(labels: NDArray[Any]) -> list[int]:
    """Return the classes that occur."""
    top = int(labels.max(initial=0))
    return [c for c in range(1, top + 1) if (labels == c).any()]


def _box(mask: NDArray[np.bool_], margin: Sequence[int] = ()) -> Box:
    """Return the smallest box that holds a mask, and ``margin`` around it; empty if nothing is."""
    box = []
    for axis in range(mask.ndim):
        others = tuple(a for a in range(mask.ndim) if a != axis)
        (there,) = np.nonzero(mask.any(axis=others))
        if not len(there):
            return (slice(0, 0),) * mask.ndim
        by = margin[axis] if margin else 0
        box.append(slice(max(int(there[0]) - by, 0), int(there[-1]) + 1 + by))
    return tuple(box)
