"""The only file that adds, reads or changes a viewer's layers."""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer
from napari.utils.colormaps import CyclicLabelColormap
from numpy.typing import NDArray
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_unet.session import ImageFacts

KEY = "napari_unet"  # in a layer's metadata: what we put there
CASE_IMAGE, REFERENCE, SEGMENTATION = "case image", "reference", "segmentation"
SPARE = "spare"  # an empty, hidden segmentation: making a layer costs far more than reusing one
# Okabe and Ito's colours, which colour-blind people can tell apart. The outline of a lone class
# has a colour that none of the first classes' areas has.
_COLOURS = ("#e69f00", "#009e73", "#cc79a7", "#d55e00", "#0072b2", "#f0e442", "#56b4e9")
FILL = CyclicLabelColormap(colors=["#00000000", *_COLOURS])
OUTLINE = CyclicLabelColormap(colors=["#00000000", "#56b4e9"])
PAUSE = 60  # milliseconds after the last stroke
OLD = " (by an earlier version)"


@dataclass(frozen=True)
class Ticket:
    """An image as it was when a job started, to see whether the result still belongs to it."""

    facts: ImageFacts
    layer: Any
    data: Any


@dataclass(frozen=True)
class PixelSize:
    """Area (2D) or volume of one pixel, and its unit, such as ``mm²``; pixels if uncalibrated."""

    value: float = 1.0
    unit: str = "px"


class Layers:
    """One viewer's layers, as far as this plugin deals with them."""

    changed = Signal()  # the list, a name or the selection
    image_edited = Signal(str)  # the id of an image that holds other pixels now
    labels_touched = Signal()  # somebody painted, undid, or looks at another slice

    def __init__(self, viewer: Any) -> None:
        # Kept weakly: whoever holds this object must not keep a closed viewer alive.
        self._viewer = weakref.ref(viewer)
        self._ours = False
        # What we last wrote into a layer, to tell whether a person changed it since. Comparing
        # is the only way that sees undo, scripts and writing into the array alike.
        self._written: weakref.WeakKeyDictionary[Any, NDArray[Any]] = weakref.WeakKeyDictionary()
        self._pause = QTimer()
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE)
        self._pause.timeout.connect(self.labels_touched.emit)
        events = viewer.layers.events
        for signal in (events.inserted, events.removed, events.reordered, events.renamed):
            signal.connect(self._emit_changed)
        events.inserted.connect(self._watch)
        viewer.layers.selection.events.active.connect(self._emit_changed)
        for layer in viewer.layers:
            self._watch_layer(layer)

    @property
    def _list(self) -> Any:
        viewer = self._viewer()
        return viewer.layers if viewer is not None else []

    # --- what is there ------------------------------------------------------------------------

    def images(self) -> list[ImageFacts]:
        """Return the open images, the topmost last."""
        return [facts(layer) for layer in self._list if isinstance(layer, Image)]

    def active_image(self) -> ImageFacts | None:
        """Return the image meant by the selection: itself, or the one its labels belong to."""
        viewer = self._viewer()
        if viewer is None:
            return None
        active = viewer.layers.selection.active
        if isinstance(active, Image):
            return facts(active)
        images = self.images()
        of = _tag(active).get("image") if active is not None else None
        return next((i for i in images if i.id == of), images[-1] if images else None)

    def activate(self, image: str) -> None:
        """Make the image with this id the active layer."""
        viewer, layer = self._viewer(), self._image(image)
        if viewer is not None and layer is not None:
            viewer.layers.selection.active = layer

    def label_names(self) -> list[str]:
        """Return the names of the Labels layers."""
        return [layer.name for layer in self._list if isinstance(layer, Labels)]

    def reference_name(self) -> str:
        """Return the name of the open case's reference layer, empty if there is none."""
        layer = self._find(REFERENCE)
        return layer.name if layer is not None else ""

    def segmentation_name(self) -> str:
        """Return the name of the topmost segmentation, empty if there is none."""
        ours = [x for x in self._list if _tag(x).get("role") == SEGMENTATION and x.visible]
        return ours[-1].name if ours else ""

    def labels_data(self, name: str) -> NDArray[Any]:
        """Return the array of the Labels layer called ``name``."""
        return np.asarray(self._list[name].data)

    # --- jobs on an image ---------------------------------------------------------------------

    def ticket(self, image: str) -> Ticket | None:
        """Return a ticket for the image with this id, None if it is gone."""
        layer = self._image(image)
        return Ticket(facts(layer), layer, _pixels(layer)) if layer is not None else None

    def problem(self, ticket: Ticket) -> str:
        """Say why a result for this ticket must be dropped; empty if it still belongs."""
        name = ticket.facts.name
        if ticket.layer not in self._list:
            return f"{name} was closed while it was being segmented; the result was dropped."
        if _pixels(ticket.layer) is not ticket.data or facts(ticket.layer).id != ticket.facts.id:
            return f"{name} was changed while it was being segmented; the result was dropped."
        return ""

    def pixel_size(self, image: str) -> PixelSize:
        """Return what one pixel (2D) or voxel (3D) of an image measures."""
        layer = self._image(image)
        if layer is None:
            return PixelSize()
        return _pixel_size(layer)

    # --- cases --------------------------------------------------------------------------------

    def show_case(
        self,
        key: str,
        name: str,
        image: NDArray[Any],
        channels: bool,
        reference: NDArray[Any] | None,
        spacing: Sequence[float] | None = None,
        units: Sequence[str] | None = None,
    ) -> None:
        """Show a case: its image layer and its reference layer, both reused if there are any.

        ``image`` is ``(..., H, W)``, or ``(..., H, W, C)`` with ``channels``; ``key`` identifies
        the case for ever, unlike the layer.
        """
        viewer = self._viewer()
        if viewer is None:
            return
        ndim = image.ndim - channels
        place: dict[str, Any] = {"scale": tuple(spacing or (1.0,) * ndim)}
        if units:
            place["units"] = tuple(units)
        old = self._find(CASE_IMAGE)
        before = None if old is None else facts(old)
        tag = {"role": CASE_IMAGE, "case": key}
        layer = self._put(old, Image, image, name, tag, place, rgb=channels)
        self._show_reference(key, name, reference, place)
        if before is not None and before.id != key:
            self._release(before.id, layer)
        viewer.layers.selection.active = layer
        if before is None or before.shape != facts(layer).shape:
            viewer.reset_view()
        self.changed.emit()

    def open_case(self) -> str:
        """Return the key of the case that is shown, empty if its image layer is gone."""
        layer = self._find(CASE_IMAGE)
        return str(_tag(layer).get("case", "")) if layer is not None else ""

    # --- segmentations ------------------------------------------------------------------------

    def painted(self, image: str, model: str) -> bool:
        """Return whether a person changed the segmentation since we wrote it."""
        layer = self._segmentation(image, model)
        if layer is None:
            return False
        written = self._written.get(layer)
        return written is not None and not np.array_equal(written, layer.data)

    def segmentation_data(self, image: str, model: str) -> NDArray[Any] | None:
        """Return the labels of an image by a model as they are now, None if there are none."""
        layer = self._segmentation(image, model)
        return None if layer is None else np.asarray(layer.data)

    def set_apart(self, image: str, model: str) -> None:
        """Keep a painted segmentation as a layer of its own, never to be written to again."""
        layer = self._segmentation(image, model)
        if layer is not None:
            layer.name = f"{layer.name} (corrected)"
            del layer.metadata[KEY]
            self.changed.emit()

    def mark_old(self, model: str) -> None:
        """Say in the name of a model's segmentations that the model is another one by now."""
        for layer in self._list:
            tag = _tag(layer)
            if tag.get("model") == model and not layer.name.endswith(OLD):
                layer.name = f"{layer.name}{OLD}"

    def write_segmentation(
        self, image: str, model: str, model_name: str, labels: NDArray[np.uint8]
    ) -> None:
        """Show labels on their image, as the one Labels layer of this image and model."""
        viewer, on = self._viewer(), self._image(image)
        if viewer is None or on is None:
            return
        name = f"{on.name} · {model_name}"
        layer = self._segmentation(image, model)
        if layer is not None and _takes(layer, labels) and _same_place(layer, on):
            self._overwrite(layer, name, labels)
            return
        tag = {"role": SEGMENTATION, "image": image, "model": model}
        keep = viewer.layers.selection.active
        if layer is None:
            layer = next((x for x in self._list if _is_spare(x, labels.ndim)), None)
        new = layer is None
        look = {"colormap": FILL, "opacity": 0.5} if new else {}
        layer = self._put(layer, Labels, labels, name, tag, _geometry(on) | look)
        if new and (reference := self._find(REFERENCE)) is not None:
            # Below the reference, whose outline is then seen on it.
            viewer.layers.move(viewer.layers.index(layer), viewer.layers.index(reference))
        layer.visible = True
        self._written[layer] = labels.copy()
        if keep is not None and keep in viewer.layers:
            viewer.layers.selection.active = keep
        self.changed.emit()

    def _overwrite(self, layer: Any, name: str, labels: NDArray[np.uint8]) -> None:
        """Write new labels into a layer's array: half the time of assigning ``data``."""
        self._ours = True
        try:
            np.copyto(layer.data, labels)
            layer.refresh(extent=False)
        finally:
            self._ours = False
        _forget_strokes(layer)
        self._written[layer] = labels
        if layer.name != name:
            layer.name = name
        if not layer.visible:  # setting it, even to the same, would end painting
            layer.visible = True

    # --- inside -------------------------------------------------------------------------------

    def _put(
        self,
        layer: Any,
        kind: type[Layer],
        data: NDArray[Any],
        name: str,
        tag: dict[str, Any],
        place: dict[str, Any],
        **options: Any,
    ) -> Any:
        """Give a layer new data, or make one where none of the same kind is there to reuse."""
        viewer = self._viewer()
        rgb = options.get("rgb", False)
        if layer is not None and (
            layer.ndim != data.ndim - rgb or getattr(layer, "rgb", False) != rgb
        ):
            self._list.remove(layer)
            layer = None
        if layer is None:
            assert viewer is not None
            add = viewer.add_image if kind is Image else viewer.add_labels
            layer = add(data, name=name, **place, **options)
            _mark(layer, tag)
            return layer
        self._ours = True
        try:
            _mark(layer, tag)
            layer.data = data
        finally:
            self._ours = False
        layer.name = name
        for attribute, value in place.items():
            setattr(layer, attribute, value)
        if isinstance(layer, Image):
            layer.reset_contrast_limits()
        else:
            _forget_strokes(layer)
        return layer

    def _show_reference(
        self, key: str, name: str, mask: NDArray[Any] | None, place: dict[str, Any]
    ) -> None:
        layer = self._find(REFERENCE)
        if mask is None:
            if layer is not None:
                self._list.remove(layer)
            return
        tag = {"role": REFERENCE, "case": key, "image": key}
        place = {**place, "colormap": OUTLINE if mask.max(initial=0) <= 1 else FILL}
        layer = self._put(layer, Labels, mask, f"{name} · reference", tag, place)
        # An outline lets the image and a segmentation be seen below it. It cannot be painted on,
        # since the next case takes its place.
        layer.contour = max(1, round(max(mask.shape[-2:]) / 250))
        layer.opacity, layer.editable = 1.0, False

    def _release(self, left: str, image: Any) -> None:
        """Take the segmentations of the case that was left out of the new one's way.

        What a person painted stays as a layer of its own; the rest is made again at once from the
        kept probabilities when the case returns.
        """
        for layer in list(self._list):
            tag = _tag(layer)
            if tag.get("role") != SEGMENTATION or tag.get("image") != left:
                continue
            layer.visible = False
            if self.painted(tag["image"], tag["model"]):
                self.set_apart(tag["image"], tag["model"])
            elif layer.ndim != image.ndim:
                self._list.remove(layer)
            else:
                empty = np.zeros(facts(image).shape, np.uint8)
                self._put(layer, Labels, empty, "no segmentation", {"role": SPARE}, {})

    def _find(self, role: str) -> Any:
        return next((x for x in self._list if _tag(x).get("role") == role), None)

    def _image(self, id: str) -> Any:
        return next(
            (x for x in self._list if isinstance(x, Image) and facts(x).id == id),
            None,
        )

    def _segmentation(self, image: str, model: str) -> Any:
        wanted = {"role": SEGMENTATION, "image": image, "model": model}
        return next((x for x in self._list if wanted.items() <= _tag(x).items()), None)

    def _emit_changed(self, event: Any = None) -> None:
        self.changed.emit()

    def _watch(self, event: Any) -> None:
        self._watch_layer(event.value)

    def _watch_layer(self, layer: Any) -> None:
        if isinstance(layer, Image):
            layer.events.data.connect(self._edited)
        elif isinstance(layer, Labels):
            # Painting tells before the pixels change, undo by set_data only (as does every new
            # slice), and a stroke many times: so wait a moment, whatever comes.
            for signal in (layer.events.paint, layer.events.set_data, layer.events.labels_update):
                signal.connect(self._touched)

    def _touched(self, event: Any = None) -> None:
        if not self._ours:
            self._pause.start()

    def _edited(self, event: Any) -> None:
        """Treat an image whose data somebody else replaced as no longer the case we opened."""
        if self._ours:
            return
        layer = event.source
        id = facts(layer).id
        layer.metadata.pop(KEY, None)
        self.image_edited.emit(id)


def facts(layer: Any) -> ImageFacts:
    """Return what the rest of the program needs to know of an image layer."""
    data = layer.data[0] if layer.multiscale else layer.data
    rgb = bool(layer.rgb)
    shape = tuple(data.shape[:-1] if rgb else data.shape)
    id = _tag(layer).get("case") or str(layer.unique_id)
    return ImageFacts(id, layer.name, shape, int(data.shape[-1]) if rgb else 1)


def _pixels(layer: Any) -> Any:
    """Return the array to segment: the finest level, still lazy if it is."""
    return layer.data[0] if layer.multiscale else layer.data


def _mark(layer: Any, tag: dict[str, str]) -> None:
    """Say what a layer is for; a copy that a person makes of it does not count as ours."""
    layer.metadata[KEY] = {**tag, "layer": str(layer.unique_id)}


def _tag(layer: Any) -> dict[str, Any]:
    tag = layer.metadata.get(KEY) if layer is not None else None
    ours = isinstance(tag, dict) and tag.get("layer") == str(layer.unique_id)
    return tag if isinstance(tag, dict) and ours else {}


def _takes(layer: Any, labels: NDArray[Any]) -> bool:
    """Say whether labels can be written into a layer's array as they are."""
    data = layer.data
    same = isinstance(data, np.ndarray) and (data.shape, data.dtype) == (labels.shape, labels.dtype)
    return same and data.flags.writeable


def _is_spare(layer: Any, ndim: int) -> bool:
    return _tag(layer).get("role") == SPARE and layer.ndim == ndim


def _forget_strokes(layer: Any) -> None:
    """Empty the undo history: its strokes belong to the array that was replaced.

    Not being editable does that, and is the only public way.
    """
    mode = layer.mode
    layer.editable = False
    layer.editable = True
    layer.mode = mode


def _geometry(layer: Any) -> dict[str, Any]:
    """Return what places one layer in the world exactly where another one lies."""
    return {
        "scale": layer.scale,
        "translate": layer.translate,
        "rotate": layer.rotate,
        "shear": layer.shear,
        "affine": layer.affine,
        "units": layer.units,
        "axis_labels": layer.axis_labels,
    }


def _same_place(a: Any, b: Any) -> bool:
    """Say whether two layers lie in the same place already: setting it anew takes time."""
    mine, other = _geometry(a), _geometry(b)
    mine["affine"], other["affine"] = a.affine.affine_matrix, b.affine.affine_matrix
    return all(np.array_equal(mine[key], other[key]) for key in mine)


def _pixel_size(layer: Any) -> PixelSize:
    units = {str(u) for u in layer.units}
    unit = units.pop() if len(units) == 1 else "pixel"
    if unit == "pixel":
        return PixelSize()
    ndim = min(layer.ndim, 3)
    short = {"millimeter": "mm", "micrometer": "µm", "nanometer": "nm", "centimeter": "cm"}
    area = math.prod(abs(float(s)) for s in layer.scale[-ndim:])
    return PixelSize(area, f"{short.get(unit, unit)}{'²' if ndim == 2 else '³'}")
