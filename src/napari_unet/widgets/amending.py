"""Changes to how the open data set is understood: in a thread, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from napari_unet.data.cases import Dataset
from napari_unet.errors import readable
from napari_unet.session import Message, Session
from napari_unet.widgets.background import Background
from napari_unet.widgets.folders import Folders


@dataclass(frozen=True)
class _Change:
    """What to do with the data set in ``root``."""

    root: Path
    title: str
    work: Callable[[Dataset], Dataset]


class Amender:
    """Makes changes in the order in which they were asked for.

    Each begins with what the one before has left: two at once would both read the same decisions
    and one of them would be lost.
    """

    def __init__(self, session: Session, folders: Folders) -> None:
        self.session, self.folders = session, folders
        self._thread = Background()
        self._waiting: list[_Change] = []
        self._busy = False

    def amend(self, title: str, work: Callable[[Dataset], Dataset]) -> None:
        """Change the open data set and show what came of it."""
        dataset = self.session.dataset
        if dataset is not None:
            self.session.set_message("dataset", Message())
            self._waiting.append(_Change(dataset.root, title, work))
            self._next()

    def _next(self) -> None:
        dataset = self.session.dataset
        # What was asked of a folder that is open no more is not done to another one.
        self._waiting = [c for c in self._waiting if dataset and c.root == dataset.root]
        if self._busy or not self._waiting or dataset is None:
            return
        change, self._busy = self._waiting.pop(0), True
        self._thread.run(change.title, lambda: change.work(dataset), self._done, self._failed)

    def _done(self, dataset: Dataset) -> None:
        self._busy = False
        self.folders.amend(dataset)
        self._next()

    def _failed(self, error: Exception) -> None:
        self._busy = False
        self.session.fail("dataset", readable(error))
        self._next()
