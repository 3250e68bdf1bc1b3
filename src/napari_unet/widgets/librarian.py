"""What is done with the library's models: at once where it can be, else by the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from psygnal import Signal

from napari_unet.errors import UnetError, readable
from napari_unet.events import Event, ModelExported, ModelImported, ModelVerified
from napari_unet.jobs import ExportModelJob, ImportModelJob, VerifyModelJob
from napari_unet.library import Entry, Removed, name_of, remove, rename, restore
from napari_unet.session import Message, Place, Session
from napari_unet.widgets.errands import Errand, Errands
from napari_unet.widgets.runner import Runner

PLACE: Place = "models"
T = TypeVar("T")


@dataclass(frozen=True)
class Change:
    """What was done to the library, in a sentence, and what undoes it.

    ``undo`` returns the model's path; it is empty if that failed, which was then said.
    """

    said: str
    undo: Callable[[], str]


class Librarian:
    """Renames and removes, and undoes that; has the engine import, export and verify, in turn."""

    changes_changed = Signal()

    def __init__(self, session: Session, runner: Runner) -> None:
        self.session, self.runner = session, runner
        self.changes: list[Change] = []  # the last one is undone first
        self._errands = Errands(session, runner)

    # --- at once ------------------------------------------------------------------------------

    def rename(self, entry: Entry, name: str) -> str:
        """Give a model another name; return its new path, empty if that failed."""
        path = self._rename(entry.path, name)
        if path and path != entry.path:
            said = f"{entry.name} is now called {name_of(path)}."
            self._remember(Change(said, lambda: self._rename(path, entry.name)))
        return path

    def remove(self, entry: Entry) -> None:
        """Take a model out of the library."""
        gone = self._change(lambda: remove(entry.path))
        if gone is not None:
            self._remember(Change(f"{gone.name} was removed.", lambda: self._restore(gone)))

    def undo(self) -> str:
        """Undo the last change; return the model's path, empty if there is nothing to be undone."""
        path = self.changes[-1].undo() if self.changes else ""
        if path:
            self.changes.pop()
        self.changes_changed.emit()
        return path

    def forget_changes(self) -> None:
        """Leave all as it is now: nothing can be undone any more."""
        self.changes.clear()
        self.changes_changed.emit()

    def _remember(self, change: Change) -> None:
        self.changes.append(change)
        self.changes_changed.emit()

    def _rename(self, path: str, name: str) -> str:
        """Rename a model; the one that is worked with stays so."""
        model = self.session.model
        selected = model is not None and model.path == path
        renamed = self._change(lambda: rename(path, name))
        if renamed is None:
            return ""
        if selected:
            self.session.select_model(renamed.path, self.session.picked)
        return renamed.path

    def _restore(self, gone: Removed) -> str:
        back = self._change(lambda: restore(gone))
        return back.path if back is not None else ""

    def _change(self, change: Callable[[], T]) -> T | None:
        """Change the library; what goes wrong is said in the dock."""
        try:
            done = change()
        except (UnetError, OSError) as error:
            self.session.fail(PLACE, readable(error))
            return None
        self.session.set_message(PLACE, Message())
        self.session.refresh_models()
        return done

    # --- by the engine ------------------------------------------------------------------------

    def add(
        self,
        source: str,
        then: Callable[[str], None],
        form: str = "",
        place: Place = PLACE,
        failed: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Have a file tried and put into the library; ``then`` is given the path that it has there.

        ``place`` shows how far that is. ``failed`` is told why it failed.
        """
        name = Path(source).name

        def heard(event: Event) -> str:
            if not isinstance(event, ModelImported):
                return ""
            self.session.refresh_models()
            then(event.path)
            return imported_words(event, name)

        job = ImportModelJob(source, form)
        self._errands.add(Errand(job, f"importing {name}", place, heard, failed))

    def export(self, entry: Entry, target: str, form: str) -> None:
        """Have a model written to ``target``, in the format called ``form``."""

        def heard(event: Event) -> str:
            return f"Saved {event.path}" if isinstance(event, ModelExported) else ""

        job = ExportModelJob(entry.path, target, form)
        self._errands.add(Errand(job, f"exporting {entry.name}", PLACE, heard))

    def verify(self, entry: Entry) -> None:
        """Have a model read as a whole, and run."""

        def heard(event: Event) -> str:
            return event.text if isinstance(event, ModelVerified) else ""

        job = VerifyModelJob(entry.path)
        self._errands.add(Errand(job, f"verifying {entry.name}", PLACE, heard))

    def stop(self) -> None:
        """Stop what runs, and forget what waits."""
        self._errands.stop()


def imported_words(event: ModelImported, source: str) -> str:
    """Say what became of a file that was imported."""
    name = name_of(event.path)
    if event.known:
        return f"The library has the weights of {source} already: {name}."
    return f"{name} was added to the library."
