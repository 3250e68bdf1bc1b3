"""Pieces of an answer, shown while the rest of it computes, and taken back if it never comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.session import Made
from napari_unet.session.portion import Portion, Side
from napari_unet.widgets.hand import takes
from napari_unet.widgets.layer_tags import Whose, tag_of
from napari_unet.widgets.placing import same_place
from napari_unet.widgets.segmentations import Segmentations


@dataclass(frozen=True, eq=False)
class _Preview:
    """A layer that shows pieces of an answer, and what it held before; None if it is new."""

    layer: Any
    before: NDArray[Any] | None


class Pieces:
    """Shows pieces in the segmentation's own layer, but never on what a person painted."""

    def __init__(self, segmentations: Segmentations) -> None:
        self.segmentations, self.hand = segmentations, segmentations.hand
        self._preview: _Preview | None = None
        segmentations.wrote.connect(self._forget)  # the answer came, or a person's own labels

    def prepare(self, whose: Whose, portion: Portion, made: Made) -> bool:
        """Have a layer ready in which pieces of an answer, or all of it, can be shown.

        Making one takes longer than writing into it, and the engine is computing meanwhile.
        Returns whether pieces can be shown: not on labels that somebody painted on. `take_back`
        undoes it.
        """
        labels = self.segmentations
        on, layer = self.hand.image(whose.image), labels.find(whose.image, whose.model)
        if self._preview is not None and self._preview.layer is layer:
            return not labels.painted(whose.image, whose.model)
        if on is None or labels.painted(whose.image, whose.model):
            return False
        if layer is None:
            layer = labels.begin(whose, np.zeros(portion.canvas, np.uint8), made)
            self._preview = _Preview(layer, None)
            return True
        if not (takes(layer, portion.canvas, np.uint8) and same_place(layer, on)):
            return False
        self._preview = _Preview(layer, layer.data.copy())
        return True

    def show(
        self,
        whose: Whose,
        portion: Portion,
        made: Made,
        where: Sequence[Side],
        labels: NDArray[np.uint8],
    ) -> None:
        """Show the labels of a finished piece while the rest computes."""
        if self.prepare(whose, portion, made) and self._preview is not None:
            index, mask = portion.on_canvas(where), portion.masked(where)
            written = self.segmentations.written
            written.paste(self._preview.layer, index, portion.spread(labels), mask)

    def take_back(self) -> bool:
        """Undo what pieces of an unfinished answer changed; return whether labels are as before."""
        preview, self._preview = self._preview, None
        if preview is None or preview.layer not in self.hand.layers:
            return preview is not None
        layer, tag = preview.layer, tag_of(preview.layer)
        if self.segmentations.painted(tag.get("image", ""), tag.get("model", "")):
            return False  # on the pieces: that is a person's work
        if preview.before is None:
            self.hand.remove(layer)
        else:
            self.segmentations.written.restore(layer, preview.before)
        return True

    def _forget(self) -> None:
        self._preview = None
