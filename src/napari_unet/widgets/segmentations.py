"""The Labels layers of segmentations: one an image and model, and never over a person's work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray
from psygnal import Signal

from napari_unet.session import Made
from napari_unet.session.portion import Portion, all_of
from napari_unet.widgets.by_hand import ByHand
from napari_unet.widgets.case_layers import FILL
from napari_unet.widgets.hand import Hand, forget_strokes, takes
from napari_unet.widgets.labels_names import (
    apart_name,
    by_model,
    corrected_name,
    old_name,
    stale_name,
)
from napari_unet.widgets.layer_tags import (
    KEY,
    REFERENCE,
    SEGMENTATION,
    SPARE,
    Whose,
    facts,
    is_spare,
    tag_of,
)
from napari_unet.widgets.placing import geometry, same_place
from napari_unet.widgets.replaced import Replaced
from napari_unet.widgets.whole_labels import whole_labels
from napari_unet.widgets.written import Written


class Segmentations:
    """Writes labels, and knows which of them a person changed since."""

    wrote = Signal()  # labels of a whole answer, or a person's own
    correction_replaced = Signal(str)  # an image's id: a person wanted a network's labels instead

    def __init__(self, hand: Hand) -> None:
        self.hand = hand
        self.written, self.replaced, self.by_hand = Written(hand), Replaced(hand), ByHand()

    # --- what is there ------------------------------------------------------------------------

    def find(self, image: str, model: str) -> Any:
        """Return the layer of an image by a model, None if there is none."""
        wanted = {"role": SEGMENTATION, "image": image, "model": model}
        return next((x for x in self.hand.layers if wanted.items() <= tag_of(x).items()), None)

    def data(self, image: str, model: str) -> Any:
        """Return the labels of an image by a model as they are now, None if there are none."""
        layer = self.find(image, model)
        return None if layer is None else layer.data

    def made(self, image: str, model: str) -> Made | None:
        """Return how the labels of an image by a model were made, None if there are none."""
        made = tag_of(self.find(image, model)).get("made")
        return made if isinstance(made, Made) else None

    def painted(self, image: str, model: str, portion: Portion | None = None) -> bool:
        """Return whether a person changed a segmentation (in that part of it) since we wrote it."""
        return self.painting(image, model, portion)()

    def painting(
        self, image: str, model: str, portion: Portion | None = None
    ) -> Callable[[], bool]:
        """Return what finds out whether `painted`, in any thread: it compares all pixels."""
        layer = self.find(image, model)
        if layer is not None and self.by_hand.has(layer):
            return lambda: True
        part: Any = ... if portion is None else portion.on_canvas(portion.kept)
        return lambda: self.written.differs(layer, part)

    def base(self, layer: Any) -> NDArray[Any] | None:
        """Return what a person began to paint on, None if that is not known."""
        kept = self.by_hand.labels(layer)
        return self.written.of(layer) if kept is None else kept

    # --- writing ------------------------------------------------------------------------------

    def write_corrected(self, whose: Whose, labels: NDArray[Any]) -> Any:
        """Show a person's labels of a whole image, which `painted` says that they are."""
        on = self.hand.image(whose.image)
        if self.hand.viewer is None or on is None or labels.shape != facts(on).shape:
            return None
        layer = self._put(self.find(whose.image, whose.model), on, whose, labels.copy())
        self.wrote.emit()
        self.written.forget(layer)
        self.by_hand.keep(layer, labels)
        layer.name = corrected_name(by_model(on.name, whose.name))
        if not layer.visible:
            layer.visible = True
        return layer

    def remove_corrected(self, image: str) -> None:
        """Take a correction off the screen: it is kept on the disk."""
        for layer in list(self.hand.layers):
            if tag_of(layer).get("image") == image and self.by_hand.has(layer):
                self.by_hand.forget(layer)
                self.hand.remove(layer)

    def write(
        self,
        whose: Whose,
        labels: Any,
        portion: Portion | None = None,
        made: Made | None = None,
    ) -> None:
        """Show labels on their image, as the one Labels layer of this image and model.

        ``labels`` are those of what the portion keeps; what lies beside it stays as it is. They may
        be a dask array, which is then shown piece by piece and cannot be painted on.
        """
        on = self.hand.image(whose.image)
        if self.hand.viewer is None or on is None:
            return
        portion = portion or all_of(facts(on).shape)
        layer = self.find(whose.image, whose.model)
        if layer is not None and _takes(layer, labels, portion) and same_place(layer, on):
            index, mask = portion.on_canvas(portion.kept), portion.masked(portion.kept)
            self.written.paste(layer, index, portion.spread(labels), mask)
            forget_strokes(layer)
        else:
            before = None if layer is None else layer.data
            layer = self._put(layer, on, whose, whole_labels(labels, portion, before))
            self.written.note(layer)
        self.wrote.emit()
        layer.metadata[KEY]["made"] = made
        if self.by_hand.has(layer):
            self.by_hand.forget(layer)
            self.correction_replaced.emit(whose.image)
        name = by_model(on.name, whose.name)
        _rename(layer, name)
        if not layer.visible:  # setting it, even to the same, would end painting
            layer.visible = True

    def begin(self, whose: Whose, empty: NDArray[Any], made: Made) -> Any:
        """Make a layer in which an answer will be shown; see `pieces`."""
        layer = self._put(None, self.hand.image(whose.image), whose, empty)
        layer.metadata[KEY]["made"] = made
        self.written.note(layer)
        return layer

    def set_apart(self, image: str, model: str) -> None:
        """Keep a painted segmentation as a layer of its own, never to be written to again."""
        layer = self.find(image, model)
        if layer is not None:
            layer.name = apart_name(layer.name)
            del layer.metadata[KEY]

    # --- freshness ----------------------------------------------------------------------------

    def mark_old(self, model: str) -> None:
        """Say in the name of a model's segmentations that the model is another one by now."""
        for layer in self.hand.layers:
            if tag_of(layer).get("model") == model:
                _rename(layer, old_name(layer.name))

    def mark_stale(self, image: str, model: str, stale: bool) -> None:
        """Say in the name of a segmentation that it would be another one if it were made now."""
        layer = self.find(image, model)
        if layer is not None and not self.by_hand.has(layer):  # that is as a person wants it
            _rename(layer, stale_name(layer.name, stale))

    def image_changed(self, before: str, now: str) -> None:
        """Let the segmentations of an image that holds other pixels now say so."""
        for layer in self.hand.layers:
            tag = tag_of(layer)
            if tag.get("role") == SEGMENTATION and tag["image"] == before:
                layer.metadata[KEY].update(image=now, made=None)
                self.mark_stale(now, tag["model"], True)

    def release(self, left: str, image: Any) -> None:
        """Take the segmentations of the case that was left out of the new one's way.

        What a person painted stays as a layer of its own; the rest is made again at once from the
        kept probabilities when the case returns.
        """
        for layer in list(self.hand.layers):
            tag = tag_of(layer)
            if tag.get("role") != SEGMENTATION or tag.get("image") != left:
                continue
            layer.visible = False
            painted = self.painted(tag["image"], tag["model"]) and not self.by_hand.safe(layer)
            self.by_hand.forget(layer)
            if painted:
                self.set_apart(tag["image"], tag["model"])
            elif image is None or layer.ndim != image.ndim:
                self.hand.remove(layer)
            else:
                empty = np.zeros(facts(image).shape, np.uint8)
                self.hand.put(layer, Labels, empty, "no segmentation", {"role": SPARE}, {})

    # --- inside -------------------------------------------------------------------------------

    def _put(self, layer: Any, on: Any, whose: Whose, canvas: Any) -> Any:
        """Show labels in a layer that is there or, if none can be used, in a new one."""
        viewer = self.hand.viewer
        tag = {"role": SEGMENTATION, "image": whose.image, "model": whose.model}
        keep = viewer.layers.selection.active
        if layer is None:
            layer = next((x for x in self.hand.layers if is_spare(x, canvas.ndim)), None)
        new = layer is None
        look = {"colormap": FILL, "opacity": 0.5} if new else {}
        place = geometry(on, canvas.ndim) | look
        name = by_model(on.name, whose.name)
        with self.hand.in_background():
            layer = self.hand.put(layer, Labels, canvas, name, tag, place)
        # Strokes on a lazy array would each be kept as one more step of its computation.
        layer.editable = isinstance(canvas, np.ndarray)
        if new and (reference := self.hand.find(REFERENCE)) is not None:
            # Below the reference, whose outline is then seen on it.
            viewer.layers.move(viewer.layers.index(layer), viewer.layers.index(reference))
        if keep is not None and keep in viewer.layers:
            viewer.layers.selection.active = keep
        return layer


def _takes(layer: Any, labels: Any, portion: Portion) -> bool:
    """Say whether labels can be written into a layer's array as they are."""
    return isinstance(labels, np.ndarray) and takes(layer, portion.canvas, labels.dtype)


def _rename(layer: Any, name: str) -> None:
    """Give a layer another name; the same one again would be told to everybody."""
    if layer.name != name:
        layer.name = name
