"""Text that fits a narrow dock: wrapped at any place, or elided in the middle."""

from __future__ import annotations

import re

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QContextMenuEvent, QGuiApplication, QPainter, QPaintEvent
from qtpy.QtWidgets import QLabel, QMenu, QSizePolicy, QWidget

BREAK = "\u200b"  # a space without width: lines may end there


class Text(QLabel):
    """Wrapped plain text; long paths and names break too, so that nothing widens the dock."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setIndent(0)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.plain = ""
        self.set_text(text)

    def set_text(self, text: str) -> None:
        """Show ``text``; an empty one takes no room."""
        self.plain = text
        self.setText(re.sub(r"\S{16,}", _breakable, text))
        # Showing a label that has no parent yet would open a window.
        if not text or self.parentWidget() is not None:
            self.setVisible(bool(text))

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:  # noqa: N802
        """Offer to copy the text as it was given, without the breaks put in for display."""
        clipboard = QGuiApplication.clipboard()
        if event is None or clipboard is None:
            return
        menu = QMenu(self)
        action = menu.addAction("Copy text")
        if menu.exec(event.globalPos()) is action:
            clipboard.setText(self.plain)
        menu.deleteLater()


def _breakable(word: re.Match[str]) -> str:
    """Allow a long word, such as a path, to be broken after its separators."""
    return re.sub(r"([/\\_.\-,:=])(?=.)", rf"\1{BREAK}", word[0])


class Elided(QLabel):
    """One line that loses its middle when there is no room; the tooltip has all of it."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.set_text(text)

    def set_text(self, text: str) -> None:
        """Show ``text``."""
        self.setText(text)
        self.setToolTip(text)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Ask for no width at all."""
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        """Draw what fits."""
        room = self.contentsRect()
        text = self.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideMiddle, room.width()
        )
        with QPainter(self) as painter:
            painter.setPen(self.palette().color(self.foregroundRole()))
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
