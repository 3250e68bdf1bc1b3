"""The layers of the open case: its image and its reference, reused from case to case and locked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pint
from napari.layers import Image, Labels
from napari.utils.colormaps import CyclicLabelColormap
from numpy.typing import NDArray
from psygnal import Signal

from napari_unet.data.scan import Scan
from napari_unet.session import ImageFacts
from napari_unet.widgets.hand import Hand, forget_strokes
from napari_unet.widgets.layer_tags import CASE_IMAGE, REFERENCE, facts

# Okabe and Ito's colours, which colour-blind people can tell apart. The outline of a lone class
# has a colour that none of the first classes' areas has.
COLOURS = ("#e69f00", "#009e73", "#cc79a7", "#d55e00", "#0072b2", "#f0e442", "#56b4e9")
FILL = CyclicLabelColormap(colors=["#00000000", *COLOURS])
OUTLINE = CyclicLabelColormap(colors=["#00000000", "#56b4e9"])


@dataclass(frozen=True)
class Shown:
    """A case ready to be shown.

    Attributes
    ----------
    key, name : str
        What identifies it for ever, and what it is called.
    scan : Scan
        Its image.
    reference : array or None
        Class indices of the shape ``scan.spatial``, numpy or dask.
    binary : bool
        Whether the reference has one class.
    start : tuple of int
        The slice to begin with: an index for each axis before rows and columns.
    axis_labels : tuple of str
        What the sliders are called, if not by the letters of ``scan.axes``.
    colours : tuple of str
        Those of the classes, as ``#rrggbb``, where the masks give them.
    corrected : str
        What the reference's name says of its correction; empty if it has none.
    """

    key: str
    name: str
    scan: Scan
    reference: Any = None
    binary: bool = True
    start: tuple[int, ...] = ()
    axis_labels: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    corrected: str = ""

    @property
    def reference_name(self) -> str:
        """What the reference layer is called."""
        return f"{self.name} · reference{self.corrected}"


class CaseLayers:
    """Shows cases, one after the other, in the same layers.

    ``before`` is the reference as it was before a person painted on it, None if nobody did.
    """

    editing = Signal(bool)  # the reference is about to be painted on, or not any more

    def __init__(self, hand: Hand) -> None:
        self.hand = hand
        self.before: NDArray[Any] | None = None

    def show(self, case: Shown) -> tuple[ImageFacts | None, Any]:
        """Show a case; return what stood there before, and the image layer."""
        viewer = self.hand.viewer
        scan, channels = case.scan, _channel_axis(case.scan)
        place = placement(scan)
        if case.axis_labels:
            place["axis_labels"] = case.axis_labels
        old = self.hand.find(CASE_IMAGE)
        before = None if old is None else facts(old)
        data, multiscale = _data(scan, channels)
        layer = self.hand.put(
            old,
            Image,
            data,
            case.name,
            {"role": CASE_IMAGE, "case": case.key},
            _with_channels(place) if channels else place,
            rgb=scan.channels and not channels,
            multiscale=multiscale,
        )
        if old is layer:
            layer.reset_contrast_limits()
        _lock(layer)
        self._show_reference(case, place)
        self._put_reference_above(layer)
        viewer.layers.selection.active = layer
        now = facts(layer)
        if before is None or (before.shape, before.channels) != (now.shape, now.channels):
            viewer.reset_view()
        self.go_to(case.start)
        return before, layer

    @property
    def edits_reference(self) -> bool:
        """Whether a person may paint on the reference."""
        layer = self.hand.find(REFERENCE)
        return layer is not None and bool(layer.editable)

    def edit_reference(self, on: bool) -> bool:
        """Let a person paint on the reference, or no more; return whether that is so now.

        What is painted on is a copy: the case may be shown again as it was read.
        """
        layer = self.hand.find(REFERENCE)
        if layer is None or not isinstance(layer.data, np.ndarray):
            return False
        self.editing.emit(on)
        if on and not layer.editable:
            self.before = layer.data
            with self.hand.at_work():
                layer.data = layer.data.copy()
        if layer.editable != on:
            layer.editable = on
        return on

    def write_reference(self, labels: NDArray[Any], name: str) -> Any:
        """Show other labels in the reference layer of the open case; None if that has no such."""
        layer = self.hand.find(REFERENCE)
        if layer is None or layer.data.shape != labels.shape:
            return None
        editable = layer.editable
        self.before = labels
        with self.hand.at_work():
            layer.data = labels.copy()
        forget_strokes(layer)
        layer.editable = editable
        layer.name = name
        return layer

    def close(self) -> ImageFacts | None:
        """Take the open case's layers away; return what the image was."""
        image = self.hand.find(CASE_IMAGE)
        before = facts(image) if image is not None else None
        for layer in (image, self.hand.find(REFERENCE)):
            self.hand.remove(layer)
        return before

    def go_to(self, start: Sequence[int]) -> None:
        """Look at a slice of the open case: an index for each axis before rows and columns."""
        viewer, layer = self.hand.viewer, self.hand.find(CASE_IMAGE)
        if viewer is None or layer is None or not start:
            return
        index = np.zeros(layer.ndim)
        first = layer.ndim - 2 - len(start)
        index[first : first + len(start)] = start
        world = layer.data_to_world(index)
        offset = viewer.dims.ndim - layer.ndim
        for axis in range(first, layer.ndim - 2):
            viewer.dims.set_point(axis + offset, world[axis])

    def index(self) -> tuple[int, ...]:
        """Return which slice of the open case is looked at, as in `go_to`."""
        viewer, layer = self.hand.viewer, self.hand.find(CASE_IMAGE)
        if viewer is None or layer is None:
            return ()
        point = np.asarray(viewer.dims.point)[-layer.ndim :]
        index = np.rint(layer.world_to_data(point)[: layer.ndim - 2]).astype(int)
        return tuple(np.clip(index, 0, np.array(facts(layer).shape[: layer.ndim - 2]) - 1).tolist())

    def _put_reference_above(self, image: Any) -> None:
        """Let the outline be seen, also when the image's layer had to be made anew."""
        layers, reference = self.hand.layers, self.hand.find(REFERENCE)
        if reference is not None and layers.index(reference) < layers.index(image):
            layers.move(layers.index(image), layers.index(reference))

    def _show_reference(self, case: Shown, place: dict[str, Any]) -> None:
        layer = self.hand.find(REFERENCE)
        mask = case.reference
        self.before = None
        if mask is None:
            self.hand.remove(layer)
            return
        tag = {"role": REFERENCE, "case": case.key, "image": case.key}
        look = {"colormap": _colormap(case)}
        layer = self.hand.put(layer, Labels, mask, case.reference_name, tag, {**place, **look})
        # An outline lets the image and a segmentation be seen below it. It cannot be painted on,
        # since the next case takes its place.
        contour = max(1, round(max(mask.shape[-2:]) / 250))
        for attribute, value in (("contour", contour), ("opacity", 1.0), ("editable", False)):
            if getattr(layer, attribute) != value:
                setattr(layer, attribute, value)
        _lock(layer)


def _colormap(case: Shown) -> CyclicLabelColormap:
    if case.binary:
        return OUTLINE
    return CyclicLabelColormap(colors=["#00000000", *case.colours]) if case.colours else FILL


def placement(scan: Scan) -> dict[str, Any]:
    """Return what places a layer without channels where the scan lies in the world."""
    ndim = len(scan.spatial)
    spacing = scan.spacing or (1.0,) * ndim
    units = scan.units if len(scan.units) == ndim else ("pixel",) * ndim
    return {
        "scale": tuple(spacing),
        "affine": np.eye(ndim + 1) if scan.affine is None else np.asarray(scan.affine),
        "units": tuple(map(_unit, units)),
        "axis_labels": tuple(scan.axes.removesuffix("c")),
    }


def first_slice(reference: NDArray[Any] | None, shape: Sequence[int]) -> tuple[int, ...]:
    """Return the slice with the most foreground, the middle one where there is none.

    ``shape`` is that of the image without channels; the result has an index for each of its axes
    before rows and columns.
    """
    leading = tuple(int(n) for n in shape[:-2])
    if not leading:
        return ()
    if reference is not None:
        counts = np.count_nonzero(reference, axis=(-2, -1))
        if counts.any():
            return tuple(int(i) for i in np.unravel_index(int(np.argmax(counts)), leading))
    return tuple(n // 2 for n in leading)


def _channel_axis(scan: Scan) -> bool:
    """Say whether channels that are no colours are to be gone through with a slider."""
    return scan.channels and not (scan.colour and scan.array.shape[-1] in (3, 4))


def _data(scan: Scan, channels: bool) -> tuple[Any, bool]:
    """Return what napari shows of a scan, and whether that is a list of resolutions."""

    def turned(array: Any) -> Any:
        return array.transpose(array.ndim - 1, *range(array.ndim - 1)) if channels else array

    if len(scan.levels) > 1:
        return [turned(level) for level in scan.levels], True
    return turned(scan.array), False


def _with_channels(place: dict[str, Any]) -> dict[str, Any]:
    """Return a placement with one more axis in front, for the channels."""
    affine = np.eye(len(place["affine"]) + 1)
    affine[1:, 1:] = place["affine"]
    return {
        "scale": (1.0, *place["scale"]),
        "affine": affine,
        "units": (_unit("pixel"), *place["units"]),
        "axis_labels": ("c", *place["axis_labels"]),
    }


def _lock(layer: Any) -> None:
    """Keep a layer from being deleted by hand, with the lock that napari shows in its list."""
    if not layer.locked:
        layer.locked = True


def _unit(name: str) -> Any:
    """Return a unit as napari keeps it, to be compared with."""
    return pint.get_application_registry().Unit(name)  # type: ignore[no-untyped-call]
