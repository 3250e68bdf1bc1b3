"""Finished pieces of an image, told while the rest computes."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from napari_unet.events import SegmentPart

MOST = 64 << 20  # bytes that wait to be told; of more, the earliest are left to the result


class Parts:
    """Pieces that wait to be told; those that follow each other are told as one.

    One thread adds them, another takes them, whenever it gets to it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[SegmentPart] = []

    def add(self, start: tuple[int, ...], probabilities: NDArray[np.uint8]) -> None:
        """Add a piece: its first pixel, and uint8 ``(K, …)``."""
        with self._lock:
            self._waiting.append(SegmentPart(start, probabilities))
            while sum(part.probabilities.nbytes for part in self._waiting) > MOST:
                del self._waiting[0]

    def taken(self) -> list[SegmentPart]:
        """Return what waits, joined where that is possible, and forget it."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        groups: list[list[SegmentPart]] = []
        axis: int | None = None
        for part in waiting:
            along = _follows(groups[-1][-1], part) if groups else None
            if along is not None and (len(groups[-1]) == 1 or along == axis):
                groups[-1].append(part)
                axis = along
            else:
                groups.append([part])
        return [_joined(group) for group in groups]


def _follows(part: SegmentPart, other: SegmentPart) -> int | None:
    """Return the axis along which another part goes on where one ends; None if it does not."""
    sides, others = part.probabilities.shape[1:], other.probabilities.shape[1:]
    apart = [
        axis for axis, (a, b) in enumerate(zip(part.start, other.start, strict=True)) if a != b
    ]
    if len(apart) != 1:
        return None
    (axis,) = apart
    alike = all(a == b for i, (a, b) in enumerate(zip(sides, others, strict=True)) if i != axis)
    ends = part.start[axis] + sides[axis] == other.start[axis]
    return axis if alike and ends else None


def _joined(group: list[SegmentPart]) -> SegmentPart:
    if len(group) == 1:
        return group[0]
    axis = _follows(group[0], group[1])
    assert axis is not None
    found = np.concatenate([part.probabilities for part in group], axis=axis + 1)
    return SegmentPart(group[0].start, found)
