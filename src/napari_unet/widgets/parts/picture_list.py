"""What lists of pictures share: pictures come later, and Enter opens a row."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from qtpy.QtCore import QModelIndex
from qtpy.QtGui import QKeyEvent, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QListView, QWidget

from napari_unet.widgets.parts.keys import took_enter
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.rows import ROW
from napari_unet.widgets.parts.timing import single_shot

WAIT = 30  # milliseconds in which rows that come into view are asked for together


class PictureList(QListView):
    """Keeps pictures by keys, the latest ``kept`` of them, and asks for those that are looked at.

    Parameters
    ----------
    kept
        How many pictures.
    """

    opened = Signal(object)  # the row
    needed = Signal(object)  # rows whose pictures are missing

    def __init__(self, kept: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kept = kept
        self._pictures: OrderedDict[str, QPixmap | None] = OrderedDict()
        self._missing: dict[str, Any] = {}
        self._later = single_shot(WAIT, self._ask, self)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)

    def keep(self, pictures: Iterable[tuple[str, QPixmap | None]]) -> None:
        """Show pictures by their keys; None where there is none to be had."""
        for key, pixmap in pictures:
            self._pictures[key] = pixmap
            self._pictures.move_to_end(key)
        while len(self._pictures) > self._kept:
            self._pictures.popitem(last=False)
        self._redraw()

    def forget(self) -> None:
        """Forget all pictures: the rows are others now."""
        self._pictures.clear()
        self._missing.clear()
        self._redraw()

    def picture_of(self, key: str, row: Any) -> QPixmap | None:
        """Return a row's picture, and ask for it if it is missing."""
        if not self.knows(key):
            self._missing[key] = row
            self._later.start()
        return self._pictures.get(key)

    def knows(self, key: str) -> bool:
        """Say whether it is known what picture there is, even if none."""
        return key in self._pictures

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802
        """Open the current row on Enter."""
        if not took_enter(event, lambda: self._open(self.currentIndex())):
            super().keyPressEvent(event)

    def _open(self, index: QModelIndex) -> None:
        if index.isValid():
            self.opened.emit(index.data(ROW))

    def _ask(self) -> None:
        rows, self._missing = list(self._missing.values()), {}
        if rows:
            self.needed.emit(rows)

    def _redraw(self) -> None:
        if (view := self.viewport()) is not None:
            view.update()
