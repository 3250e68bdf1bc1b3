"""A tally of two Labels layers that is kept true while somebody paints on either of them.

What napari tells of is counted at once. What it may not tell of (pixels written into the array)
is looked for when nothing has happened for a moment, a few milliseconds at a time, so that neither
this nor the first count of a large volume holds up the window.
"""

from __future__ import annotations

import math
from time import perf_counter
from typing import Any

import numpy as np
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_unet.metrics import Counts
from napari_unet.tally import Box, Tally
from napari_unet.widgets.hand import Hand
from napari_unet.widgets.parts.timing import single_shot
from napari_unet.widgets.strokes import Strokes

AT_ONCE = 0.008  # seconds of counting before the window has its turn
PAUSE = 250  # milliseconds after which one looks for what was not told of


class Counting:
    """Follows a prediction and a reference, both Labels layers of numpy arrays of one shape."""

    changed = Signal(tuple, bool)  # the boxes that changed, and whether by the program itself
    progressed = Signal()  # some more is counted for the first time
    complete = Signal()  # everything is counted: for the first time, or again
    history_changed = Signal()  # what can be undone and redone
    lost = Signal()  # a layer holds another array: begin anew

    def __init__(
        self, hand: Hand, prediction: Any, reference: Any, classes: int, ignore: int | None
    ) -> None:
        self.hand, self.prediction, self.reference = hand, prediction, reference
        self.tally = Tally(prediction.data, reference.data, classes, ignore, count=False)
        self.ready = False
        self._work = self.tally.parts()
        self._done = 0
        self._by_program = False
        self._tick = QTimer()
        self._tick.timeout.connect(self._go_on)
        self._pause = single_shot(PAUSE, self.look_over)
        self.strokes = {layer: Strokes(layer) for layer in (prediction, reference)}
        for strokes in self.strokes.values():
            strokes.painted.connect(self._count)
            strokes.doubted.connect(self._doubt)
            strokes.replaced.connect(self.lost.emit)
            strokes.history_changed.connect(self.history_changed.emit)
        self._go_on()
        if not self.ready:
            self._tick.start(0)

    def close(self) -> None:
        """Follow them no longer."""
        self._tick.stop()
        self._pause.stop()
        for strokes in self.strokes.values():
            strokes.close()

    @property
    def share(self) -> float:
        """How much of the present count is done."""
        return self._done / max(self.tally.prediction.size, 1)

    @property
    def counts(self) -> Counts:
        """The counts of the whole; see `Tally.counts`."""
        return self.tally.counts

    def in_sight(self) -> Counts | None:
        """Return the counts of the slice that is looked at, None if that is the whole."""
        index = self._index()
        if index is None:
            return None
        self.tally.look(index)
        return self.tally.in_sight

    def look_over(self) -> None:
        """Go over everything, for changes that nobody told of."""
        self._pause.stop()
        self._work, self._done = self.tally.parts(), 0
        self._tick.start(0)

    # --- inside -------------------------------------------------------------------------------

    def _count(self, boxes: tuple[Box, ...]) -> None:
        if self._replaced():
            return
        changed = tuple(part for box in boxes for part in self.tally.update(box))
        if changed and self.ready:
            self.changed.emit(changed, self.hand.busy)

    def _doubt(self) -> None:
        self._by_program |= self.hand.busy
        if not self._replaced():
            self._pause.start()

    def _go_on(self) -> None:
        """Count for some milliseconds."""
        if self._replaced():
            return
        until = perf_counter() + AT_ONCE
        for part in self._work:
            changed = self.tally.update(part)
            if changed and self.ready:
                self.changed.emit(changed, self._by_program)
            self._done += math.prod(s.stop - s.start for s in part)
            if self.share < 1 and perf_counter() > until:
                if not self.ready:
                    self.progressed.emit()
                return
        self._tick.stop()
        self._by_program = False
        first, self.ready = not self.ready, True
        if first:
            self.complete.emit()

    def _replaced(self) -> bool:
        """Tell if one of the layers holds another array than the one that is counted."""
        tally = self.tally
        same = self.prediction.data is tally.prediction, self.reference.data is tally.reference
        if all(same):
            return False
        self.close()
        self.lost.emit()
        return True

    def _index(self) -> tuple[int | None, ...] | None:
        """Return which slice of the labels is looked at, None if all of it is."""
        viewer, layer = self.hand.viewer, self.prediction
        if viewer is None or viewer.dims.ndisplay >= layer.ndim:
            return None
        offset = viewer.dims.ndim - layer.ndim
        shown = {axis - offset for axis in viewer.dims.displayed}
        point = np.rint(layer.world_to_data(np.asarray(viewer.dims.point)[-layer.ndim :]))
        at = np.clip(point.astype(int), 0, np.array(layer.data.shape) - 1).tolist()
        return tuple(None if axis in shown else i for axis, i in enumerate(at))
