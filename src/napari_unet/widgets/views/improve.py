"""Improve a model: on how much, for how long, how it goes, and what it has brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qtpy.QtWidgets import (
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_unet.widgets.parts.action import Action
from napari_unet.widgets.parts.form import add_row, narrow
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.rows import Column
from napari_unet.widgets.parts.table import Table
from napari_unet.widgets.parts.text import Text
from napari_unet.widgets.views.curves import CurvesPanel
from napari_unet.widgets.views.progress import ProgressPanel

LINES = 6  # of the table of differences


@dataclass(frozen=True)
class Change:
    """An image's Dice with the old and with the new model."""

    name: str
    old: float
    new: float

    @property
    def difference(self) -> float:
        """How much better the new one is."""
        return self.new - self.old


COLUMNS = (
    Column("Image", lambda c: c.name, tooltip=lambda c: c.name),
    Column("Old", lambda c: f"{c.old:.3f}", lambda c: c.old, help="Dice with the old model"),
    Column("New", lambda c: f"{c.new:.3f}", lambda c: c.new, help="Dice with the new model"),
    Column("Change", lambda c: f"{c.difference:+.3f}", lambda c: c.difference),
)


class ImproveView(QWidget):
    """Lets a person go on training a model on what was corrected, and choose between the two."""

    improve_wanted = Signal()
    pause_wanted = Signal(bool)
    stop_wanted = Signal()
    resume_wanted = Signal()
    case_wanted = Signal(str)  # its name
    chosen = Signal(bool)  # True: use the new model
    name_changed = Signal(str)  # by a person
    minutes_changed = Signal(float)  # by a person

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.data = Text()
        self.minutes = QDoubleSpinBox()
        self.minutes.setRange(0.05, 10_000.0)
        self.minutes.setDecimals(1)
        self.minutes.setSuffix(" min")
        self.name = QLineEdit()
        self.action = Action(
            "&Improve model",
            "Go on training the selected model on the corrected cases, in the background",
        )
        self.running = ProgressPanel()
        self.resume = QPushButton("&Resume")
        self.resume.setToolTip("Go on where this training was stopped, and compare then")
        self.curves = CurvesPanel()
        self.result = QWidget()
        self.headline, self.words = Text(), Text()
        self.table = Table(COLUMNS)
        self.table.setAccessibleName("Dice of each image with both models")
        self.table.set_widths("…slice01", "0.000", "0.000", "+0.000", grow=0)
        self.table.fix_height(LINES)
        self.new = QPushButton("&Use the new model")
        self.new.setToolTip("Select the new model; the old one's file stays")
        self.old = QPushButton("&Keep the old one")
        self.old.setToolTip("Stay with the old model; the new one's file stays, too")
        self._lay_out()
        self._connect()
        self.set_after(False)
        self.set_result(None)

    # --- setters ------------------------------------------------------------------------------

    def set_data(self, text: str) -> None:
        """Say what is learned from."""
        self.data.set_text(text)

    def set_wish(self, minutes: float, name: str) -> None:
        """Show for how long, and what the new model is called."""
        self.minutes.blockSignals(True)
        self.minutes.setValue(minutes)
        self.minutes.blockSignals(False)
        if self.name.text() != name:
            self.name.setText(name)
            self.name.setCursorPosition(0)

    def set_reason(self, reason: str, waits: bool) -> None:
        """Say why nothing can be improved; it ``waits`` while something else is trained."""
        self.action.set_reason(reason)
        self.action.button.setText(
            "&Improve after this training" if waits and not reason else "&Improve model"
        )

    def set_history(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Draw how the training goes."""
        self.curves.set_histories({"": rows})

    def set_after(self, resume: bool) -> None:
        """Offer to go on with what was stopped."""
        self.resume.setVisible(resume)

    def set_result(
        self, headline: str | None, words: str = "", changes: Sequence[Change] = ()
    ) -> None:
        """Show what both models reach, and by how much each image changed; None: nothing yet."""
        self.headline.set_text(headline or "")
        self.words.set_text(words)
        self.table.rows.set_rows(sorted(changes, key=lambda c: c.difference))
        self.table.setVisible(bool(changes))
        self.result.setVisible(headline is not None)

    # --- inside -------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        form = narrow(QFormLayout())
        add_row(form, "Train for", self.minutes, "How long training goes on")
        add_row(form, "New model", self.name, "Its name in the workspace of models")
        inside = QVBoxLayout(self.result)
        inside.setContentsMargins(0, 0, 0, 0)
        buttons = QHBoxLayout()
        buttons.addWidget(self.new)
        buttons.addWidget(self.old)
        for widget in (self.headline, self.words, self.table):
            inside.addWidget(widget)
        inside.addLayout(buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.data)
        layout.addLayout(form)
        for part in (self.action, self.running, self.resume, self.result, self.curves):
            layout.addWidget(part)
        layout.addStretch(1)  # or texts would spread

    def _connect(self) -> None:
        self.action.clicked.connect(self.improve_wanted)
        self.running.pause_wanted.connect(self.pause_wanted)
        self.running.stop_wanted.connect(self.stop_wanted)
        self.resume.clicked.connect(lambda: self.resume_wanted.emit())
        self.table.opened.connect(lambda change: self.case_wanted.emit(change.name))
        self.new.clicked.connect(lambda: self.chosen.emit(True))
        self.old.clicked.connect(lambda: self.chosen.emit(False))
        self.name.textEdited.connect(self.name_changed)
        self.minutes.valueChanged.connect(self.minutes_changed)
