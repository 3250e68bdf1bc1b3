"""Which segmentations are a person's own work, kept on the disk, and their last state there."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from numpy.typing import NDArray


class ByHand:
    """Knows layers that hold corrections.

    What is here was painted, whatever it looks like now: no network's labels replace it without a
    question. It may also be taken off the screen, since it comes back from the disk.
    """

    def __init__(self) -> None:
        self._kept: weakref.WeakKeyDictionary[Any, NDArray[Any]] = weakref.WeakKeyDictionary()
        self.images: set[str] = set()  # ids of those whose segmentation is a correction

    def keep(self, layer: Any, labels: NDArray[Any]) -> None:
        """Note that a layer's labels are on the disk, or on their way there."""
        self._kept[layer] = labels

    def forget(self, layer: Any) -> None:
        """Note that a layer holds something else."""
        self._kept.pop(layer, None)

    def has(self, layer: Any) -> bool:
        """Say whether a layer holds a correction."""
        return layer in self._kept

    def labels(self, layer: Any) -> NDArray[Any] | None:
        """Return the state of a layer that was kept last, None if it holds no correction."""
        return self._kept.get(layer)

    def safe(self, layer: Any) -> bool:
        """Say whether all that was painted on a layer is kept."""
        kept = self._kept.get(layer)
        return kept is not None and np.array_equal(kept, layer.data)
