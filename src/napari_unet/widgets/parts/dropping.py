"""Files that are dragged from elsewhere and dropped on a widget."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QMimeData, QObject
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QAbstractScrollArea, QWidget

from napari_unet.widgets.parts.qt import Signal

DRAGGED = (QEvent.Type.DragEnter, QEvent.Type.DragMove)


class FileDrop(QObject):
    """Takes local files that are dropped on a widget, if all of them are ``wanted``."""

    dropped = Signal(object)  # their paths

    def __init__(self, widget: QWidget, wanted: Callable[[str], bool]) -> None:
        super().__init__(widget)
        self._wanted = wanted
        # What scrolls hands drops to what is scrolled.
        inside = widget.viewport() if isinstance(widget, QAbstractScrollArea) else None
        for target in (widget, inside):
            if target is not None:
                target.setAcceptDrops(True)
                target.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Accept what is wanted; all else goes on as if this were not here."""
        if not isinstance(event, QDropEvent):
            return super().eventFilter(watched, event)
        files = self._files(event.mimeData())
        if not files:
            return super().eventFilter(watched, event)
        event.acceptProposedAction()
        if event.type() not in DRAGGED:
            self.dropped.emit(files)
        return True

    def _files(self, data: QMimeData | None) -> list[str]:
        urls = data.urls() if data is not None else []
        files = [url.toLocalFile() for url in urls if url.isLocalFile()]
        return files if len(files) == len(urls) and all(map(self._wanted, files)) else []
