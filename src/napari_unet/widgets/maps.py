"""Probabilities and uncertainty as image layers that lie where the labels do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from napari.layers import Image
from numpy.typing import NDArray

from napari_unet.labelling import entropy
from napari_unet.session import Result
from napari_unet.session.portion import Portion, all_of
from napari_unet.widgets.hand import Hand
from napari_unet.widgets.labels_names import by_model
from napari_unet.widgets.layer_tags import MAP, Whose, facts, tag_of
from napari_unet.widgets.placing import geometry

LOOKS = {"probability": "viridis", "uncertainty": "inferno"}
AT_ONCE = 1 << 22  # pixels that are turned to numbers from 0 to 1 at once; more of them lazily


class Maps:
    """Shows what a network thinks of every pixel; one layer for image, model and what it shows."""

    def __init__(self, hand: Hand) -> None:
        self.hand = hand

    def show(
        self, whose: Whose, kind: str, what: str, values: NDArray[np.uint8], portion: Portion
    ) -> None:
        """Show values from 0 to 255 of what a portion keeps as numbers from 0 to 1.

        ``kind`` is one of `LOOKS`; ``what`` is the class whose probability it is, or empty.
        """
        viewer, on = self.hand.viewer, self.hand.image(whose.image)
        if viewer is None or on is None:
            return
        portion = portion or all_of(facts(on).shape)
        tag = {
            "role": MAP,
            "image": whose.image,
            "model": whose.model,
            "kind": kind,
            "what": what,
        }
        layer = next((x for x in self.hand.layers if tag.items() <= tag_of(x).items()), None)
        canvas = _canvas(values, portion)
        keep = viewer.layers.selection.active
        new = layer is None
        look = {"colormap": LOOKS[kind], "opacity": 0.6, "blending": "translucent"} if new else {}
        place = geometry(on, canvas.ndim) | look | {"contrast_limits": (0.0, 1.0)}
        name = " · ".join(filter(None, (by_model(on.name, whose.name), kind, what)))
        layer = self.hand.put(layer, Image, canvas, name, tag, place)
        layer.visible = True
        if new:
            viewer.layers.move(viewer.layers.index(layer), viewer.layers.index(on) + 1)
        if keep is not None and keep in viewer.layers:
            viewer.layers.selection.active = keep

    def shown(self, image: str, model: str, kind: str) -> bool:
        """Return whether there is a layer of this kind for an image and a model."""
        wanted = {"role": MAP, "image": image, "model": model, "kind": kind}
        return any(wanted.items() <= tag_of(layer).items() for layer in self.hand.layers)

    def remove(self, image: str, model: str = "", kind: str = "") -> None:
        """Take the layers of an image away (by a model, of a kind): they are out of date."""
        wanted = {"role": MAP, "image": image}
        wanted |= {"model": model} if model else {}
        wanted |= {"kind": kind} if kind else {}
        for layer in list(self.hand.layers):
            if wanted.items() <= tag_of(layer).items():
                self.hand.remove(layer)


def values_of(result: Result, kind: str) -> Iterator[tuple[str, Any]]:
    """Yield what a map of a kind shows of a result: a class's name or nothing, and its values."""
    planes = result.probabilities
    if kind == "uncertainty":
        found = result.uncertainty
        yield "", _entropy(planes) if found is None else found
        return
    several = len(planes) > 1  # then the first one is the background's
    for i, name in enumerate(result.classes):
        yield name, planes[i + several]


def _entropy(planes: Any) -> Any:
    """Return the entropy of probabilities; of many, made where somebody looks."""
    if isinstance(planes, np.ndarray):
        if planes[0].size <= AT_ONCE:
            return entropy(planes)
        planes = _by_plane(planes, leading=1)
    return planes.map_blocks(entropy, dtype=np.uint8, drop_axis=0)


def _by_plane(values: Any, leading: int = 0) -> Any:
    """Return values as dask, of which a slice is all that is made to show it.

    The first ``leading`` axes are kept together. What is lazy already keeps its own pieces.
    """
    import dask.array as da

    if not isinstance(values, np.ndarray):
        return values
    # Without a name, dask would look at every value to make one.
    chunks = _planes(values.shape, leading)
    return da.from_array(values, chunks, name=False)  # type: ignore[no-untyped-call]


def _planes(shape: tuple[int, ...], leading: int = 0) -> tuple[int, ...]:
    return (*shape[:leading], *(1 for _ in shape[leading:-2]), *shape[-2:])


def _canvas(values: Any, portion: Portion) -> Any:
    """Return numbers from 0 to 1 of the whole image, 0 where nothing was asked."""
    index, mask = portion.on_canvas(portion.kept), portion.masked(portion.kept)
    lazy = not isinstance(values, np.ndarray) or values.size > AT_ONCE
    if lazy:
        import dask.array as da

        spread = portion.spread(_by_plane(values)).astype(np.float32) / np.float32(255)
        if portion.whole and not portion.repeated:
            return spread
        whole = da.zeros(portion.canvas, dtype=np.float32, chunks=_planes(portion.canvas))
        whole[index] = spread if mask is None else da.where(mask, spread, np.float32(0))
        return whole
    canvas = np.zeros(portion.canvas, np.float32)
    where = True if mask is None else mask
    np.divide(portion.spread(values), 255, out=canvas[index], where=where, dtype=np.float32)
    return canvas
