"""Stopping a job from the terminal in good order."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from napari_unet.console import Console
from napari_unet.environment import speaks
from napari_unet.events import Event


class Stoppable:
    """Shows events, and ends the job between two of them once the program is asked to stop.

    What a job computes while it is asked is then as it was, and it can save all of it. A second
    Ctrl-C ends the program at once. Use it as a context, in the main thread; elsewhere it only
    shows events.
    """

    def __init__(self) -> None:
        self.console = Console()
        self._asked = False
        self._before: dict[signal.Signals, Any] = {}

    def __call__(self, event: Event) -> None:
        """Show one event.

        Raises
        ------
        KeyboardInterrupt
            If the program was asked to stop.
        """
        if self._asked:
            raise KeyboardInterrupt
        if speaks():
            self.console(event)

    def __enter__(self) -> Stoppable:
        self.console.__enter__()
        if threading.current_thread() is threading.main_thread():
            for which in (signal.SIGINT, signal.SIGTERM):
                self._before[which] = signal.signal(which, self._ask)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._give_back()
        self.console.__exit__(kind, error, trace)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        self._give_back()

    def _give_back(self) -> None:
        for which, handler in self._before.items():
            signal.signal(which, handler)
        self._before = {}
