"""Layers as this plugin knows them: what they are for, where they lie, and how they are made.

Together with ``layers`` and ``case_layers`` the only place that touches a viewer's layers.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer
from numpy.typing import NDArray

from napari_unet.session import ImageFacts

KEY = "napari_unet"  # in a layer's metadata: what we put there
CASE_IMAGE, REFERENCE, SEGMENTATION = "case image", "reference", "segmentation"
LIVE = "live prediction"
ERRORS = "errors"  # what is right and wrong in labels, as labels
MAP = "map"  # probabilities or uncertainty, as an image
SPARE = "spare"  # an empty, hidden segmentation: making a layer costs far more than reusing one


@dataclass(frozen=True)
class PixelSize:
    """Area (2D) or volume of one pixel, and its unit, such as ``mm²``; pixels if uncalibrated."""

    value: float = 1.0
    unit: str = "px"


class Hand:
    """Changes a viewer's layers, and tells its own changes from a person's."""

    def __init__(self, viewer: Any) -> None:
        # Kept weakly: whoever holds this object must not keep a closed viewer alive.
        self._viewer = weakref.ref(viewer)
        self.busy = False

    @property
    def viewer(self) -> Any:
        """The viewer, None when it is gone."""
        return self._viewer()

    @property
    def layers(self) -> Any:
        """The viewer's layers."""
        viewer = self.viewer
        return viewer.layers if viewer is not None else []

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Mark what happens meanwhile as our own doing."""
        before, self.busy = self.busy, True
        try:
            yield
        finally:
            self.busy = before

    @contextmanager
    def keeping_selection(self) -> Iterator[None]:
        """Leave selection and active layer, and so the brush, as they are."""
        layers = self.layers
        active, selected = layers.selection.active, set(layers.selection)
        yield
        layers.selection = {x for x in selected if x in layers}
        if active is not None and active in layers:
            layers.selection.active = active

    def find(self, role: str) -> Any:
        """Return the first layer with a role, None if there is none."""
        return next((x for x in self.layers if tag_of(x).get("role") == role), None)

    def image(self, id: str) -> Any:
        """Return the image layer with an id, None if there is none."""
        images = (x for x in self.layers if isinstance(x, Image))
        return next((x for x in images if facts(x).id == id), None)

    def remove(self, layer: Any) -> None:
        """Take a layer away, if it is there."""
        if layer is not None and layer in self.layers:
            with self.at_work():
                self.layers.remove(layer)

    def put(
        self,
        layer: Any,
        kind: type[Layer],
        data: Any,
        name: str,
        tag: dict[str, Any],
        place: dict[str, Any],
        **options: Any,
    ) -> Any:
        """Give a layer new data, or make one where none of the same kind is there to reuse.

        ``options`` (``rgb``, ``multiscale``) are those that a layer keeps for ever.
        """
        if layer is None or not _fits(layer, data, options):
            viewer = self.viewer
            add = viewer.add_image if kind is Image else viewer.add_labels
            new = add(data, name=name, **place, **options)
            # Only then: napari draws while it adds an axis, and what was just removed crashes it.
            self.remove(layer)
            new.name = name
            mark(new, tag)
            return new
        with self.at_work():
            mark(layer, tag)
            # Before the data: what is drawn then is in its place at once.
            for attribute, value in place.items():
                if not _is(getattr(layer, attribute), value):
                    setattr(layer, attribute, value)
            layer.data = data
        layer.name = name
        if isinstance(layer, Labels):
            forget_strokes(layer)
        return layer


def facts(layer: Any) -> ImageFacts:
    """Return what the rest of the program needs to know of an image layer."""
    data = layer.data[0] if layer.multiscale else layer.data
    rgb = bool(layer.rgb)
    shape = tuple(data.shape[:-1] if rgb else data.shape)
    id = tag_of(layer).get("case") or str(layer.unique_id)
    axes = tuple(map(str, layer.axis_labels))
    return ImageFacts(id, layer.name, shape, int(data.shape[-1]) if rgb else 1, axes)


def pixels(layer: Any) -> Any:
    """Return the array to segment: the finest level, still lazy if it is."""
    return layer.data[0] if layer.multiscale else layer.data


def mark(layer: Any, tag: dict[str, str]) -> None:
    """Say what a layer is for; a copy that a person makes of it does not count as ours."""
    layer.metadata[KEY] = {**tag, "layer": str(layer.unique_id)}


def tag_of(layer: Any) -> dict[str, Any]:
    """Return what we noted of a layer; nothing for a copy that a person made of it."""
    tag = layer.metadata.get(KEY) if layer is not None else None
    ours = isinstance(tag, dict) and tag.get("layer") == str(layer.unique_id)
    return tag if isinstance(tag, dict) and ours else {}


def takes(layer: Any, labels: NDArray[Any]) -> bool:
    """Say whether labels can be written into a layer's array as they are."""
    data = layer.data
    same = isinstance(data, np.ndarray) and (data.shape, data.dtype) == (labels.shape, labels.dtype)
    return same and data.flags.writeable


def is_spare(layer: Any, ndim: int) -> bool:
    """Say whether a layer waits to be used as a segmentation."""
    return tag_of(layer).get("role") == SPARE and layer.ndim == ndim


def forget_strokes(layer: Any) -> None:
    """Empty the undo history: its strokes belong to the array that was replaced.

    Not being editable does that, and is the only public way.
    """
    mode = layer.mode
    layer.editable = False
    layer.editable = True
    layer.mode = mode


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


def _fits(layer: Any, data: Any, options: dict[str, Any]) -> bool:
    """Say whether a layer can take these data instead of its own."""
    rgb, multiscale = options.get("rgb", False), options.get("multiscale", False)
    ndim = (data[0] if multiscale else data).ndim - rgb
    same = (getattr(layer, "rgb", False), bool(layer.multiscale)) == (rgb, multiscale)
    return bool(same and layer.ndim == ndim)


def _is(have: Any, wanted: Any) -> bool:
    """Say whether an attribute has a value already: setting it anew takes time."""
    if have is wanted:
        return True
    if isinstance(wanted, tuple):
        return tuple(have) == wanted
    have = getattr(have, "affine_matrix", have)
    try:
        return bool(np.array_equal(have, wanted))
    except (TypeError, ValueError):
        return False
