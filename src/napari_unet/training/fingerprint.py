"""What the training cases are like: sizes, objects and colours, looked at in a sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.config import Recipe
from napari_unet.data.cases import IGNORE, Case, Dataset, LabelRule
from napari_unet.data.formats import describe_scan, read_case, read_reference
from napari_unet.data.instances import read_objects
from napari_unet.data.margins import content
from napari_unet.errors import DataError
from napari_unet.unet.intensity import to_float

LOOK_AT = 64  # cases whose size and colours decide the plan
PLANES = 8  # of a volume, in which objects are counted
ENOUGH_PIXELS = 2**26  # after which no more masks are read: sixty-four of a thousand squared
SURROUNDED = 0.25  # share of what is not margin that may be foreground
SPECK = 0.05  # objects smaller than this share of the typical one's area are not counted


@dataclass(frozen=True)
class Fingerprint:
    """What a plan needs to know of the training cases; all but ``cases`` is from a sample.

    Attributes
    ----------
    cases, images
        Number of cases, and about how many pictures they are: of volumes, the planes.
    shapes
        Shapes of the images without channels.
    spacing
        Median size of a pixel (or voxel) along each axis; empty where files do not say.
    channels, classes
        Of the images, and foreground classes of the masks.
    foreground, labelled
        Mean share of the labelled pixels that are foreground, and of all that are labelled.
    objects
        Typical number of objects in a picture that has any.
    diameter
        Size in pixels of the object that a typical foreground pixel belongs to: the side of a
        square of its area. 0 if there is none.
    contents
        Height and width of what is left of the images without their dark margins; empty where a
        margin holds foreground.
    margin
        Typical share of an image that is dark margin; 0 where that holds foreground.
    """

    cases: int
    images: int
    shapes: tuple[tuple[int, ...], ...]
    channels: int
    classes: int
    spacing: tuple[float, ...] = ()
    foreground: float = 0.0
    labelled: float = 1.0
    objects: float = 0.0
    diameter: float = 0.0
    contents: tuple[tuple[int, int], ...] = ()
    margin: float = 0.0

    @property
    def volumes(self) -> bool:
        """Whether most images have planes."""
        return sum(len(s) > 2 for s in self.shapes) * 2 > len(self.shapes)

    @property
    def planes(self) -> tuple[tuple[int, int], ...]:
        """Height and width of the images."""
        return tuple((s[-2], s[-1]) for s in self.shapes)

    @property
    def side(self) -> float:
        """Median longer side of the pictures, in pixels."""
        return float(np.median([max(s) for s in self.planes]))


def fingerprint(cases: Sequence[Case], dataset: Dataset) -> Fingerprint:
    """Look at a sample of ``cases``, a part of ``dataset``.

    Raises
    ------
    DataError
        If none of the images can be read.
    """
    headers = _headers(cases)
    shapes = [shape for shape, _ in headers]
    spacings = [spacing for _, spacing in headers if spacing]
    planes = np.mean([np.prod(s[:-2], dtype=np.int64) for s in shapes])
    same = [s for s in spacings if len(s) == len(spacings[0])]
    return Fingerprint(
        cases=len(cases),
        images=max(round(len(cases) * float(planes)), 1),
        shapes=tuple(shapes),
        channels=dataset.channels,
        classes=dataset.labels.classes,
        spacing=tuple(np.median(same, axis=0).tolist()) if same else (),
        **_masks(cases, dataset.labels),
        **_margins(cases, dataset),
    )


def with_colours(recipe: Recipe, cases: Sequence[Case], dataset: Dataset) -> Recipe:
    """Return the recipe with the training images' mean and deviation, if it normalises by them."""
    if recipe.preprocess.intensity != "dataset":
        return recipe
    mean, std = _colours(_sample(cases), dataset)
    return replace(recipe, preprocess=replace(recipe.preprocess, mean=mean, std=std))


def _headers(
    cases: Sequence[Case],
) -> list[tuple[tuple[int, ...], tuple[float, ...] | None]]:
    """Return shape and spacing of a sample of the images."""
    found = []
    for case in _sample(cases):
        try:
            header = describe_scan(case)
        except DataError:
            continue  # said aloud when it is read for training
        found.append((header.spatial, header.spacing))
    if not found:
        raise DataError("None of the training images could be read.")
    return found


def _sample(cases: Sequence[Case]) -> Sequence[Case]:
    return cases[:: max(-(-len(cases) // LOOK_AT), 1)]


# --- masks --------------------------------------------------------------------------------------


def _masks(cases: Sequence[Case], rule: LabelRule) -> dict[str, Any]:
    """Return what the masks of a sample hold, as fields of `Fingerprint`."""
    shares, labelled, numbers, areas = [], [], [], [np.zeros(0)]
    pixels = 0
    for case in _sample(cases):
        try:
            classes, objects = read_reference(case, rule), read_objects(case, rule)
        except DataError:
            continue
        known = classes != IGNORE
        labelled.append(float(known.mean()))
        shares.append(float((classes[known] > 0).mean()) if known.any() else 0.0)
        for plane in _planes(objects):
            counts = np.bincount(plane.ravel())[1:]
            areas.append(counts[counts > 0].astype(float))
        pixels += classes.size
        if pixels > ENOUGH_PIXELS:
            break
    every = np.concatenate(areas)
    typical = _weighted_median(every)
    numbers = [n for a in areas if (n := int((a > SPECK * typical).sum()))]
    return {
        "foreground": float(np.mean(shares)) if shares else 0.0,
        "labelled": float(np.mean(labelled)) if labelled else 1.0,
        "objects": float(np.median(numbers)) if numbers else 0.0,
        "diameter": typical**0.5,
    }


def _planes(objects: NDArray[np.int32]) -> Iterator[NDArray[np.int32]]:
    """Yield the plane of a picture, or those planes of a volume that lie evenly in it."""
    planes = objects.reshape(-1, *objects.shape[-2:])
    for i in np.unique(np.linspace(0, len(planes) - 1, min(PLANES, len(planes))).astype(int)):
        yield planes[i]


def _weighted_median(areas: NDArray[np.float64]) -> float:
    """Return the area of the object that the median foreground pixel belongs to; 0 for none."""
    if not len(areas):
        return 0.0
    areas = np.sort(areas)
    total = np.cumsum(areas)
    return float(areas[np.searchsorted(total, total[-1] / 2)])


# --- margins ------------------------------------------------------------------------------------


def _margins(cases: Sequence[Case], dataset: Dataset) -> dict[str, Any]:
    """Return what the dark margins of a sample leave, as fields of `Fingerprint`."""
    contents, shares, filled = [], [], []
    pixels = 0
    for case in _sample(cases):
        try:
            image, mask = read_case(case, dataset.labels, dataset.channels)
        except DataError:
            continue  # as above
        box = content(image, mask.ndim)
        foreground = (mask > 0) & (mask != IGNORE)
        inside = foreground[..., *box]
        if inside.sum() < foreground.sum():
            return {}
        filled.append(float(inside.mean()))
        left = (box[0].stop - box[0].start, box[1].stop - box[1].start)
        contents.append(left)
        shares.append(1 - left[0] * left[1] / (mask.shape[-2] * mask.shape[-1]))
        pixels += mask.size
        if pixels > ENOUGH_PIXELS:
            break
    if np.mean(filled or [0.0]) > SURROUNDED:
        return {}  # what is bright is the object itself: then dark is what it is told from
    return {"contents": tuple(contents), "margin": float(np.median(shares or [0.0]))}


# --- colours ------------------------------------------------------------------------------------


def _colours(
    cases: Sequence[Case], dataset: Dataset
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and deviation per channel over a sample of the images."""
    means, squares = [], []
    for case in cases:
        try:
            image, mask = read_case(case, dataset.labels, dataset.channels)
        except DataError:
            continue  # as above
        # A volume's planes one below the other make one tall picture of the same colours.
        values = to_float(_tall(image, mask.ndim))
        means.append(values.mean(dim=(1, 2)).numpy())
        squares.append(values.square().mean(dim=(1, 2)).numpy())
    if not means:
        raise DataError("None of the training images could be read.")
    mean = np.mean(means, axis=0)
    std = np.sqrt(np.maximum(np.mean(squares, axis=0) - mean**2, 1e-8))
    return tuple(map(float, mean)), tuple(map(float, std))


def _tall(image: NDArray[Any], spatial: int) -> NDArray[Any]:
    return image.reshape(-1, *image.shape[spatial - 1 :])
