"""The thread that relays an engine's events: napari's generator worker, made safe.

Three traps are closed here. napari's generator workers swallow every ``RuntimeError``; quitting
them does not close the generator; and a thread that waits for the engine cannot see that it was
asked to quit, so the engine is told to stop as well.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from napari.qt.threading import GeneratorWorker

from napari_unet.engine.client import Engine
from napari_unet.errors import UnetError, readable
from napari_unet.events import Event
from napari_unet.jobs import Job


class Task:
    """One job on one engine; its text is what napari shows when the window is closed."""

    def __init__(
        self,
        engine: Engine,
        make_job: Callable[[], Job],
        title: str,
        prepare: Callable[[Event], Event] | None = None,
    ) -> None:
        self._engine, self._make_job, self._title = engine, make_job, title
        self._prepare = prepare or _as_it_is
        self._stream: Generator[Event, None, None] | None = None
        self._stopped = False

    def __str__(self) -> str:
        return self._title

    def events(self) -> Generator[Event, None, None]:
        """Yield the job's events; whatever fails leaves as a `UnetError`."""
        try:
            job = self._make_job()
            if self._stopped:
                return
            self._stream = self._engine.run(job)
            for event in self._stream:
                yield self._prepare(event)
        except UnetError:
            raise
        except Exception as error:
            raise readable(error) from error

    def stop(self) -> None:
        """Ask the job to stop; safe from any thread, returns at once."""
        self._stopped = True
        self._engine.stop()

    def close(self) -> None:
        """Close the engine's generator; only for the thread that pulled from it."""
        if self._stream is not None:
            self._stream.close()


class EngineWorker(GeneratorWorker):  # type: ignore[misc]  # napari is untyped
    """A generator worker that stops the engine when it is asked to quit."""

    def __init__(self, task: Task) -> None:
        super().__init__(task.events)
        self._task = task

    def work(self) -> Any:
        """Pull the events, and close the stream however that ends."""
        try:
            return super().work()
        finally:
            self._task.close()

    def quit(self) -> None:
        """Ask the thread and the engine to stop."""
        super().quit()
        self._task.stop()


def _as_it_is(event: Event) -> Event:
    return event
