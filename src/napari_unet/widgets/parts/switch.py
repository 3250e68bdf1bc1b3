"""Tabs in as many lines as they need: Qt's own hide what does not fit into one."""

from __future__ import annotations

from math import ceil

from qtpy.QtCore import QSize
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QPushButton,
    QSizePolicy,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

STYLE = "QPushButton { padding: 3px 1px; }"
ROOM = 10  # pixels around a name


class Switch(QWidget):
    """The pages of a tab widget, and a button for each above them.

    The buttons lie in one line where all of them can be read, else in lines of equal length. The
    arrow keys go from one to the next.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tabs = QTabWidget()
        bar = self.tabs.tabBar()
        assert bar is not None
        bar.hide()
        self.buttons = QButtonGroup(self)
        self._names = QWidget()
        self._names.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._grid = QGridLayout(self._names)
        self._grid.setContentsMargins(2, 0, 2, 0)
        self._grid.setSpacing(2)
        self._in_line = 0
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._names)
        layout.addWidget(self.tabs, 1)
        self.buttons.idClicked.connect(self.tabs.setCurrentIndex)
        self.tabs.currentChanged.connect(self._show_current)

    def add(self, page: QWidget, name: str, help: str) -> None:
        """Add a page at the end."""
        button = QPushButton(name)
        button.setCheckable(True)
        button.setStyleSheet(STYLE)
        button.setToolTip(help)
        button.setAccessibleName(f"{name}, tab")
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.buttons.addButton(button, self.tabs.count())
        self.tabs.addTab(page, name)
        self._in_line = 0
        self._lay_out()
        self._show_current(self.tabs.currentIndex())

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        """Put the buttons into as few lines as will do."""
        super().resizeEvent(event)
        self._lay_out()

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Ask for what the pages need: the buttons go below each other."""
        return QSize(self.tabs.minimumSizeHint().width(), super().minimumSizeHint().height())

    def _lay_out(self) -> None:
        buttons = self.buttons.buttons()
        if not buttons:
            return
        widest = max(b.fontMetrics().horizontalAdvance(b.text()) for b in buttons) + ROOM
        fits = max(self.width() // widest, 1)
        lines = ceil(len(buttons) / fits)
        in_line = ceil(len(buttons) / lines)
        if in_line == self._in_line:
            return
        self._in_line = in_line
        for i, button in enumerate(buttons):
            self._grid.addWidget(button, *divmod(i, in_line))
            self._grid.setColumnStretch(i, int(i < in_line))

    def _show_current(self, index: int) -> None:
        if (button := self.buttons.button(index)) is not None:
            button.setChecked(True)
