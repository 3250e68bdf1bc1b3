"""The layer that shows where labels are right and where they are wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from napari.layers import Labels
from napari.utils.colormaps import CyclicLabelColormap
from psygnal import Signal

from napari_unet.tally import ADDED, CONFUSED, MISSED, RIGHT, Box, Tally
from napari_unet.widgets.hand import Hand
from napari_unet.widgets.layer_tags import ERRORS, tag_of
from napari_unet.widgets.placing import geometry, same_place

NAME = "errors"
# Okabe and Ito's colours, which colour-blind people can tell apart; what is missed has the colour
# of the reference's outline.
COLOURS = {RIGHT: "#009e73", ADDED: "#d55e00", MISSED: "#56b4e9", CONFUSED: "#f0e442"}
WORDS = {RIGHT: "right", ADDED: "false positive", MISSED: "false negative", CONFUSED: "wrong class"}
OPACITY = 0.6


class ErrorsLayer:
    """One Labels layer on the labels that are compared; it takes neither selection nor brush."""

    closed = Signal(object)  # not by us: the tally that it showed

    def __init__(self, hand: Hand) -> None:
        self.hand = hand
        self.opacity = OPACITY
        self._tally: Tally | None = None
        hand.viewer.layers.events.removed.connect(self._removed)

    @property
    def layer(self) -> Any:
        """The layer, None if there is none."""
        return self.hand.find(ERRORS)

    def show(self, tally: Tally, on: Any) -> None:
        """Show what is right and wrong on the labels layer ``on``, all of it anew."""
        self._tally = tally
        layer, outcomes = self.layer, tally.outcomes((slice(None),) * on.ndim)
        if layer is not None and layer.data.shape == outcomes.shape and same_place(layer, on):
            with self.hand.at_work():
                layer.data[...] = outcomes
                layer.refresh(extent=False)
        else:
            layer = self._put(layer, on, outcomes)
        if not layer.visible:
            layer.visible = True

    def update(self, tally: Tally, boxes: Iterable[Box]) -> None:
        """Show what has changed since, in boxes; nothing else is touched."""
        layer = self.layer
        if layer is None or tally is not self._tally:
            return
        with self.hand.at_work():
            for box in boxes:
                layer.data[box] = tally.outcomes(box)
                _show_part(layer, box)

    def take_away(self) -> None:
        """Remove the layer."""
        self._tally = None
        self.hand.remove(self.layer)

    def set_opacity(self, opacity: float) -> None:
        """Let more or less of what lies below be seen."""
        self.opacity = opacity
        if (layer := self.layer) is not None:
            layer.opacity = opacity

    # --- inside -------------------------------------------------------------------------------

    def _put(self, layer: Any, on: Any, outcomes: Any) -> Any:
        look = {"opacity": self.opacity, "colormap": _colormap()}
        place = geometry(on) | look
        with self.hand.keeping_selection():
            put = self.hand.put(layer, Labels, outcomes, NAME, {"role": ERRORS}, place)
            put.features = {"index": list(WORDS), "label": list(WORDS.values())}
            put.editable = False
        return put

    def _removed(self, event: Any) -> None:
        if not self.hand.busy and tag_of(event.value).get("role") == ERRORS:
            tally, self._tally = self._tally, None
            self.closed.emit(tally)


def _colormap() -> CyclicLabelColormap:
    return CyclicLabelColormap(colors=["#00000000", *COLOURS.values()])


def _show_part(layer: Any, box: Box) -> None:
    """Draw a part of a layer anew, as napari does while one paints.

    Showing all of it takes a tenth of a second for a large picture. The public ways to show a part
    write it into the layer's history as well.
    """
    if not layer.visible:
        return  # it is drawn when it is shown
    part, note = getattr(layer, "_partial_labels_refresh", None), "_updated_slice"
    if part is None or not hasattr(layer, note):
        layer.refresh(extent=False)
        return
    setattr(layer, note, box)
    part()
