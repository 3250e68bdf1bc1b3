"""Jobs that wait for one engine, done in turn; what is to be said of each is kept for the last."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from qtpy.QtCore import QTimer

from napari_unet.events import Event
from napari_unet.jobs import Job
from napari_unet.session import Message, Place, Session
from napari_unet.widgets.runner import Runner


def _nothing(_: str) -> None: ...


@dataclass(frozen=True)
class Errand:
    """A job, and the widget that shows how far it is.

    ``heard`` is given its events, and returns what a person is to be told of them, mostly nothing.
    ``failed`` is told how it failed.
    """

    job: Job
    title: str
    place: Place
    heard: Callable[[Event], str]
    failed: Callable[[str], None] = _nothing


class Errands:
    """Has the engine of a runner do one errand after the other."""

    def __init__(self, session: Session, runner: Runner) -> None:
        self.session, self.runner = session, runner
        self._waiting: deque[Errand] = deque()
        self._running = False
        self._said: list[tuple[Place, Message]] = []  # since there last was nothing to do
        self._soon = QTimer()
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._next)
        session.busy_changed.connect(self._freed)

    def add(self, errand: Errand) -> None:
        """Do this after those that wait."""
        if not (self._running or self._waiting):
            self._said.clear()
        self._waiting.append(errand)
        self._next()

    def stop(self) -> None:
        """Stop what runs, and forget what waits."""
        self._waiting.clear()
        self.runner.stop()

    def _freed(self) -> None:
        if self._waiting and self.runner.lane not in self.session.busy:
            self._soon.start()  # whoever else hears of it comes first

    def _next(self) -> None:
        if not self._waiting or self.runner.running or self.session.closed:
            return
        errand = self._waiting.popleft()
        place = errand.place

        def heard(event: Event) -> None:
            if text := errand.heard(event):
                self._say(place, Message(text, "info"))

        def over(error: str) -> None:
            self._running = False
            if error:
                self._say(place, Message(error))
                errand.failed(error)

        self._running = True
        self.runner.start(errand.job, errand.title, place, heard, over=over)
        self._show(place)  # a job that starts clears what others have said

    def _say(self, place: Place, message: Message) -> None:
        self._said.append((place, message))
        self._show(place)

    def _show(self, place: Place) -> None:
        """Show all that was said: of several files, one may be refused in the middle."""
        said = [message for where, message in self._said if where == place]
        if said:
            worst = next((m for m in said if m.kind == "error"), said[-1])
            text = "\n".join(m.text for m in said)
            self.session.set_message(place, Message(text, worst.kind))
