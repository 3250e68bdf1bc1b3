"""Where layers lie in the world, and how large their pixels are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class PixelSize:
    """Area (2D) or volume of one pixel, and its unit, such as ``mm²``; pixels if uncalibrated."""

    value: float = 1.0
    unit: str = "px"


def geometry(layer: Any, ndim: int = 0) -> dict[str, Any]:
    """Return what places one layer in the world exactly where another one lies.

    ``ndim`` is how many axes the other one has, if it is without this one's first.
    """
    first = layer.ndim - (ndim or layer.ndim)
    shear, affine = np.asarray(layer.shear), layer.affine
    if first:
        # napari keeps shear as the values above a matrix's diagonal, row by row.
        shear = shear[first:, first:] if shear.ndim == 2 else shear[layer.ndim - 1 :]
        affine = affine.affine_matrix[first:, first:]
    return {
        "scale": layer.scale[first:],
        "translate": layer.translate[first:],
        "rotate": layer.rotate[first:, first:],
        "shear": shear,
        "affine": affine,
        "units": layer.units[first:],
        "axis_labels": layer.axis_labels[first:],
    }


def same_place(layer: Any, on: Any) -> bool:
    """Say whether a layer lies where `geometry` would put it: setting it anew takes time."""
    if layer.ndim > on.ndim:
        return False
    mine, other = geometry(layer), geometry(on, layer.ndim)
    for place in (mine, other):
        place["affine"] = getattr(place["affine"], "affine_matrix", place["affine"])
    return all(np.array_equal(mine[key], other[key]) for key in mine)


def pixel_size(layer: Any) -> PixelSize:
    """Return what one pixel (2D) or voxel (3D) of a layer measures."""
    sides, unit = spacing(layer)
    if unit == "px":
        return PixelSize()
    return PixelSize(math.prod(sides), f"{unit}{'²' if len(sides) == 2 else '³'}")


def spacing(layer: Any) -> tuple[tuple[float, ...], str]:
    """Return the sides of a layer's pixel (2D) or voxel (3D), and their unit; 1 px if unknown."""
    units = {str(u) for u in layer.units}
    unit = units.pop() if len(units) == 1 else "pixel"
    ndim = min(layer.ndim, 3)
    sides = tuple(abs(float(s)) for s in layer.scale[-ndim:])
    if unit == "pixel":
        return (1.0,) * ndim, "px"
    short = {"millimeter": "mm", "micrometer": "µm", "nanometer": "nm", "centimeter": "cm"}
    return sides, short.get(unit, unit)
