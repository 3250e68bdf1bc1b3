"""Trainings that wait for their turn."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Elided, Text


class QueuePanel(QWidget):
    """One row for each, with buttons to reorder and to remove; hidden while none waits."""

    moved = Signal(int, int)  # place, by
    removed = Signal(int)  # place

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = Text()
        self.rows: list[QueueRow] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self._layout.addWidget(self.title)
        self.hide()

    def set_waiting(self, names: Sequence[str], details: Sequence[str]) -> None:
        """Show what waits, the next one first; ``details`` are the tooltips."""
        for row in self.rows:
            self._layout.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = []
        for i, (name, detail) in enumerate(zip(names, details, strict=True)):
            row = QueueRow(i, name, detail, last=i == len(names) - 1)
            row.moved.connect(self.moved)
            row.removed.connect(self.removed)
            self._layout.addWidget(row)
            self.rows.append(row)
            row.show()
        self.title.set_text(f"Waiting ({len(names)}), one after the other:" if names else "")
        self.setVisible(bool(names))


class QueueRow(QWidget):
    """A training that waits."""

    moved = Signal(int, int)
    removed = Signal(int)

    def __init__(self, place: int, name: str, detail: str, last: bool) -> None:
        super().__init__()
        self.name = Elided(f"{place + 1}. {name}")
        self.name.setToolTip(detail)
        self.up = _button("↑", f"Start {name} earlier", enabled=place > 0)
        self.down = _button("↓", f"Start {name} later", enabled=not last)
        self.remove = _button("✕", f"Do not train {name}", enabled=True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.name, 1)
        for button in (self.up, self.down, self.remove):
            layout.addWidget(button)
        self.up.clicked.connect(lambda: self.moved.emit(place, -1))
        self.down.clicked.connect(lambda: self.moved.emit(place, 1))
        self.remove.clicked.connect(lambda: self.removed.emit(place))


def _button(text: str, words: str, enabled: bool) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(words)
    button.setAccessibleName(words)
    button.setEnabled(enabled)
    return button
