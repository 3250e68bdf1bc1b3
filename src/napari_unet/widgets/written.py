"""What the program last wrote into Labels layers, to tell what a person changed since."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.widgets.hand import Hand

Index = tuple[slice, ...]


class Written:
    """Keeps a copy of what was written.

    Comparing is the only way that sees undo, scripts and writing into the array alike.
    """

    def __init__(self, hand: Hand) -> None:
        self.hand = hand
        self._arrays: weakref.WeakKeyDictionary[Any, NDArray[Any]] = weakref.WeakKeyDictionary()

    def of(self, layer: Any) -> NDArray[Any] | None:
        """Return what was written last, None if that is not known or cannot be painted on."""
        return None if layer is None else self._arrays.get(layer)

    def note(self, layer: Any) -> None:
        """Take what a layer holds now for what was written; lazy labels need no copy."""
        self.forget(layer)
        if isinstance(layer.data, np.ndarray):
            self._arrays[layer] = layer.data.copy()

    def forget(self, layer: Any) -> None:
        """Know nothing of a layer from now on."""
        self._arrays.pop(layer, None)

    def differs(self, layer: Any, part: Any = ...) -> bool:
        """Say whether a layer holds something else now, in a part of it."""
        written = self.of(layer)
        if written is None or not isinstance(layer.data, np.ndarray):
            return False
        if written.shape != layer.data.shape:
            return True
        return not np.array_equal(written[part], layer.data[part])

    def paste(self, layer: Any, index: Index, labels: NDArray[Any], mask: Any = None) -> None:
        """Write labels into a part of a layer's array: half the time of assigning ``data``."""
        written = self.of(layer)
        if written is None or written.shape != layer.data.shape:
            self.note(layer)
        where = True if mask is None else mask
        with self.hand.at_work():
            for array in (layer.data, self._arrays[layer]):
                np.copyto(array[index], labels, where=where)
            layer.refresh(extent=False)

    def restore(self, layer: Any, labels: NDArray[Any]) -> None:
        """Write labels of a layer's own shape into its array."""
        self.paste(layer, (slice(None),), labels)
