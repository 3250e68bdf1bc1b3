"""Short work in a thread, such as reading: the newest wish wins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from napari.qt.threading import FunctionWorker, create_worker


class Background:
    """Reads something in a thread; of several requests only the newest is answered."""

    def __init__(self) -> None:
        self._newest = 0

    def run(
        self,
        title: str,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Call ``work`` in a thread, then ``done`` or ``failed`` in this one."""
        self._newest += 1
        mine = self._newest

        def answer(to: Callable[[Any], None], value: Any) -> None:
            if mine == self._newest:
                to(value)

        create_worker(
            _Titled(work, title),
            _worker_class=FunctionWorker,
            _connect={
                "returned": lambda value: answer(done, value),
                "errored": lambda error: answer(failed, error),
            },
        )

    def drop(self) -> None:
        """Let the running request go unanswered."""
        self._newest += 1


@dataclass(frozen=True)
class _Titled:
    """A function whose text napari can show when the window is closed."""

    work: Callable[[], Any]
    title: str

    def __call__(self) -> Any:
        return self.work()

    def __str__(self) -> str:
        return self.title
