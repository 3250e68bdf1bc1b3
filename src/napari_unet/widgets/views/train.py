"""The Train view: settings, start and stop, and how it goes."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from napari_unet.events import EpochEnd
from napari_unet.widgets.parts.action import Action, Running
from napari_unet.widgets.parts.curve import Curve, Line
from napari_unet.widgets.parts.form import add_row
from napari_unet.widgets.parts.job_form import JobForm
from napari_unet.widgets.parts.page import Page, tab_as_laid_out
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Text


class TrainView(Page):
    """Lets a person train a model on the open dataset."""

    train_wanted = Signal()
    stop_wanted = Signal()
    name_changed = Signal(str)  # by a person
    settings_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.data = Text()
        self.form = JobForm()
        self.name = QLineEdit()
        self.name_note = Text()
        self.train = Action("&Train", "Train a model on the open dataset, in the background")
        self.running = Running("&Stop")
        self.running.button.setToolTip("Stop training; the best model so far is kept")
        self.status = Text()
        self.loss = Curve("Loss")
        self.dice = Curve("Dice", (0.0, 1.0))
        self.notes = Text()
        self.plots = QWidget()
        self._lay_out()
        self.train.clicked.connect(self.train_wanted)
        self.running.stop.connect(self.stop_wanted)
        self.name.textEdited.connect(self.name_changed)
        self.form.value_changed.connect(self.settings_changed)
        self.set_curve(())
        tab_as_laid_out(self)

    # --- setters ------------------------------------------------------------------------------

    def set_data(self, text: str) -> None:
        """Say what would be trained on."""
        self.data.set_text(text)

    def set_name(self, name: str, note: str = "") -> None:
        """Show the model's name, and what happens if there is such a model already."""
        if self.name.text() != name:
            self.name.setText(name)
            self.name.setCursorPosition(0)
        self.name_note.set_text(note)

    def set_reason(self, reason: str) -> None:
        """Say why training cannot start; empty if it can."""
        self.train.set_reason(reason)

    def set_running(self, text: str, share: float | None, stopping: bool) -> None:
        """Show that training runs."""
        self.running.set_running(text, share, stopping)

    def set_idle(self) -> None:
        """Show that no training runs."""
        self.running.set_idle()

    def set_status(self, text: str) -> None:
        """Say how the last training went, or what the running one reached."""
        self.status.set_text(text)

    def set_curve(self, epochs: Sequence[EpochEnd]) -> None:
        """Draw the epochs so far."""
        self.plots.setVisible(bool(epochs))
        self.loss.set_lines(
            [
                Line("training", tuple(e.loss for e in epochs)),
                Line("validation", tuple(e.val_loss for e in epochs)),
            ]
        )
        self.dice.set_lines([Line("validation", tuple(e.val_dice for e in epochs))])

    def set_notes(self, notes: Sequence[str]) -> None:
        """List what training had to say."""
        self.notes.set_text("\n".join(f"• {n}" for n in notes))

    # --- inside -------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        add_row(
            self.form.rows, "Model na&me", self.name, "The file's name in the workspace of models."
        )
        plots = QVBoxLayout(self.plots)
        plots.setContentsMargins(0, 0, 0, 0)
        plots.addWidget(self.loss)
        plots.addWidget(self.dice)
        self.body.addWidget(self.data)
        self.body.addWidget(self.form)
        for widget in (self.name_note, self.train, self.running, self.status, self.plots):
            self.body.addWidget(widget)
        self.body.addWidget(self.notes)
        self.body.addStretch(1)
