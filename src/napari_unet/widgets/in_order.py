"""A thread that does one thing after the other, and whose last thing is waited for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from qtpy.QtCore import QObject, Qt

from napari_unet.widgets.parts.qt import Signal as QtSignal


class InOrder(QObject):
    """Does what it is given in a thread, in order, and tells what came of it in this one."""

    _over = QtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self._pool = ThreadPoolExecutor(1, "corrections")
        self._closed = False
        self._over.connect(_tell, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Call ``work`` after all that was given before, then ``done`` or ``failed`` here.

        After `finish` it is done at once: there is nobody left who could be kept waiting.
        """
        if self._closed:
            self._work(work, done, failed)
        else:
            self._pool.submit(self._work, work, done, failed)

    def finish(self) -> None:
        """Wait until all is done."""
        self._closed = True
        self._pool.shutdown(wait=True)

    def _work(self, work: Any, done: Any, failed: Any) -> None:
        try:
            answer = (done, work())
        except Exception as error:
            answer = (failed, error)
        with contextlib.suppress(RuntimeError):  # the program has ended meanwhile
            self._over.emit(answer)


def _tell(answer: tuple[Callable[[Any], None], Any]) -> None:
    to, value = answer
    to(value)
