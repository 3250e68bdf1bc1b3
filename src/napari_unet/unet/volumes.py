"""Fitting 3D networks to volumes: the working size, whole or in patches, and flat levels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from napari_unet.config import Recipe, UNetConfig
from napari_unet.presets import PRESETS

# Voxels that a network takes at once: 64³ on a CPU, 128³ elsewhere. More need gigabytes a volume.
VOXELS, VOXELS_GPU = 2**18, 2**21
TYPICAL = 0.95  # this share of the volumes fits the working size as it is, along each axis
FEWEST_SLICES = 8  # of fewer there is little to see between slices
ISOTROPIC = 2.0  # times that slices may be thicker than pixels and still count as alike


def worthwhile(
    shapes: Sequence[tuple[int, ...]], spacing: Sequence[float], device: str = "cpu"
) -> bool:
    """Say whether images of these shapes are better learned in 3D than plane by plane.

    They are where whole volumes fit the network's view; on a GPU also in patches, if the slices
    are about as thin as pixels. In the minutes that a CPU is given, patches of a large volume show
    too little of it.
    """
    if not all(len(s) >= 3 for s in shapes) or np.median([s[-3] for s in shapes]) < FEWEST_SLICES:
        return False
    if math.prod(_typical(shapes)) <= _voxels(device):
        return True
    return device != "cpu" and _thickness(spacing) <= ISOTROPIC


def fit_volumes(
    recipe: Recipe,
    shapes: Sequence[tuple[int, ...]],
    spacing: Sequence[float],
    device: str = "cpu",
) -> Recipe:
    """Return a 3D recipe with the flat levels and the working size that the volumes ask for.

    What a person set stays: only what is as in the preset "3d" is fitted.

    Parameters
    ----------
    shapes
        Shapes of (a sample of) the images, without channels; pictures are passed over.
    spacing
        Size of a voxel along each axis, z, y and x last; empty if not known.
    """
    shapes = [s for s in shapes if len(s) >= 3]
    stock = PRESETS["3d"]
    if recipe.network.dims == 2 or not shapes:
        return recipe
    network, preprocess = recipe.network, recipe.preprocess
    if network.flat_levels == stock.network.flat_levels:
        network = replace(network, flat_levels=flat_levels(spacing, network.depth))
    if preprocess.size == stock.preprocess.size:
        mode, size = volume_size(shapes, spacing, network, _voxels(device))
        preprocess = replace(preprocess, mode=mode, size=size)
    return replace(recipe, network=network, preprocess=preprocess)


def flat_levels(spacing: Sequence[float], depth: int) -> int:
    """Return how many halvings in the plane make pixels about as large as slices are thick."""
    return min(max(round(math.log2(_thickness(spacing))), 0), depth - 1)


def volume_size(
    shapes: Sequence[tuple[int, ...]],
    spacing: Sequence[float],
    network: UNetConfig,
    voxels: int = VOXELS,
) -> tuple[Literal["whole", "patch"], tuple[int, ...]]:
    """Return how volumes are shown to a network: whole where they are small, else in patches.

    The sides are multiples of what the network divides by. A patch begins as the typical volume
    and is cut along the side that is longest in the world until it holds ``voxels`` at the most.
    """
    steps = [2**h * s for h, s in zip(network.halvings, network.strides, strict=True)]
    size = [-(-n // step) * step for n, step in zip(_typical(shapes), steps, strict=True)]
    if math.prod(_typical(shapes)) <= voxels:
        return "whole", tuple(size)
    lengths = (_thickness(spacing), 1.0, 1.0)
    while math.prod(size) > voxels:
        longest = max(
            (axis for axis in range(3) if size[axis] > steps[axis]),
            key=lambda axis: size[axis] * lengths[axis],
        )
        size[longest] -= steps[longest]
    return "patch", tuple(size)


def _typical(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Return the sides that all but a few volumes keep within."""
    sides = np.array([s[-3:] for s in shapes])
    return tuple(map(int, np.quantile(sides, TYPICAL, axis=0, method="higher")))


def _thickness(spacing: Sequence[float]) -> float:
    """Return how many times thicker than a pixel a slice is; 1 if nothing says so."""
    if len(spacing) < 3 or not min(spacing[-3:]) > 0:
        return 1.0
    z, y, x = spacing[-3:]
    return max(z / min(y, x), 1.0)


def _voxels(device: str) -> int:
    return VOXELS if device == "cpu" else VOXELS_GPU
