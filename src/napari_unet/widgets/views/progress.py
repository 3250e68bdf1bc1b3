"""A training under way: how far it is, and buttons that let it rest or stop it."""

from __future__ import annotations

from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_unet.widgets.parts.action import STEPS
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Text

PAUSE, CONTINUE = "Pa&use", "&Continue"


class ProgressPanel(QWidget):
    """A bar, what is being done, and two buttons; hidden while nothing runs."""

    pause_wanted = Signal(bool)  # False: go on
    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.text = Text()
        self.pause = QPushButton(PAUSE)
        self.button = QPushButton("&Stop")
        self.button.setToolTip(
            "Stop; the best model so far is kept, and the training can be gone on with. "
            "If others wait, the next one starts."
        )
        self._paused = False
        row = QHBoxLayout()
        row.addWidget(self.pause)
        row.addWidget(self.button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self.bar)
        layout.addWidget(self.text)
        layout.addLayout(row)
        self.pause.clicked.connect(lambda: self.pause_wanted.emit(not self._paused))
        self.button.clicked.connect(lambda: self.stop_wanted.emit())
        self.hide()

    def set_running(self, text: str, share: float | None) -> None:
        """Show what runs; ``share`` is what is done of it, None while that is unknown."""
        # A bar from 0 to 0 is Qt's way to show activity without a measure.
        self.bar.setRange(0, 0 if share is None else STEPS)
        if share is not None:
            self.bar.setValue(round(STEPS * share))
        self.text.set_text(text)
        self.show()

    def set_state(self, pausable: bool, paused: bool, asked: str, stopping: bool) -> None:
        """Show whether it rests, and what it was asked for and has not done yet."""
        self._paused = paused
        self.pause.setVisible(pausable)
        self.pause.setEnabled(not stopping and not asked)
        self.pause.setText(f"{asked}…" if asked else CONTINUE if paused else PAUSE)
        self.pause.setToolTip(
            "Go on with training" if paused else "Let the computer rest; nothing is lost"
        )
        self.button.setEnabled(not stopping)
        self.button.setText("Stopping…" if stopping else "&Stop")

    def set_idle(self) -> None:
        """Hide: nothing runs."""
        self.hide()
