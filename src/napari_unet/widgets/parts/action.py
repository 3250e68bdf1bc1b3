"""Buttons that say why they cannot be used, and a bar for what is running."""

from __future__ import annotations

from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Text

STEPS = 1000


def push_button(label: str, tooltip: str) -> QPushButton:
    """Return a push button with a tooltip, which `enable` shows again once it can be used."""
    made = QPushButton(label)
    made.setToolTip(tooltip)
    made.setProperty("help", tooltip)
    return made


def enable(widget: QWidget, why_not: str, tooltip: str = "") -> None:
    """Let a widget be used, with a new tooltip if one is given, or say there why it cannot be."""
    if tooltip:
        widget.setProperty("help", tooltip)
    widget.setEnabled(not why_not)
    widget.setToolTip(why_not or str(widget.property("help") or ""))


class Action(QWidget):
    """A push button with a line below it for the reason why it is disabled."""

    clicked = Signal()

    def __init__(self, label: str, tooltip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tooltip = tooltip
        self.button = QPushButton(label)
        self.button.clicked.connect(lambda: self.clicked.emit())
        self.reason = Text()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.button)
        layout.addWidget(self.reason)
        self.set_reason("")

    def set_reason(self, reason: str) -> None:
        """Disable the button and say why; an empty reason enables it."""
        self.button.setEnabled(not reason)
        self.button.setToolTip(reason or self._tooltip)
        self.reason.set_text(reason)


class Running(QWidget):
    """A progress bar with what is being done, and a button to stop it."""

    stop = Signal()

    def __init__(self, label: str = "Cancel", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = label
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.button = QPushButton(label)
        self.button.clicked.connect(lambda: self.stop.emit())
        self.text = Text()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.bar, 1)
        row.addWidget(self.button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.text)
        self.hide()

    def set_running(self, text: str, share: float | None, stopping: bool = False) -> None:
        """Show what runs; ``share`` is what is done of it, None while that is unknown."""
        # A bar from 0 to 0 is Qt's way to show activity without a measure.
        self.bar.setRange(0, 0 if share is None else STEPS)
        if share is not None:
            self.bar.setValue(round(STEPS * share))
        self.text.set_text(text)
        self.button.setEnabled(not stopping)
        self.button.setText("Stopping…" if stopping else self._label)
        self.show()

    def set_idle(self) -> None:
        """Hide: nothing runs."""
        self.hide()
