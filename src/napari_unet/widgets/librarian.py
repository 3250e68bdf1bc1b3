"""What is done with the library's models: at once where it can be, else by the engine."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_unet.errors import UnetError, readable
from napari_unet.events import Event, ModelExported, ModelImported, ModelVerified
from napari_unet.jobs import ExportModelJob, ImportModelJob, Job, VerifyModelJob
from napari_unet.library import Entry, Removed, name_of, remove, rename, restore
from napari_unet.session import Message, Place, Session
from napari_unet.widgets.runner import Runner

PLACE: Place = "models"


@dataclass(frozen=True)
class Errand:
    """A job that waits for the engine, and who is told of its events and of how it failed."""

    job: Job
    title: str
    place: Place
    heard: Callable[[Event], None]
    failed: Callable[[str], None]


class Librarian:
    """Renames, removes and brings back; has the engine import, export and verify, in turn."""

    removed_changed = Signal()

    def __init__(self, session: Session, runner: Runner) -> None:
        self.session, self.runner = session, runner
        self.removed: list[Removed] = []  # the last one is brought back first
        self._waiting: deque[Errand] = deque()
        self._soon = QTimer()
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._next)
        session.busy_changed.connect(self._freed)

    # --- at once ------------------------------------------------------------------------------

    def rename(self, entry: Entry, name: str) -> str:
        """Give a model another name; return its new path, empty if that failed."""
        model = self.session.model
        selected = model is not None and model.path == entry.path
        path = self._change(lambda: rename(entry.path, name).path)
        if path and selected:
            self.session.select_model(path, self.session.picked)
        return path

    def remove(self, entry: Entry) -> None:
        """Take a model out of the library; it can be brought back."""

        def take_out() -> str:
            self.removed.append(remove(entry.path))
            return ""

        self._change(take_out)
        self.removed_changed.emit()

    def restore(self) -> str:
        """Bring back the model that was removed last; return its path, empty if there is none."""
        if not self.removed:
            return ""
        path = self._change(lambda: restore(self.removed[-1]).path)
        if path:
            self.removed.pop()
        self.removed_changed.emit()
        return path

    def forget_removed(self) -> None:
        """Leave removed models where they are."""
        self.removed.clear()
        self.removed_changed.emit()

    def _change(self, change: Callable[[], str]) -> str:
        """Change the library; what goes wrong is said in the dock."""
        try:
            path = change()
        except (UnetError, OSError) as error:
            self.session.fail(PLACE, readable(error))
            return ""
        self.session.set_message(PLACE, Message())
        self.session.refresh_models()
        return path

    # --- by the engine ------------------------------------------------------------------------

    def add(
        self,
        source: str,
        then: Callable[[str], None],
        form: str = "",
        place: Place = PLACE,
        failed: Callable[[str], None] | None = None,
    ) -> None:
        """Have a file tried and put into the library; ``then`` is given the path that it has there.

        ``place`` shows how far that is. ``failed`` is told why it failed.
        """
        name = Path(source).name

        def heard(event: Event) -> None:
            if isinstance(event, ModelImported):
                self.session.refresh_models()
                self.session.set_message(place, Message(imported_words(event, name), "info"))
                then(event.path)

        self._send(ImportModelJob(source, form), f"importing {name}", heard, place, failed)

    def export(self, entry: Entry, target: str, form: str) -> None:
        """Have a model written to ``target``, in the format called ``form``."""

        def heard(event: Event) -> None:
            if isinstance(event, ModelExported):
                self._say(f"Saved {event.path}")

        job = ExportModelJob(entry.path, target, form)
        self._send(job, f"exporting {entry.name}", heard)

    def verify(self, entry: Entry) -> None:
        """Have a model read as a whole, and run."""

        def heard(event: Event) -> None:
            if isinstance(event, ModelVerified):
                self._say(event.text)

        self._send(VerifyModelJob(entry.path), f"verifying {entry.name}", heard)

    def stop(self) -> None:
        """Stop what runs, and forget what waits."""
        self._waiting.clear()
        self.runner.stop()

    def _say(self, text: str) -> None:
        self.session.set_message(PLACE, Message(text, "info"))

    def _send(
        self,
        job: Job,
        title: str,
        heard: Callable[[Event], None],
        place: Place = PLACE,
        failed: Callable[[str], None] | None = None,
    ) -> None:
        self._waiting.append(Errand(job, title, place, heard, failed or _nothing))
        self._next()

    def _freed(self) -> None:
        if self._waiting and self.runner.lane not in self.session.busy:
            self._soon.start()  # whoever else hears of it comes first

    def _next(self) -> None:
        if not self._waiting or self.runner.running or self.session.closed:
            return
        errand = self._waiting.popleft()

        def over(error: str) -> None:
            if error:
                errand.failed(error)

        self.runner.start(errand.job, errand.title, errand.place, errand.heard, over=over)


def imported_words(event: ModelImported, source: str) -> str:
    """Say what became of a file that was imported."""
    name = name_of(event.path)
    if event.known:
        return f"The library has the weights of {source} already: {name}."
    return f"{name} was added to the library."


def _nothing(_: str) -> None: ...
