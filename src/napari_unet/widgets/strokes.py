"""Where a Labels layer was painted on, as far as napari tells.

A brush tells of each step (`labels_update`, once the pixels have changed) and of each stroke
(`paint`, before they change unless it was drawn with the mouse). Undo and redo tell only that
something is shown anew (`set_data`), as every other slice does; what they changed is at the end of
the layer's history. Writing into the array tells nothing at all. Names with an underscore are
napari's own: without them everything is "somewhere", which takes longer and is as right.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from psygnal import Signal

from napari_unet.tally import Box
from napari_unet.widgets.parts.timing import single_shot


class Strokes:
    """Tells of each change of one layer's labels."""

    painted = Signal(tuple)  # boxes, which may hold more than was changed
    doubted = Signal()  # something is shown anew, perhaps because pixels were written somewhere
    replaced = Signal()  # by another array
    history_changed = Signal()  # what can be undone and redone

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self._undone = self._steps_undone()
        self._announced: list[Box] = []
        self._soon = single_shot(0, self._tell_announced)
        events = layer.events
        self._heard = (
            (events.paint, self._hear_stroke),
            (events.labels_update, self._hear_step),
            (events.set_data, self._hear_shown),
            (events.data, self._hear_replaced),
        )
        for signal, slot in self._heard:
            signal.connect(slot)

    def close(self) -> None:
        """Tell nothing more."""
        self._soon.stop()
        for signal, slot in self._heard:
            signal.disconnect(slot)

    def can_undo(self) -> tuple[bool, bool]:
        """Return whether there is something to undo and something to redo, as far as known."""
        history = (getattr(self.layer, f"_{kind}_history", (None,)) for kind in ("undo", "redo"))
        undo, redo = map(bool, history)
        return undo, redo

    # --- inside -------------------------------------------------------------------------------

    def _hear_stroke(self, event: Any) -> None:
        self._undone = self._steps_undone()
        self._announced += _boxes([event.value], self.layer.ndim)
        self._soon.start(0)  # by then the pixels have changed
        self.history_changed.emit()

    def _tell_announced(self) -> None:
        boxes, self._announced = self._announced, []
        self.painted.emit(tuple(boxes))

    def _hear_step(self, event: Any) -> None:
        box = getattr(self.layer, "_updated_slice", None)
        self._undone = self._steps_undone()
        if _is_box(box, self.layer.ndim):
            self.painted.emit((box,))
        else:
            self.doubted.emit()

    def _hear_shown(self, event: Any) -> None:
        before, self._undone = self._undone, self._steps_undone()
        steps = self._undone - before
        if steps:
            self.history_changed.emit()
        # What was undone can be redone, and the other way round.
        history = "_redo_history" if steps > 0 else "_undo_history"
        items = list(getattr(self.layer, history, ()))[-abs(steps) :] if steps else []
        boxes = _boxes(items, self.layer.ndim)
        if boxes:
            self.painted.emit(tuple(boxes))
        else:
            self.doubted.emit()

    def _hear_replaced(self, event: Any) -> None:
        self._undone, self._announced = self._steps_undone(), []
        self.replaced.emit()

    def _steps_undone(self) -> int:
        return len(getattr(self.layer, "_redo_history", ()))


def _boxes(items: Iterable[Any], ndim: int) -> list[Box]:
    """Return where the parts of strokes are, of those that are of a kind that is known."""
    boxes = [_box(part) for item in items for part in item]
    return [box for box in boxes if box is not None and _is_box(box, ndim)]


def _box(part: Any) -> Box | None:
    """Return what encloses a part of a stroke: a box and a mask, or indices with values."""
    key = getattr(part, "slice_key", None)
    if key is not None:
        return tuple(key)
    indices = part[0]
    if not isinstance(indices, tuple) or not all(len(i) for i in indices):
        return None
    return tuple(slice(int(i.min()), int(i.max()) + 1) for i in indices)


def _is_box(box: Any, ndim: int) -> bool:
    return (
        isinstance(box, tuple)
        and len(box) == ndim
        and all(isinstance(s, slice) and None not in (s.start, s.stop) for s in box)
    )
