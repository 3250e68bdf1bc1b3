"""What is done to labels once they are there: clean them up, and measure their objects."""

from __future__ import annotations

from qtpy.QtWidgets import QDoubleSpinBox, QHBoxLayout, QPushButton, QWidget

from napari_unet.config import CleanUp
from napari_unet.widgets.parts.fields import FloatField, IntField
from napari_unet.widgets.parts.fold import Fold
from napari_unet.widgets.parts.form import Form
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Text


class CleanUpPanel(Fold):
    """A form of `CleanUp` that is heeded at once; the title tells whether it does anything."""

    changed = Signal(CleanUp)  # by a person

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Clean up", parent)
        self.form = Form(CleanUp())
        self.reset = QPushButton("No clean-up")
        self.reset.setToolTip("Show the labels as the threshold makes them")
        smooth, least = self.form.fields["smooth"], self.form.fields["min_size"]
        if isinstance(smooth, FloatField):
            smooth.spin.setStepType(QDoubleSpinBox.StepType.DefaultStepType)
            smooth.spin.setSingleStep(0.5)
            smooth.spin.setKeyboardTracking(False)
        if isinstance(least, IntField):
            least.spin.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
            least.spin.setKeyboardTracking(False)
        self.rows.addWidget(self.form)
        self.rows.addWidget(self.reset)
        self.form.value_changed.connect(self._edited)
        self.reset.clicked.connect(lambda: self.form.set_value(CleanUp()))
        self._show_state()

    def set_cleanup(self, cleanup: CleanUp) -> None:
        """Show what is done."""
        self.form.blockSignals(True)
        self.form.set_value(cleanup)
        self.form.blockSignals(False)
        self._show_state()

    def _edited(self) -> None:
        self._show_state()
        self.changed.emit(self.form.value())

    def _show_state(self) -> None:
        on = bool(self.form.value())
        self.set_title("Clean up (on)" if on else "Clean up")
        self.reset.setEnabled(on)


class ObjectsPanel(Fold):
    """How many objects there are, and two buttons to measure and to save them."""

    measure_wanted = Signal()
    export_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Objects", parent)
        self.text = Text()
        self.measure = QPushButton("&Measure")
        self.export = QPushButton("Save as &CSV…")
        row = QHBoxLayout()
        row.addWidget(self.measure)
        row.addWidget(self.export)
        self.rows.addWidget(self.text)
        self.rows.addLayout(row)
        self.measure.clicked.connect(lambda: self.measure_wanted.emit())
        self.export.clicked.connect(lambda: self.export_wanted.emit())
        self.set_reason("")

    def set_objects(self, text: str) -> None:
        """Say how many objects there are, and how large they are together."""
        self.text.set_text(text)

    def set_reason(self, reason: str) -> None:
        """Say why nothing can be measured; empty if it can."""
        about = (
            "Measure every object: size, place, intensity, shape. napari shows the table under "
            "Layers ▸ Metadata ▸ Features table widget."
        )
        for button, help in ((self.measure, about), (self.export, "Measure, and write a table")):
            button.setEnabled(not reason)
            button.setToolTip(reason or help)
