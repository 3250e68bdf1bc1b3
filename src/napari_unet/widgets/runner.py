"""Running the jobs of a lane: one at a time, and the session hears of everything."""

from __future__ import annotations

from collections.abc import Callable

from napari.qt.threading import create_worker

from napari_unet.controls import Command
from napari_unet.errors import UnetError, readable
from napari_unet.events import Event, Progress
from napari_unet.jobs import Job
from napari_unet.session import Lane, Place, Session
from napari_unet.widgets.activity import ActivityBar
from napari_unet.widgets.engine_worker import EngineWorker, Task
from napari_unet.widgets.parts.timing import single_shot

SHORT = 500  # milliseconds a job takes without a bar in the activity dock: a bar takes 100


class Runner:
    """Runs the jobs of one lane, one at a time, and tells the session."""

    def __init__(self, session: Session, lane: Lane) -> None:
        self.session, self.lane = session, lane
        self._worker: EngineWorker | None = None
        self._bar: ActivityBar | None = None
        self._soon = single_shot(SHORT, self._show_bar)
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


def _nothing(_: object) -> None: ...
