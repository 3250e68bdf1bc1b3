"""One viewer's layers: what is there, what was chosen, and what a person changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari.layers import Image, Labels, Shapes
from psygnal import Signal

from napari_unet.session import ImageFacts
from napari_unet.widgets.case_layers import CaseLayers, Shown
from napari_unet.widgets.hand import Hand
from napari_unet.widgets.layer_tags import (
    CASE_IMAGE,
    ERRORS,
    KEY,
    MAP,
    REFERENCE,
    SEGMENTATION,
    facts,
    pixels,
    tag_of,
)
from napari_unet.widgets.maps import Maps
from napari_unet.widgets.parts.timing import single_shot
from napari_unet.widgets.pieces import Pieces
from napari_unet.widgets.placing import PixelSize, pixel_size, same_place, spacing
from napari_unet.widgets.portions import Portions
from napari_unet.widgets.segmentations import Segmentations

PLUGIN = "napari-unet-workbench"
PAUSE = 60  # milliseconds after the last stroke


@dataclass(frozen=True)
class Ticket:
    """An image as it was when a job started, to see whether the result still belongs to it."""

    facts: ImageFacts
    layer: Any
    data: Any
    channels: tuple[Ticket, ...] = ()  # of an image whose channels are layers: each of them


class Layers:
    """One viewer's layers, as far as this plugin deals with them."""

    changed = Signal()  # the list, a name or the selection
    image_edited = Signal(str)  # the id of an image that holds other pixels now
    folder_read = Signal(str, object)  # a folder that our reader opened, and a layer it made of it
    slice_changed = Signal()  # another slice is looked at
    outlines_changed = Signal()  # a shape was drawn, moved or deleted
    labels_touched = Signal()  # somebody painted, undid, or looks at another slice
    touched = Signal(object, str)  # at once: a Labels layer, and which of napari's events it was
    case_changing = Signal(str)  # another case is about to be shown (its key), or none (empty)

    def __init__(self, viewer: Any) -> None:
        self.hand = Hand(viewer)
        self.cases = CaseLayers(self.hand)
        self.segmentations = Segmentations(self.hand)
        self.pieces = Pieces(self.segmentations)
        self.maps = Maps(self.hand)
        self.portions = Portions(self.hand)
        self._pause = single_shot(PAUSE, self.labels_touched.emit)
        events = viewer.layers.events
        for signal in (events.inserted, events.removed, events.reordered, events.renamed):
            signal.connect(self._emit_changed)
        events.inserted.connect(self._watch)
        events.removed.connect(self._unwatch)
        for chosen in (
            viewer.layers.selection.events.active,
            viewer.layers.selection.events.changed,
        ):
            chosen.connect(self._emit_changed)
        dims = viewer.dims.events
        for turned in (dims.current_step, dims.order, dims.ndisplay):
            turned.connect(self._look)
        for layer in viewer.layers:
            self._watch_layer(layer)

    # --- what is there ------------------------------------------------------------------------

    def images(self) -> list[ImageFacts]:
        """Return the open images, the topmost last."""
        return [facts(layer) for layer in self.hand.layers if _is_scan(layer)]

    def active_image(self) -> ImageFacts | None:
        """Return the image meant by the selection: itself, or the one its labels belong to."""
        viewer = self.hand.viewer
        if viewer is None:
            return None
        active = viewer.layers.selection.active
        if _is_scan(active):
            return facts(active)
        images = self.images()
        of = tag_of(active).get("image") if active is not None else None
        return next((i for i in images if i.id == of), images[-1] if images else None)

    def selected_channels(self) -> list[ImageFacts]:
        """Return the selected images that may be the channels of one; none unless several are.

        They are grey, of one size, and lie in one place.
        """
        viewer = self.hand.viewer
        chosen = viewer.layers.selection if viewer is not None else ()
        layers = [x for x in self.hand.layers if x in chosen and _is_scan(x)]
        if len(layers) < 2 or any(x.rgb for x in layers):
            return []
        first, *others = layers
        alike = (facts(x).shape == facts(first).shape and same_place(x, first) for x in others)
        return [facts(x) for x in layers] if all(alike) else []

    def activate(self, image: str) -> None:
        """Make the image with this id the active layer."""
        viewer, layer = self.hand.viewer, self.hand.image(image)
        if viewer is not None and layer is not None:
            viewer.layers.selection.active = layer

    def label_names(self) -> list[str]:
        """Return the names of the Labels layers."""
        labels = (x for x in self.hand.layers if isinstance(x, Labels))
        return [x.name for x in labels if tag_of(x).get("role") != ERRORS]

    def reference_name(self) -> str:
        """Return the name of the open case's reference layer, empty if there is none."""
        layer = self.hand.find(REFERENCE)
        return layer.name if layer is not None else ""

    def segmentation_name(self) -> str:
        """Return the name of the topmost segmentation that is shown, or is about to be."""
        ours = [x for x in self.hand.layers if tag_of(x).get("role") == SEGMENTATION]
        shown = [x for x in ours if x.visible] or ours
        return shown[-1].name if shown else ""

    def labels_data(self, name: str) -> Any:
        """Return the array of the Labels layer called ``name``, lazy if it is."""
        return pixels(self.hand.layers[name])

    def labels_spacing(self, name: str) -> tuple[tuple[float, ...], str]:
        """Return the sides of a Labels layer's pixels, and their unit; see `placing.spacing`."""
        return spacing(self.hand.layers[name])

    def labels_id(self, name: str) -> str:
        """Return the id of the Labels layer called ``name``."""
        return str(self.hand.layers[name].unique_id)

    # --- jobs on an image ---------------------------------------------------------------------

    def ticket(self, image: str, channels: Sequence[str] = ()) -> Ticket | None:
        """Return a ticket for the image with this id, None if it is gone.

        ``channels`` are the ids of the images that are its channels, if it has them so.
        """
        layer = self.hand.image(image)
        others = [self.ticket(id) for id in channels]
        there = tuple(other for other in others if other is not None)
        if layer is None or len(there) < len(others):
            return None
        return Ticket(facts(layer), layer, pixels(layer), there)

    def problem(self, ticket: Ticket) -> str:
        """Say why a result for this ticket must be dropped; empty if it still belongs."""
        name = ticket.facts.name
        if ticket.layer not in self.hand.layers:
            return f"{name} was closed while it was being segmented; the result was dropped."
        if pixels(ticket.layer) is not ticket.data or facts(ticket.layer).id != ticket.facts.id:
            return f"{name} was changed while it was being segmented; the result was dropped."
        return next(filter(None, map(self.problem, ticket.channels)), "")

    def pixel_size(self, image: str) -> PixelSize:
        """Return what one pixel (2D) or voxel (3D) of an image measures."""
        layer = self.hand.image(image)
        if layer is None:
            return PixelSize()
        return pixel_size(layer)

    # --- cases --------------------------------------------------------------------------------

    def show_case(self, case: Shown) -> None:
        """Show a case: its image layer and its reference layer, both reused if there are any."""
        if self.hand.viewer is None:
            return
        self.case_changing.emit(case.key)
        before, image = self.cases.show(case)
        if before is not None and before.id != case.key:
            self.segmentations.release(before.id, image)
            self.maps.remove(before.id)
        self.changed.emit()

    def close_case(self) -> None:
        """Take away what belongs to the open case, but for what a person painted."""
        self.case_changing.emit("")
        if (before := self.cases.close()) is not None:
            self.segmentations.release(before.id, None)
            self.maps.remove(before.id)
        self.changed.emit()

    def open_case(self) -> str:
        """Return the key of the case that is shown, empty if its image layer is gone."""
        layer = self.hand.find(CASE_IMAGE)
        return str(tag_of(layer).get("case", "")) if layer is not None else ""

    # --- inside -------------------------------------------------------------------------------

    def _look(self, event: Any = None) -> None:
        self.slice_changed.emit()

    def _emit_changed(self, event: Any = None) -> None:
        self.changed.emit()

    def _watch(self, event: Any) -> None:
        layer = event.value
        self._watch_layer(layer)
        path = layer.source.path
        if layer.source.reader_plugin == PLUGIN and path and Path(path).is_dir():
            self.folder_read.emit(str(path), layer)

    def _unwatch(self, event: Any) -> None:
        layer = event.value
        if isinstance(layer, Labels) and not self.hand.busy:
            self.touched.emit(layer, "removed")
        for signal, slot in self._heard_of(layer):  # it may come into another viewer
            signal.disconnect(slot)

    def _watch_layer(self, layer: Any) -> None:
        for signal, slot in self._heard_of(layer):
            signal.connect(slot)

    def _heard_of(self, layer: Any) -> list[tuple[Any, Callable[[Any], None]]]:
        """Return which events of a layer are heard, and by whom."""
        events = layer.events
        if isinstance(layer, Image):
            return [(events.data, self._edited)]
        if isinstance(layer, Shapes):
            return [(events.data, self._outlined)]
        if isinstance(layer, Labels):
            # Painting tells before the pixels change, undo by set_data only (as does every new
            # slice), and a stroke many times: so wait a moment, whatever comes.
            told = (events.paint, events.set_data, events.labels_update)
            return [(signal, self._touched) for signal in told]
        return []

    def _outlined(self, event: Any = None) -> None:
        self.outlines_changed.emit()

    def _touched(self, event: Any = None) -> None:
        if not self.hand.busy:
            self._pause.start()
            self.touched.emit(event.source, event.type)

    def _edited(self, event: Any) -> None:
        """Treat an image whose data somebody else replaced as no longer the case we opened."""
        if self.hand.busy:
            return
        layer = event.source
        id = facts(layer).id
        layer.metadata.pop(KEY, None)
        self.segmentations.image_changed(id, facts(layer).id)
        self.maps.remove(id)
        self.image_edited.emit(id)


def _is_scan(layer: Any) -> bool:
    """Say whether a layer can be segmented; probabilities are images, too, but not meant."""
    return isinstance(layer, Image) and tag_of(layer).get("role") != MAP
