"""Layers of the viewer as images and masks to train on: which belong together, and their arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy as np
from napari.layers import Image, Labels

from napari_unet.data.from_arrays import Pair
from napari_unet.widgets.hand import Hand
from napari_unet.widgets.layer_tags import ERRORS, LIVE, SPARE, pixels, tag_of
from napari_unet.widgets.placing import geometry

SCRIBBLES = "scribbles"
OURS = (ERRORS, LIVE, SPARE)  # what nobody would call a mask


@dataclass(frozen=True)
class LayerFacts:
    """What must be known of a layer to pair it; ``shape`` leaves out colours."""

    id: str
    name: str
    shape: tuple[int, ...]
    image: str = ""  # the id of the image layer that labels were made on, if that is known


class LayerPairs:
    """Knows the image and labels layers, and makes layers to paint on."""

    def __init__(self, hand: Hand) -> None:
        self.hand = hand

    def images(self) -> list[LayerFacts]:
        """Return the images, the topmost last."""
        return [_facts(x) for x in self.hand.layers if isinstance(x, Image)]

    def labels(self) -> list[LayerFacts]:
        """Return the labels, the topmost last."""
        return [
            _facts(x)
            for x in self.hand.layers
            if isinstance(x, Labels) and tag_of(x).get("role") not in OURS
        ]

    def pair(self, image: str, labels: str) -> Pair | None:
        """Return the arrays of two layers, None if one of them is gone.

        They may still be lazy: make them arrays in a thread.
        """
        on, mask = self._find(image), self._find(labels)
        if on is None or mask is None:
            return None
        data = pixels(on)
        if on.rgb:
            data = data[..., :3]  # opacity is not to be learned from
        units = tuple(str(unit) for unit in on.units)
        return Pair(on.name, data, pixels(mask), bool(on.rgb), tuple(map(float, on.scale)), units)

    def add_scribbles(self, image: str) -> str:
        """Make an empty labels layer on an image, ready to be painted on; return its name."""
        viewer, on = self.hand.viewer, self._find(image)
        if viewer is None or on is None:
            return ""
        empty = np.zeros(_facts(on).shape, np.uint8)
        layer = viewer.add_labels(empty, name=f"{on.name} · {SCRIBBLES}", **geometry(on))
        layer.metadata[SCRIBBLES] = str(on.unique_id)
        layer.brush_size = max(3, max(empty.shape[-2:]) // 60)
        layer.selected_label = 2
        layer.mode = "paint"
        viewer.layers.selection.active = layer
        return str(layer.name)

    def _find(self, id: str) -> Any:
        return next((x for x in self.hand.layers if str(x.unique_id) == id), None)


def guess(images: Sequence[LayerFacts], labels: Sequence[LayerFacts]) -> dict[str, str]:
    """Return image id → labels id where labels fit: made on the image, or of a similar name.

    Labels are given to one image only; of several that fit, the topmost of the best name wins.
    """
    marks = [
        (_likeness(image, mask), j, image, mask)
        for image in images
        for j, mask in enumerate(labels)
        if image.shape == mask.shape
    ]
    found: dict[str, str] = {}
    for _, _, image, mask in sorted(marks, key=lambda m: m[:2], reverse=True):
        if image.id not in found and mask.id not in found.values():
            found[image.id] = mask.id
    return found


def _likeness(image: LayerFacts, mask: LayerFacts) -> float:
    if mask.image:
        return 2.0 if mask.image == image.id else -1.0
    a, b = image.name.casefold(), mask.name.casefold()
    return 1.0 if a in b else SequenceMatcher(None, a, b).ratio()


def _facts(layer: Any) -> LayerFacts:
    data = pixels(layer)
    rgb = bool(getattr(layer, "rgb", False))
    shape = tuple(int(n) for n in (data.shape[:-1] if rgb else data.shape))
    image = str(layer.metadata.get(SCRIBBLES, ""))
    return LayerFacts(str(layer.unique_id), layer.name, shape, image)
