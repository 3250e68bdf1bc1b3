"""Reading from layers, sliders and camera which part of an image is meant.

What is read becomes a `napari_unet.session.portion.Portion`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Image, Shapes
from numpy.typing import NDArray

from napari_unet.card import ModelCard
from napari_unet.errors import DataError
from napari_unet.session import channel_axis, is_time
from napari_unet.session.outlines import around, ellipse, outlines_mask
from napari_unet.session.portion import Portion, Side, portion
from napari_unet.widgets.hand import Hand
from napari_unet.widgets.layer_tags import facts

WHOLE, SLICE, VIEW, INSIDE = "whole", "slice", "view", "shape:"
AREAS = ("rectangle", "polygon", "ellipse")


class Portions:
    """Knows which parts of an image a person can mean."""

    def __init__(self, hand: Hand) -> None:
        self.hand = hand

    def wheres(self, layer: Any, card: ModelCard) -> list[tuple[str, str]]:
        """Return what can be segmented of an image: keys, and words for people."""
        stack = _Stack(layer, card)
        found = [(WHOLE, "whole image")]
        if len(stack.shape) > stack.dims:
            shown = "shown volume only" if stack.dims == 3 else "shown slice only"
            found.append((SLICE, shown))
        viewer = self.hand.viewer
        if viewer is not None and viewer.dims.ndisplay == 2:
            found.append((VIEW, "what is in view"))
        drawn = (x for x in self.hand.layers if isinstance(x, Shapes))
        areas = (x for x in drawn if any(kind in AREAS for kind in x.shape_type))
        return [*found, *((f"{INSIDE}{x.unique_id}", f"inside {x.name}") for x in areas)]

    def axes(self, layer: Any, card: ModelCard) -> list[tuple[int, str]]:
        """Return along which axes a volume can be gone through slice by slice; none if no choice.

        The axes count from the last one: -3 stands for the slices of a stack as it is opened.
        """
        stack = _Stack(layer, card)
        if stack.dims == 3 or len(stack.shape) < 3 or stack.in_time:
            return []
        return [(axis, f"{_called(stack, axis)} ({stack.shape[axis]})") for axis in (-3, -2, -1)]

    def portion(self, layer: Any, card: ModelCard, where: str, axis: int = -3) -> Portion:
        """Return the part of an image that is meant now.

        Raises
        ------
        DataError
            If there is no such part: the shape lies beside the image, or there is none.
        """
        stack = _Stack(layer, card)
        ndim = len(stack.shape)
        planes = tuple(a for a in range(max(ndim - 3, 0), ndim) if a != ndim + axis)
        if stack.dims == 3:
            planes = tuple(range(ndim - 3, ndim))
        elif stack.in_time or ndim == 2:
            planes = (ndim - 2, ndim - 1)
        elif where == SLICE:
            planes = self._shown(layer, stack)
        kept, mask = self._kept(layer, stack, planes, where)
        config = card.preprocess
        return portion(
            stack.shape,
            planes,
            kept,
            config.size if config.mode == "patch" else (),
            config.neighbours,
            channel=stack.channel,
            repeated=stack.repeated,
            apart=stack.in_time and bool(config.neighbours),
            mask=mask,
        )

    def spacing(self, layer: Any, card: ModelCard) -> tuple[float, ...]:
        """Return what a pixel measures along each axis of a portion's ``shape``."""
        return tuple(abs(float(layer.scale[axis])) for axis in _Stack(layer, card).own)

    def in_time(self, layer: Any, card: ModelCard) -> bool:
        """Return whether an image's planes follow each other in time, and not in space."""
        return _Stack(layer, card).in_time

    def outlines(self, where: str) -> tuple[bytes, ...]:
        """Return the corners of the shapes that are meant, to see whether they were moved."""
        shapes = self._shapes(where)
        return () if shapes is None else tuple(np.asarray(d).tobytes() for d in shapes.data)

    # --- inside -------------------------------------------------------------------------------

    def _kept(
        self, layer: Any, stack: _Stack, planes: Sequence[int], where: str
    ) -> tuple[dict[int, Side], NDArray[np.bool_] | None]:
        if where == WHOLE:
            return {}, None
        if where == SLICE:
            at = self._point(layer)
            hidden = (a for a in range(len(stack.shape)) if a not in planes)
            return {a: (at[stack.own[a]], at[stack.own[a]] + 1) for a in hidden}, None
        first, second = self._shown(layer, stack)
        if where == VIEW:
            low, high = _corners(layer)[:, stack.own].tolist()
            return {a: (low[a], high[a] + 1) for a in (first, second)}, None
        outlines = self._outlines(layer, stack, (first, second), where)
        plane = stack.shape[first], stack.shape[second]
        sides = around(outlines, plane)
        if sides is None:
            raise DataError(f"The shapes lie beside {layer.name}: draw one on it.")
        mask = outlines_mask(outlines, sides)
        if not mask.any():
            raise DataError("The shapes hold no pixel's centre: draw a larger one.")
        lying = [1] * len(stack.shape)
        lying[first], lying[second] = mask.shape
        return {first: sides[0], second: sides[1]}, mask.reshape(lying)

    def _shapes(self, where: str) -> Any:
        id = where.removeprefix(INSIDE)
        found = (x for x in self.hand.layers if isinstance(x, Shapes) and str(x.unique_id) == id)
        return next(found, None) if where.startswith(INSIDE) else None

    def _outlines(
        self, layer: Any, stack: _Stack, plane: tuple[int, int], where: str
    ) -> list[NDArray[Any]]:
        """Return the outlines of the areas drawn on a layer, in pixels of the shown plane."""
        shapes, viewer = self._shapes(where), self.hand.viewer
        if shapes is None or viewer is None:
            raise DataError("The shapes were removed. Choose another part of the image.")
        columns = [stack.own[axis] for axis in plane]
        found = []
        for corners, kind in zip(shapes.data, shapes.shape_type, strict=True):
            if kind in AREAS:
                corners = ellipse(corners) if kind == "ellipse" else np.asarray(corners)
                found.append(_moved(corners, shapes, layer, viewer.dims.point)[:, columns])
        if not found:
            raise DataError(f"{shapes.name} holds no area: draw a rectangle, ellipse or polygon.")
        return found

    def _shown(self, layer: Any, stack: _Stack) -> tuple[int, int]:
        """Return the two of a stack's axes that the viewer shows as rows and columns."""
        viewer = self.hand.viewer
        offset = viewer.dims.ndim - layer.ndim
        shown = sorted(axis - offset for axis in viewer.dims.displayed[-2:])
        if any(axis not in stack.own for axis in shown):
            raise DataError(
                "The viewer shows channels as rows or columns. Turn the view, or segment the "
                "whole image."
            )
        first, second = (stack.own.index(axis) for axis in shown)
        return first, second

    def _point(self, layer: Any) -> list[int]:
        """Return the pixel of a layer at which the viewer's sliders stand."""
        point = np.asarray(self.hand.viewer.dims.point)[-layer.ndim :]
        index = np.rint(layer.world_to_data(point)).astype(int)
        limits = np.array((layer.data[0] if layer.multiscale else layer.data).shape[: layer.ndim])
        at: list[int] = np.clip(index, 0, limits - 1).tolist()
        return at


class _Stack:
    """An image as a model sees it: its axes without channels, and where they are in the layer."""

    def __init__(self, layer: Any, card: ModelCard) -> None:
        image = facts(layer)
        self.dims = card.network.dims
        axis = channel_axis(card, image)
        self.own = [a for a in range(len(image.shape)) if a != axis]
        self.shape = tuple(image.shape[a] for a in self.own)
        self.names = [image.axes[a] for a in self.own]
        self.in_time = len(self.shape) > 2 and is_time(self.names[-3])
        # napari lines layers up by their last axes: an axis can be left out in front only, and
        # only if nothing turns it into another one.
        left_out = axis is None or (axis == 0 and not _turned(layer))
        self.repeated = 0 if axis is None or left_out else image.shape[axis]
        self.channel = len(self.shape) if layer.rgb else axis


def _called(stack: _Stack, axis: int) -> str:
    """Return an axis's name; napari calls one that nobody named by its negative number."""
    name = stack.names[axis]
    return f"axis {len(stack.shape) + axis}" if name.startswith("-") else name


def _turned(layer: Any) -> bool:
    """Say whether a layer's first axis does not run along the world's."""
    corner = np.asarray(layer.data_to_world((0,) * layer.ndim))
    axes = np.stack([layer.data_to_world(e) - corner for e in np.eye(layer.ndim)], axis=1)
    return not np.allclose(axes[0, 1:], 0) or not np.allclose(axes[1:, 0], 0)


def _corners(layer: Any) -> NDArray[np.int64]:
    """Return the first and last pixel of a layer that can be seen, by axis."""
    corners = np.asarray(layer.corner_pixels)
    if isinstance(layer, Image) and layer.multiscale:
        corners = corners * layer.downsample_factors[layer.data_level]
    seen: NDArray[np.int64] = np.rint(corners).astype(np.int64)
    return seen


def _moved(corners: NDArray[Any], of: Any, to: Any, point: Sequence[float]) -> NDArray[Any]:
    """Return points of one layer as those of another; where an axis is missing, the sliders'."""
    world = np.array([of.data_to_world(corner) for corner in corners])
    missing = len(point) - world.shape[1]
    if missing > 0:
        world = np.hstack([np.tile(point[:missing], (len(world), 1)), world])
    return np.array([to.world_to_data(corner) for corner in world[:, -to.ndim :]])
