"""The live part of the Correct view: what is painted on, its scores, and its errors."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_unet.widgets.parts.action import Action
from napari_unet.widgets.parts.form import add_row, narrow
from napari_unet.widgets.parts.picker import Choice
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Text
from napari_unet.widgets.views.error_regions import ErrorRegions
from napari_unet.widgets.views.live_scores import LiveScores

UNDO, REDO = "Ctrl+Z", "Ctrl+Shift+Z"  # keys while the keyboard is in the dock
# What buttons do if they cannot be used, and if they can.
UNDOES = "Nothing was painted yet", f"Undo the last stroke on the layer named above ({UNDO})"
REDOES = "Nothing was undone", f"Do again what was undone last ({REDO})"


class PaintingPanel(QWidget):
    """Two lists of layers, buttons to paint, and what comes of it."""

    prediction_chosen = Signal(str)  # by a person, as all that follow
    reference_chosen = Signal(str)
    segment_wanted = Signal()
    paint_wanted = Signal()
    undo_wanted = Signal()
    redo_wanted = Signal()
    reference_edited = Signal(bool)

    def __init__(self, errors: ErrorRegions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.prediction, self.reference = Choice("no labels"), Choice("no reference")
        self.prediction.chosen.connect(self.prediction_chosen)
        self.reference.chosen.connect(self.reference_chosen)
        self.hint = Text()
        self.segment = Action("&Segment", "Segment the open image with the selected model")
        self.on = Text()
        self.edit_reference = QCheckBox("Edit the &reference")
        self.edit_reference.setToolTip(
            "Paint on the reference in place of the prediction. Its file is never changed."
        )
        self.paint = QPushButton("&Paint")
        self.paint.setToolTip("Take the brush, on the layer named above")
        self.undo, self.redo = QPushButton("Undo"), QPushButton("Redo")
        self.scores, self.errors = LiveScores(), errors
        self._lay_out()
        self.segment.clicked.connect(self.segment_wanted)
        self.paint.clicked.connect(lambda: self.paint_wanted.emit())
        self.undo.clicked.connect(lambda: self.undo_wanted.emit())
        self.redo.clicked.connect(lambda: self.redo_wanted.emit())
        self.edit_reference.clicked.connect(
            lambda: self.reference_edited.emit(self.edit_reference.isChecked())
        )

    # --- setters ------------------------------------------------------------------------------

    def set_layers(
        self, layers: Sequence[tuple[str, str]], prediction: str, reference: str
    ) -> None:
        """Offer layers, as (id, name), with the two that are compared chosen."""
        self.prediction.set_items(layers, prediction)
        self.reference.set_items(layers, reference)

    def set_problem(self, text: str, compared: bool) -> None:
        """Say why there are no scores; ``compared`` if two layers are being followed."""
        if text != self.hint.plain:
            self.hint.set_text(text)
        self.scores.setVisible(compared and not text)
        self.errors.setVisible(compared)

    def set_segment(self, offered: bool, reason: str) -> None:
        """Offer to segment the image, and say why that is not possible; empty if it is."""
        self.segment.setVisible(offered)
        self.segment.set_reason(reason)

    def set_painted(self, name: str, on_reference: bool, can_edit_reference: bool) -> None:
        """Name the layer that is painted on; empty if there is none."""
        kind = "the reference" if on_reference else "the prediction"
        self.on.set_text(f"You paint on {kind}: {name}" if name else "")
        self.edit_reference.setChecked(on_reference)
        self.edit_reference.setEnabled(can_edit_reference)
        for widget in (self.edit_reference, self.paint, self.undo, self.redo):
            widget.setVisible(bool(name) or can_edit_reference)
        self.paint.setEnabled(bool(name))

    def set_history(self, undo: bool, redo: bool) -> None:
        """Say whether there are strokes to undo and to redo."""
        for button, can, tips in ((self.undo, undo, UNDOES), (self.redo, redo, REDOES)):
            if button.isEnabled() != can:
                button.setEnabled(can)
                button.setToolTip(tips[can])

    # --- inside -------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        rows = narrow(QFormLayout())
        add_row(rows, "Prediction", self.prediction, "The labels that are judged and corrected.")
        add_row(rows, "Reference", self.reference, "The labels that are taken for true.")
        buttons = QHBoxLayout()
        for button in (self.paint, self.undo, self.redo):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(rows)
        for widget in (self.hint, self.segment, self.on, self.edit_reference):
            layout.addWidget(widget)
        layout.addLayout(buttons)
        layout.addWidget(self.scores)
        layout.addWidget(self.errors)
