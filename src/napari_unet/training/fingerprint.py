"""What the training cases are like: sizes and colours, looked at in a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from napari_unet.config import Recipe
from napari_unet.data.cases import Case, Dataset
from napari_unet.data.formats import describe_scan, read_case
from napari_unet.errors import DataError
from napari_unet.unet.preprocess import to_float

LOOK_AT = 64  # cases whose size and colours decide the plan


def shapes_of(cases: Sequence[Case]) -> list[tuple[int, int]]:
    """Return height and width of a sample of the images; of volumes, those of their planes.

    Raises
    ------
    DataError
        If none of them can be read.
    """
    shapes = []
    for case in cases[:: max(len(cases) // LOOK_AT, 1)]:
        try:
            header = describe_scan(case)
        except DataError:
            continue  # said aloud when it is read for training
        shapes.append((header.spatial[-2], header.spatial[-1]))
    if not shapes:
        raise DataError("None of the training images could be read.")
    return shapes


def with_colours(recipe: Recipe, cases: Sequence[Case], dataset: Dataset) -> Recipe:
    """Return the recipe with the training images' mean and deviation, if it normalises by them."""
    if recipe.preprocess.intensity != "dataset":
        return recipe
    mean, std = _colours(cases[:: max(len(cases) // LOOK_AT, 1)], dataset)
    return replace(recipe, preprocess=replace(recipe.preprocess, mean=mean, std=std))


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
        values = to_float(image.reshape(-1, *image.shape[mask.ndim - 1 :]))
        means.append(values.mean(dim=(1, 2)).numpy())
        squares.append(values.square().mean(dim=(1, 2)).numpy())
    if not means:
        raise DataError("None of the training images could be read.")
    mean = np.mean(means, axis=0)
    std = np.sqrt(np.maximum(np.mean(squares, axis=0) - mean**2, 1e-8))
    return tuple(map(float, mean)), tuple(map(float, std))
