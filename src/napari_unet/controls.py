"""What a person tells a job while it runs: rest, go on, show this case."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Pause:
    """Rest after the step at hand; the time until `Continue` is not counted."""


@dataclass(frozen=True)
class Continue:
    """Go on."""


@dataclass(frozen=True)
class Watch:
    """Show what the network makes of one validation case, now and after every epoch.

    An empty ``case`` shows none.
    """

    case: str


Command = Pause | Continue | Watch


class Controls:
    """What a running job was told last; commands may come from any thread.

    Parameters
    ----------
    watched
        Name of the case to show; None lets the job choose one, and empty shows none.
    """

    def __init__(self, watched: str | None = None) -> None:
        self.watched = watched
        self.paused = False
        self.stopping = False
        self._asked = False
        self._changed = threading.Condition()

    def tell(self, command: Command) -> None:
        """Take a command; returns at once."""
        with self._changed:
            match command:
                case Pause():
                    self.paused = True
                case Continue():
                    self.paused = False
                case Watch(case):
                    self.watched, self._asked = case, True
            self._changed.notify_all()

    def stop(self) -> None:
        """Wake a resting job, which is about to be stopped."""
        with self._changed:
            self.stopping = True
            self._changed.notify_all()

    def asked(self) -> bool:
        """Return whether a case was asked for since the last call."""
        with self._changed:
            asked, self._asked = self._asked, False
        return asked

    def rest(self) -> None:
        """Wait, without any work, while the job is paused and nothing else is asked of it."""
        with self._changed:
            self._changed.wait_for(lambda: self.stopping or self._asked or not self.paused)
