"""The layer that shows, while a model is trained, what it makes of a validation case."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray
from psygnal import Signal

from napari_unet.widgets.case_layers import FILL
from napari_unet.widgets.hand import Hand, takes
from napari_unet.widgets.layer_tags import CASE_IMAGE, LIVE, REFERENCE, facts, tag_of
from napari_unet.widgets.placing import geometry, same_place

NAME = "Live prediction"


class LiveLayer:
    """One Labels layer on the open case; it takes neither the selection nor the brush."""

    closed = Signal()  # by a person

    def __init__(self, hand: Hand) -> None:
        self.hand = hand
        hand.viewer.layers.events.removed.connect(self._removed)

    def show(self, case: str, labels: NDArray[np.uint8]) -> bool:
        """Show labels on the case with this key; say whether it is open and of their shape."""
        on, layer = self._ground(case, labels.shape), self.hand.find(LIVE)
        if on is None:
            self.hide()
            return False
        if layer is not None and takes(layer, labels.shape, labels.dtype) and same_place(layer, on):
            with self.hand.at_work():
                np.copyto(layer.data, labels)
                layer.refresh(extent=False)
        else:
            layer = self._put(layer, on, labels)
        if not layer.visible:
            layer.visible = True
        return True

    def hide(self) -> None:
        """Let the layer be seen no longer: its case is not open, or nothing is trained."""
        layer = self.hand.find(LIVE)
        if layer is not None and layer.visible:
            layer.visible = False

    def take_away(self) -> None:
        """Remove the layer: a person has switched it off."""
        self.hand.remove(self.hand.find(LIVE))

    def _ground(self, case: str, shape: tuple[int, ...]) -> Any:
        """Return the layer of a case on which labels of a shape lie, None if it is not open."""
        image, reference = self.hand.find(CASE_IMAGE), self.hand.find(REFERENCE)
        if image is None or tag_of(image).get("case") != case:
            return None
        if facts(image).shape == shape:
            return image
        # Channels that are no colours are an axis of the image, but not of its reference.
        return reference if reference is not None and reference.data.shape == shape else None

    def _put(self, layer: Any, on: Any, labels: NDArray[np.uint8]) -> Any:
        new = layer is None
        look = {"colormap": FILL, "opacity": 0.5} if new else {}
        place, tag = geometry(on) | look, {"role": LIVE}
        with self.hand.keeping_selection():
            # A copy: the next preview is written into the layer's own array.
            put = self.hand.put(layer, Labels, labels.copy(), NAME, tag, place)
            put.editable = False
            if new and (reference := self.hand.find(REFERENCE)) is not None:
                # Below the reference, whose outline is then seen on it.
                layers = self.hand.layers
                layers.move(layers.index(put), layers.index(reference))
        return put

    def _removed(self, event: Any) -> None:
        # The tag is looked at by itself: `tag_of` is for layers that are there.
        if not self.hand.busy and tag_of(event.value).get("role") == LIVE:
            self.closed.emit()
