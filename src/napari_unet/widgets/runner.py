"""Threads: a napari generator worker that relays an engine's events, and one for short reads.

Three traps are closed here. napari's generator workers swallow every ``RuntimeError``; quitting
them does not close the generator; and a thread that waits for the engine cannot see that it was
asked to quit, so the engine is told to stop as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from napari.qt.threading import FunctionWorker, GeneratorWorker, create_worker
from napari.utils.progress import cancelable_progress
from qtpy.QtCore import QTimer

from napari_unet.controls import Command
from napari_unet.engine.client import Engine
from napari_unet.errors import UnetError, readable
from napari_unet.events import Event, Progress
from napari_unet.jobs import Job
from napari_unet.session import Lane, Place, Session

SHORT = 500  # milliseconds a job takes without a bar in the activity dock: a bar takes 100
STEPS = 1000  # of a progress bar; napari's take whole numbers


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


class ActivityBar(cancelable_progress):  # type: ignore[misc]  # napari is untyped
    """A bar in napari's activity dock whose Cancel button stops the job at once."""

    def __init__(self, title: str, on_cancel: Callable[[], None]) -> None:
        self._on_cancel = on_cancel
        self._showing = self._over = False
        super().__init__(
            total=STEPS, desc=title, bar_format="{desc}|{bar}| {remaining} left", leave=False
        )

    def cancel(self) -> None:
        """Stop the job."""
        super().cancel()
        self._on_cancel()

    def show(self, progress: Progress) -> None:
        """Move to the state of ``progress``.

        napari handles pending events whenever its bars move, so the next event, even the last,
        may come while this runs; it must neither nest deeper nor close the bar under it.
        """
        if self._showing or self._over or not progress.total > 0:
            return
        self._showing = True
        try:
            self.update(round(STEPS * min(progress.done / progress.total, 1)) - self.n)
        finally:
            self._showing = False
        if self._over:
            self.close()

    def finish(self) -> None:
        """Take the bar away."""
        self._over = True
        if not self._showing:
            self.close()


class Runner:
    """Runs the jobs of one lane, one at a time, and tells the session."""

    def __init__(self, session: Session, lane: Lane) -> None:
        self.session, self.lane = session, lane
        self._worker: EngineWorker | None = None
        self._bar: ActivityBar | None = None
        self._soon = QTimer()
        self._soon.setSingleShot(True)
        self._soon.setInterval(SHORT)
        self._soon.timeout.connect(self._show_bar)
        self._handle: Callable[[Event], None] = _nothing
        self._over: Callable[[str], None] = _nothing
        self._error: UnetError | None = None

    @property
    def failure(self) -> UnetError | None:
        """How the last job failed, or None."""
        return self._error

    @property
    def running(self) -> bool:
        """Whether a job is under way, including one that is being stopped."""
        return self._worker is not None

    def start(
        self,
        job: Job | Callable[[], Job],
        title: str,
        place: Place,
        handle: Callable[[Event], None] | None = None,
        prepare: Callable[[Event], Event] | None = None,
        over: Callable[[str], None] | None = None,
    ) -> None:
        """Start a job; a callable makes it in the worker's thread.

        ``handle`` gets every event after the session did, as ``prepare`` returned it in the
        worker's thread. ``over`` is called when the job has ended, with how it failed or nothing.
        Does nothing while a job runs.
        """
        if self.running or self.session.closed:
            return
        make_job = job if callable(job) else lambda: job
        task = Task(self.session.engine(self.lane), make_job, title, prepare)
        self._handle, self._over, self._error = handle or _nothing, over or _nothing, None
        self.session.start(self.lane, None if callable(job) else job, title, place)
        self._soon.start()
        self._worker = create_worker(
            task,
            _worker_class=EngineWorker,
            _connect={
                "yielded": self._received,
                "errored": self._failed,
                "finished": self._finished,
            },
        )

    def tell(self, command: Command) -> None:
        """Tell the running job something that it heeds at once, such as to rest."""
        if self._worker is not None:
            self.session.engine(self.lane).tell(command)

    def stop(self) -> None:
        """Ask the running job to stop; what it announced as saved is kept."""
        if self._worker is not None:
            self.session.stopping(self.lane)
            self._worker.quit()

    def _received(self, event: Event) -> None:
        if self.session.closed:
            return
        self.session.receive(self.lane, event)
        try:
            self._handle(event)
        except UnetError as error:
            self._error = error
        if isinstance(event, Progress) and self._bar is not None:
            self._bar.show(event)

    def _show_bar(self) -> None:
        """Show the job in the activity dock, now that it takes long enough for anybody to look."""
        busy = self.session.busy.get(self.lane)
        if self._worker is None or busy is None:
            return
        bar = ActivityBar(busy.title, self.stop)
        if self._worker is None:  # it ended while napari handled events
            bar.finish()
            return
        self._bar = bar
        if busy.progress is not None:
            bar.show(busy.progress)

    def _failed(self, error: Exception) -> None:
        self._error = readable(error)

    def _finished(self) -> None:
        self._worker = None
        self._soon.stop()
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.finish()
        error = str(self._error) if self._error else ""
        over, self._over = self._over, _nothing
        self.session.finish(self.lane, error)
        over(error)


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


def seconds(value: float) -> str:
    """Return a duration in words: "45 s", "3 min", "2 h 10 min"; empty if unknown."""
    if not math.isfinite(value):
        return ""
    if value < 60:
        return f"{max(value, 0):.0f} s"
    hours, minutes = divmod(round(value / 60), 60)
    return " ".join(f"{n} {unit}" for n, unit in ((hours, "h"), (minutes, "min")) if n)


def _nothing(_: object) -> None: ...


def _as_it_is(event: Event) -> Event:
    return event
