"""The hand that adds, changes and removes a viewer's layers, and knows its own doing.

Whoever deals with layers does it through this: see the list in docs/design.md.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer

from napari_unet.widgets.layer_tags import facts, mark, tag_of


class Hand:
    """Changes a viewer's layers, and tells its own changes from a person's."""

    def __init__(self, viewer: Any) -> None:
        # Kept weakly: whoever holds this object must not keep a closed viewer alive.
        self._viewer = weakref.ref(viewer)
        self.busy = False

    @property
    def viewer(self) -> Any:
        """The viewer, None when it is gone."""
        return self._viewer()

    @property
    def layers(self) -> Any:
        """The viewer's layers."""
        viewer = self.viewer
        return viewer.layers if viewer is not None else []

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Mark what happens meanwhile as our own doing."""
        before, self.busy = self.busy, True
        try:
            yield
        finally:
            self.busy = before

    @contextmanager
    def keeping_selection(self) -> Iterator[None]:
        """Leave selection and active layer, and so the brush, as they are."""
        layers = self.layers
        active, selected = layers.selection.active, set(layers.selection)
        yield
        layers.selection = {x for x in selected if x in layers}
        if active is not None and active in layers:
            layers.selection.active = active

    @contextmanager
    def in_background(self) -> Iterator[None]:
        """Let the active layer stay what it is while a layer is added, if there is one.

        Otherwise napari would change its controls twice, which takes a quarter of the time of
        adding. The attribute is napari's own affair: without it, a new layer becomes the active
        one, as ever.
        """
        layers = self.layers
        before = getattr(layers, "_activate_on_insert", True)
        layers._activate_on_insert = before and layers.selection.active is None
        try:
            yield
        finally:
            layers._activate_on_insert = before

    def find(self, role: str) -> Any:
        """Return the first layer with a role, None if there is none."""
        return next((x for x in self.layers if tag_of(x).get("role") == role), None)

    def image(self, id: str) -> Any:
        """Return the image layer with an id, None if there is none."""
        images = (x for x in self.layers if isinstance(x, Image))
        return next((x for x in images if facts(x).id == id), None)

    def remove(self, layer: Any) -> None:
        """Take a layer away, if it is there."""
        if layer is not None and layer in self.layers:
            with self.at_work():
                self.layers.remove(layer)

    def put(
        self,
        layer: Any,
        kind: type[Layer],
        data: Any,
        name: str,
        tag: dict[str, Any],
        place: dict[str, Any],
        **options: Any,
    ) -> Any:
        """Give a layer new data, or make one where none of the same kind is there to reuse.

        ``options`` (``rgb``, ``multiscale``) are those that a layer keeps for ever.
        """
        if layer is None or not _fits(layer, data, options):
            viewer = self.viewer
            add = viewer.add_image if kind is Image else viewer.add_labels
            new = add(data, name=name, **place, **options)
            # Only then: napari draws while it adds an axis, and what was just removed crashes it.
            self.remove(layer)
            new.name = name
            mark(new, tag)
            return new
        with self.at_work():
            mark(layer, tag)
            # Before the data: what is drawn then is in its place at once.
            for attribute, value in place.items():
                if not _is(getattr(layer, attribute), value):
                    setattr(layer, attribute, value)
            layer.data = data
        layer.name = name
        if isinstance(layer, Labels):
            forget_strokes(layer)
        return layer


def takes(layer: Any, shape: Sequence[int], dtype: Any) -> bool:
    """Say whether labels of this shape and type can be written into a layer's array as it is."""
    data = layer.data
    same = isinstance(data, np.ndarray) and (data.shape, data.dtype) == (tuple(shape), dtype)
    return same and bool(data.flags.writeable)


def forget_strokes(layer: Any) -> None:
    """Empty the undo history: its strokes belong to the array that was replaced.

    Not being editable does that, and is the only public way.
    """
    mode = layer.mode
    layer.editable = False
    layer.editable = True
    layer.mode = mode


def _fits(layer: Any, data: Any, options: dict[str, Any]) -> bool:
    """Say whether a layer can take these data instead of its own."""
    rgb, multiscale = options.get("rgb", False), options.get("multiscale", False)
    ndim = (data[0] if multiscale else data).ndim - rgb
    same = (getattr(layer, "rgb", False), bool(layer.multiscale)) == (rgb, multiscale)
    return bool(same and layer.ndim == ndim)


def _is(have: Any, wanted: Any) -> bool:
    """Say whether an attribute has a value already: setting it anew takes time."""
    if have is wanted:
        return True
    if isinstance(wanted, tuple):
        return tuple(have) == wanted
    have = getattr(have, "affine_matrix", have)
    try:
        return bool(np.array_equal(have, wanted))
    except (TypeError, ValueError):
        return False
