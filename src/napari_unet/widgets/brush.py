"""The brush: which of two compared layers a person paints on, and taking it there."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_unet.widgets.counting import Counting
from napari_unet.widgets.judged import Judges
from napari_unet.widgets.layer_tags import REFERENCE, tag_of
from napari_unet.widgets.layers import Layers


class Brush:
    """Paints on the prediction, or on the reference where a person says so."""

    def __init__(self, layers: Layers, judges: Judges) -> None:
        self.layers, self.judges = layers, judges
        self.edits_reference = False

    @property
    def layer(self) -> Any:
        """The layer to paint on, None if there is none."""
        layer = self.judges.reference if self.edits_reference else self.judges.prediction
        can = layer is not None and layer.editable and isinstance(layer.data, np.ndarray)
        return layer if can else None

    def edit_reference(self, on: bool) -> None:
        """Paint on the reference, which is kept from that otherwise, or on the prediction."""
        reference = self.judges.reference
        self.edits_reference = on and reference is not None
        if tag_of(reference).get("role") == REFERENCE:
            self.edits_reference = self.layers.cases.edit_reference(on)
        if (layer := self.layer) is not None:
            self._activate(layer)

    def heed_lock(self) -> None:
        """Leave a reference that is locked again: another case took its place."""
        reference = self.judges.reference
        if tag_of(reference).get("role") == REFERENCE and not reference.editable:
            self.edits_reference = False

    def take(self) -> None:
        """Take the brush, on the layer to paint on."""
        if (layer := self.layer) is not None:
            self._activate(layer)
            layer.mode = "paint"

    def undo(self) -> None:
        """Undo the last stroke on the layer to paint on."""
        if (layer := self.layer) is not None:
            layer.undo()

    def redo(self) -> None:
        """Do again what was undone last."""
        if (layer := self.layer) is not None:
            layer.redo()

    def can_undo(self, counting: Counting | None) -> tuple[bool, bool]:
        """Return whether there is something to undo, and something to redo."""
        strokes = counting.strokes.get(self.layer) if counting is not None else None
        return strokes.can_undo() if strokes is not None else (False, False)

    def _activate(self, layer: Any) -> None:
        viewer = self.layers.hand.viewer
        if viewer is not None and layer in viewer.layers:
            viewer.layers.selection.active = layer
            if not layer.visible:
                layer.visible = True
