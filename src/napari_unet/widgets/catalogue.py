"""What is known of the library's models besides their cards: scores, twins, pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from psygnal import Signal
from qtpy.QtCore import QBuffer, QByteArray
from qtpy.QtGui import QImage, QImageReader

from napari_unet.card import read_picture
from napari_unet.errors import ModelError
from napari_unet.library import Entry, duplicates, is_own, scores
from napari_unet.session import Session
from napari_unet.widgets.background import Background
from napari_unet.widgets.views.model_rows import ModelRow

LARGEST = 4_000_000  # pixels of a picture: a small file may hold a huge one

Scores = Mapping[str, Mapping[str, Any]]


class Catalogue:
    """The session's models as rows; scores and twins follow when they were read in a thread."""

    changed = Signal()
    pictures_read = Signal(object)  # QImage or None, by path

    def __init__(self, session: Session) -> None:
        self.session = session
        self.rows: tuple[ModelRow, ...] = ()
        self._facts, self._pictures = Background(), Background()
        self._wanted: dict[str, None] = {}
        self._reading = False
        self._shown: Sequence[Entry] = ()
        session.models_changed.connect(self._show)
        session.busy_changed.connect(self._refix)
        self._show()

    def fixed(self, entry: Entry) -> str:
        """Say why a model can neither be renamed nor removed; empty if it can."""
        if entry.boxed:
            return f"{entry.name} comes with the plugin: it can be neither renamed nor removed."
        if not is_own(entry.path):
            return "This file lies outside of the library. Import it: the copy can be renamed."
        run = self.session.run
        if run is not None and "train" in self.session.busy and run.writes == entry.path:
            return "This model is being trained."
        return ""

    def ask_pictures(self, paths: Iterable[str]) -> None:
        """Read the pictures of some models."""
        self._wanted.update(dict.fromkeys(paths))
        if not self._wanted or self._reading:
            return
        wanted, self._wanted, self._reading = tuple(self._wanted), {}, True
        self._pictures.run(
            "reading pictures of models",
            lambda: {path: picture_of(path) for path in wanted},
            self._take_pictures,
            self._failed,
        )

    def _show(self) -> None:
        """Show the models at once with what was known of them."""
        entries = self.session.models
        if entries == self._shown:
            return
        self._shown = entries
        before = {row.path: row for row in self.rows}
        self.rows = tuple(
            replace(before.get(e.path, ModelRow(e)), entry=e, fixed=self.fixed(e)) for e in entries
        )
        self.changed.emit()
        self._facts.run("reading scores", lambda: facts_of(entries), self._take, self._failed)

    def _refix(self) -> None:
        """Look again which models can be changed: a training may have begun or ended."""
        rows = tuple(
            row if row.fixed == (why := self.fixed(row.entry)) else replace(row, fixed=why)
            for row in self.rows
        )
        if any(new is not old for new, old in zip(rows, self.rows, strict=True)):
            self.rows = rows
            self.changed.emit()

    def _take(self, found: tuple[Mapping[str, Scores], Mapping[str, tuple[str, ...]]]) -> None:
        scored, twins = found
        self.rows = tuple(
            replace(row, scores=scored.get(row.path, {}), same_as=twins.get(row.path, ()))
            for row in self.rows
        )
        self.changed.emit()

    def _take_pictures(self, found: Mapping[str, QImage | None]) -> None:
        self._reading = False
        self.pictures_read.emit(found)
        self.ask_pictures(())

    def _failed(self, error: Exception) -> None:
        self._reading = False
        raise error  # what cannot be read is left out: this is a fault of ours


def facts_of(entries: Sequence[Entry]) -> tuple[dict[str, Scores], dict[str, tuple[str, ...]]]:
    """Return by path the models' scores, and the names of those with the very same weights."""
    usable = [entry for entry in entries if entry.card is not None]
    twins: dict[str, tuple[str, ...]] = {}
    for group in duplicates(usable):
        for entry in group:
            twins[entry.path] = tuple(e.name for e in group if e.path != entry.path)
    return {entry.path: scores(entry) for entry in usable}, twins


def picture_of(path: str) -> QImage | None:
    """Return the picture in a model file; None if it has none that can be shown."""
    try:
        data = read_picture(path)
    except ModelError:
        return None  # the list says what is wrong with the file
    if not data:
        return None
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    reader = QImageReader(buffer, QByteArray(b"png"))
    size = reader.size()
    if not size.isValid() or size.width() * size.height() > LARGEST:
        return None
    image = reader.read()
    return None if image.isNull() else image
