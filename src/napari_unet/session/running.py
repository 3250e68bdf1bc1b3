"""The engines, what runs on them, and what is to be read about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_unet.events import Progress
from napari_unet.session.values import LANES, Busy, Lane, Message, Place

if TYPE_CHECKING:
    from napari_unet.engine.client import Engine, Engines


class RunState:
    """The part of a session that knows what runs.

    Parameters
    ----------
    make_engines
        Called at most once, when the first job starts; by default it makes the real engines.
    """

    busy_changed = Signal()
    note = Signal(str, object)  # place, Note
    message_changed = Signal(str)  # place

    def __init__(self, make_engines: Callable[[], Engines] | None = None) -> None:
        self._make_engines = make_engines or _real_engines
        self._engines: Engines | None = None
        self.closed = False
        self.busy: dict[Lane, Busy] = {}
        self.messages: dict[Place, Message] = {}

    # --- engines ------------------------------------------------------------------------------

    def engine(self, lane: Lane) -> Engine:
        """Return a lane's engine, making the engines when they are first needed."""
        if self._engines is None:
            self._engines = self._make_engines()
        engine: Engine = getattr(self._engines, lane)
        return engine

    def end_engines(self) -> None:
        """End the engines; no job can be started any more."""
        self.closed = True
        engines, self._engines = self._engines, None
        if engines is not None:
            engines.close()

    # --- why nothing can be started -----------------------------------------------------------

    def lane_reason(self, lane: Lane) -> str:
        """Say what runs on a lane, as a reason to wait; empty if nothing does."""
        busy = self.busy.get(lane)
        return f"Busy: {busy.title}." if busy is not None else ""

    def place_reason(self, place: Place) -> str:
        """Say what runs for a place, as a reason to wait; empty if nothing does."""
        lanes = (lane for lane, busy in self.busy.items() if busy.place == place)
        return next(map(self.lane_reason, lanes), "")

    def engines_reason(self) -> str:
        """Say that no engine is free; empty if one is."""
        return "" if self.free_lane() else "Both engines are busy; wait for one, or stop it."

    # --- what runs ----------------------------------------------------------------------------

    def take_progress(self, lane: Lane, event: Progress) -> None:
        """Note how far a lane's job is."""
        if busy := self.busy.get(lane):
            self.busy[lane] = replace(busy, progress=event)
            self.busy_changed.emit()

    def asked(self, lane: Lane, what: str) -> None:
        """Note what a job was asked to do and has not done yet."""
        if busy := self.busy.get(lane):
            self.busy[lane] = replace(busy, asked=what)
            self.busy_changed.emit()

    def take_paused(self, lane: Lane, paused: bool) -> None:
        """Note that a job rests, or goes on."""
        if busy := self.busy.get(lane):
            self.busy[lane] = replace(busy, paused=paused, asked="")
            self.busy_changed.emit()

    def stopping(self, lane: Lane) -> None:
        """Note that the job was asked to stop."""
        if busy := self.busy.get(lane):
            self.busy[lane] = replace(busy, stopping=True)
            self.busy_changed.emit()

    def finish(self, lane: Lane, error: str = "") -> None:
        """Note that the job is over; ``error`` says how it failed."""
        busy = self.busy.pop(lane, None)
        if busy is not None and error:
            self.set_message(busy.place, Message(error))
        self.busy_changed.emit()

    def free_lane(self) -> Lane | None:
        """Return the lane for an evaluation: the background one, unless it trains."""
        return next((lane for lane in LANES if lane not in self.busy), None)

    # --- messages -----------------------------------------------------------------------------

    def set_message(self, place: Place, message: Message) -> None:
        """Show a message in one widget; an empty one clears it."""
        self.messages[place] = message
        self.message_changed.emit(place)

    def fail(self, place: Place, error: BaseException | str) -> None:
        """Show an error in one widget."""
        self.set_message(place, Message(str(error) or type(error).__name__))


def _real_engines() -> Engines:
    from napari_unet.engine.client import Engines

    return Engines()
