"""Painted labels that were replaced, and can be brought back: Ctrl+Z cannot do that."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.widgets.hand import Hand, forget_strokes


class Replaced:
    """Keeps for each layer what a person had painted on it and then let us replace."""

    def __init__(self, hand: Hand) -> None:
        self.hand = hand
        self._painted: weakref.WeakKeyDictionary[Any, NDArray[Any]] = weakref.WeakKeyDictionary()

    def keep(self, layer: Any) -> None:
        """Remember what is painted on a layer, if there is one, before it is replaced."""
        if layer is not None:
            self._painted[layer] = np.array(layer.data)

    def has(self, layer: Any) -> bool:
        """Return whether there is something to bring back."""
        return layer is not None and layer in self._painted

    def bring_back(self, layer: Any) -> None:
        """Show again what was painted."""
        if layer is None or (painted := self._painted.pop(layer, None)) is None:
            return
        with self.hand.at_work():
            layer.data = painted
        forget_strokes(layer)

    def forget(self, layer: Any) -> None:
        """Give up what could be brought back."""
        if layer is not None:
            self._painted.pop(layer, None)
