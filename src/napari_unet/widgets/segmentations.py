"""The Labels layers of segmentations: one for an image and a model, and never over a person's work.

With ``layers``, ``portions``, ``maps``, ``case_layers`` and ``layer_tags`` all that touches layers.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray
from psygnal import Signal

from napari_unet.session import Made
from napari_unet.session.portion import Portion, Side, all_of
from napari_unet.widgets.by_hand import ByHand, corrected_name
from napari_unet.widgets.case_layers import FILL
from napari_unet.widgets.layer_tags import (
    KEY,
    REFERENCE,
    SEGMENTATION,
    SPARE,
    Hand,
    facts,
    forget_strokes,
    geometry,
    is_spare,
    same_place,
    tag_of,
)

OLD = " (by an earlier version)"
STALE = " · stale"


@dataclass(frozen=True)
class Whose:
    """Which labels are meant: those of an image (its id) by a model (its file's path)."""

    image: str
    model: str
    name: str = ""  # the model's, for people


@dataclass(frozen=True, eq=False)
class _Preview:
    """A layer that shows pieces of an answer, and what it held before; None if it is new."""

    layer: Any
    before: NDArray[Any] | None


class Segmentations:
    """Writes labels, and knows which of them a person changed since."""

    correction_replaced = Signal(str)  # an image's id: a person wanted a network's labels instead

    def __init__(self, hand: Hand) -> None:
        self.hand = hand
        # What we last wrote into a layer, to tell whether a person changed it since. Comparing
        # is the only way that sees undo, scripts and writing into the array alike.
        self._written: weakref.WeakKeyDictionary[Any, NDArray[Any]] = weakref.WeakKeyDictionary()
        # What a person painted and then let us replace: Ctrl+Z cannot bring that back.
        self._replaced: weakref.WeakKeyDictionary[Any, NDArray[Any]] = weakref.WeakKeyDictionary()
        self._preview: _Preview | None = None
        self.by_hand = ByHand()

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
        layer = self.find(image, model)
        if layer is not None and self.by_hand.has(layer):
            return True
        written = None if layer is None else self._written.get(layer)
        if written is None or not isinstance(layer.data, np.ndarray):
            return False
        if written.shape != layer.data.shape:
            return True
        part = ... if portion is None else portion.on_canvas(portion.kept)
        return not np.array_equal(written[part], layer.data[part])

    def base(self, layer: Any) -> NDArray[Any] | None:
        """Return what a person began to paint on, None if that is not known."""
        kept = self.by_hand.labels(layer)
        return self._written.get(layer) if kept is None else kept

    # --- writing ------------------------------------------------------------------------------

    def write_corrected(self, whose: Whose, labels: NDArray[Any]) -> Any:
        """Show a person's labels of a whole image, which `painted` says that they are."""
        on = self.hand.image(whose.image)
        if self.hand.viewer is None or on is None or labels.shape != facts(on).shape:
            return None
        layer = self._put(self.find(whose.image, whose.model), on, whose, labels.copy())
        self._preview = None
        self._written.pop(layer, None)
        self.by_hand.keep(layer, labels)
        layer.name = corrected_name(f"{on.name} · {whose.name}")
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
            self._paste(layer, portion, portion.kept, labels)
            forget_strokes(layer)
        else:
            layer = self._put(layer, on, whose, _canvas(layer, labels, portion))
            self._written.pop(layer, None)
            if isinstance(layer.data, np.ndarray):
                self._written[layer] = layer.data.copy()
        self._preview = None
        layer.metadata[KEY]["made"] = made
        if self.by_hand.has(layer):
            self.by_hand.forget(layer)
            self.correction_replaced.emit(whose.image)
        name = f"{on.name} · {whose.name}"
        if layer.name != name:
            layer.name = name
        if not layer.visible:  # setting it, even to the same, would end painting
            layer.visible = True

    def keep_painted(self, image: str, model: str) -> None:
        """Remember what a person painted before it is replaced; see `undo`."""
        layer = self.find(image, model)
        if layer is not None:
            self._replaced[layer] = np.array(layer.data)

    def can_undo(self, image: str, model: str) -> bool:
        """Return whether painted labels were replaced that can be brought back."""
        return self.find(image, model) in self._replaced

    def undo(self, image: str, model: str) -> None:
        """Bring the painted labels back that were replaced."""
        layer = self.find(image, model)
        if layer is None or (painted := self._replaced.pop(layer, None)) is None:
            return
        with self.hand.at_work():
            layer.data = painted
        forget_strokes(layer)

    def forget_replaced(self, image: str, model: str) -> None:
        """Give up what `undo` would bring back."""
        self._replaced.pop(self.find(image, model), None)

    def set_apart(self, image: str, model: str) -> None:
        """Keep a painted segmentation as a layer of its own, never to be written to again."""
        layer = self.find(image, model)
        if layer is not None:
            layer.name = f"{layer.name.removesuffix(STALE)} (corrected)"
            del layer.metadata[KEY]

    # --- pieces of an answer ------------------------------------------------------------------

    def prepare(self, whose: Whose, portion: Portion, made: Made) -> bool:
        """Have a layer ready in which pieces of an answer, or all of it, can be shown.

        Making one takes longer than writing into it, and the engine is computing meanwhile.
        Returns whether pieces can be shown: not on labels that somebody painted on. `take_back`
        undoes it.
        """
        on, layer = self.hand.image(whose.image), self.find(whose.image, whose.model)
        if self._preview is not None and self._preview.layer is layer:
            return not self.painted(whose.image, whose.model)
        if on is None or self.painted(whose.image, whose.model):
            return False
        empty = np.zeros(portion.canvas, np.uint8)
        if layer is not None and not (_takes(layer, empty, portion) and same_place(layer, on)):
            return False
        before = None if layer is None else layer.data.copy()
        if layer is None:
            layer = self._put(None, on, whose, empty)
            layer.metadata[KEY]["made"] = made
            self._written[layer] = layer.data.copy()
        self._preview = _Preview(layer, before)
        return True

    def show_piece(
        self,
        whose: Whose,
        portion: Portion,
        made: Made,
        where: Sequence[Side],
        labels: NDArray[np.uint8],
    ) -> None:
        """Show the labels of a finished piece while the rest computes."""
        if self.prepare(whose, portion, made) and self._preview is not None:
            self._paste(self._preview.layer, portion, where, labels)

    def take_back(self) -> bool:
        """Undo what pieces of an unfinished answer changed; return whether labels are as before."""
        preview, self._preview = self._preview, None
        if preview is None or preview.layer not in self.hand.layers:
            return preview is not None
        layer, tag = preview.layer, tag_of(preview.layer)
        if self.painted(tag.get("image", ""), tag.get("model", "")):
            return False  # on the pieces: that is a person's work
        if preview.before is None:
            self.hand.remove(layer)
            return True
        with self.hand.at_work():
            np.copyto(layer.data, preview.before)
            layer.refresh(extent=False)
        self._written[layer] = preview.before
        return True

    # --- freshness ----------------------------------------------------------------------------

    def mark_old(self, model: str) -> None:
        """Say in the name of a model's segmentations that the model is another one by now."""
        for layer in self.hand.layers:
            if tag_of(layer).get("model") == model and OLD not in layer.name:
                layer.name = f"{layer.name.removesuffix(STALE)}{OLD}"

    def mark_stale(self, image: str, model: str, stale: bool) -> None:
        """Say in the name of a segmentation that it would be another one if it were made now."""
        layer = self.find(image, model)
        if layer is None or OLD in layer.name or layer.name.endswith(STALE) == stale:
            return
        if self.by_hand.has(layer):  # it is as a person wants it
            return
        layer.name = f"{layer.name}{STALE}" if stale else layer.name.removesuffix(STALE)

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

    def _paste(self, layer: Any, portion: Portion, where: Sequence[Side], labels: Any) -> None:
        """Write labels into a layer's array: half the time of assigning ``data``."""
        index, found = portion.on_canvas(where), portion.masked(where)
        mask: Any = True if found is None else found
        written = self._written.get(layer)
        if written is None or written.shape != layer.data.shape:
            self._written[layer] = written = layer.data.copy()
        with self.hand.at_work():
            for array in (layer.data, written):
                np.copyto(array[index], portion.spread(labels), where=mask)
            layer.refresh(extent=False)

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
        name = f"{on.name} · {whose.name}"
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
    data = layer.data
    if not isinstance(data, np.ndarray) or not isinstance(labels, np.ndarray):
        return False
    same = (data.shape, data.dtype) == (portion.canvas, labels.dtype)
    return same and bool(data.flags.writeable)


def _canvas(layer: Any, labels: Any, portion: Portion) -> Any:
    """Return labels of the whole image: the new ones, and around them those that were there."""
    numpy = isinstance(labels, np.ndarray)
    if portion.whole and not portion.repeated:
        return labels.copy() if numpy else labels
    old = None if layer is None or layer.data.shape != portion.canvas else layer.data
    index, mask = portion.on_canvas(portion.kept), portion.masked(portion.kept)
    if numpy:
        canvas = np.zeros(portion.canvas, labels.dtype) if old is None else np.array(old)
        kind = np.result_type(canvas.dtype, labels.dtype)
        canvas = canvas.astype(kind, copy=False)
        np.copyto(canvas[index], portion.spread(labels), where=True if mask is None else mask)
        return canvas
    import dask.array as da

    lazily: Any = da
    canvas = da.zeros(portion.canvas, dtype=labels.dtype) if old is None else lazily.asarray(old)
    spread = portion.spread(labels)
    canvas[index] = spread if mask is None else da.where(mask, spread, canvas[index])
    return canvas
