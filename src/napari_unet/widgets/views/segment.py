"""The Segment view: image, model, one button, and the threshold that acts at once."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDoubleSpinBox, QFormLayout, QHBoxLayout, QLabel, QSlider, QWidget

from napari_unet.session import ImageFacts, ModelEntry
from napari_unet.widgets.parts.action import Action, Running
from napari_unet.widgets.parts.fields import plain
from napari_unet.widgets.parts.form import add_row, narrow
from napari_unet.widgets.parts.page import Page, tab_as_laid_out
from napari_unet.widgets.parts.picker import Choice, ModelPicker
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Text

STEPS = 100


class SegmentView(Page):
    """Lets a person segment an open image."""

    segment_wanted = Signal()
    cancel_wanted = Signal()
    image_chosen = Signal(str)
    model_chosen = Signal(str)
    browse = Signal()
    threshold_changed = Signal(float)  # by a person

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image = Choice("no image open")
        self.model = ModelPicker()
        self.segment = Action("&Segment", "Make a Labels layer that lies exactly on the image")
        self.running = Running()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.number = QDoubleSpinBox()
        self.threshold_label = QLabel("Th&reshold")
        self.threshold_note = Text()
        self.result = Text()
        self._lay_out()
        self._connect()
        self.set_threshold(0.5, "")
        tab_as_laid_out(self)

    # --- setters ------------------------------------------------------------------------------

    def set_images(self, images: Sequence[ImageFacts], current: str) -> None:
        """Offer the open images with the one of id ``current`` chosen."""
        self.image.set_items([(i.id, i.name) for i in images], current)

    def set_models(self, models: Sequence[ModelEntry], current: ModelEntry | None) -> None:
        """Offer these models with ``current`` chosen."""
        self.model.set_models(models, current)

    def set_reason(self, reason: str) -> None:
        """Say why nothing can be segmented now; empty if it can."""
        self.segment.set_reason(reason)

    def set_running(self, text: str, share: float | None, stopping: bool) -> None:
        """Show that a segmentation runs."""
        self.running.set_running(text, share, stopping)

    def set_idle(self) -> None:
        """Show that no segmentation runs."""
        self.running.set_idle()

    def set_threshold(self, threshold: float, note: str) -> None:
        """Show the threshold; ``note`` says why it cannot be moved, empty if it can."""
        for widget in (self.slider, self.number):
            widget.blockSignals(True)
            widget.setEnabled(not note)
            widget.setToolTip(note or "The probability from which on a pixel is foreground")
        self.slider.setValue(round(threshold * STEPS))
        self.number.setValue(threshold)
        for widget in (self.slider, self.number):
            widget.blockSignals(False)
        self.threshold_note.set_text(note)

    def set_result(self, text: str) -> None:
        """Say what was found."""
        self.result.set_text(text)

    # --- inside -------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.slider.setRange(0, STEPS)
        self.slider.setPageStep(5)
        self.slider.setMinimumWidth(40)
        self.slider.setAccessibleName("Threshold")
        self.number.setRange(0.0, 1.0)
        self.number.setSingleStep(0.01)
        self.number.setDecimals(2)
        self.number.setKeyboardTracking(False)
        plain(self.number)
        self.threshold_label.setBuddy(self.slider)
        threshold = QHBoxLayout()
        threshold.addWidget(self.threshold_label)
        threshold.addWidget(self.slider, 1)
        threshold.addWidget(self.number)
        rows = narrow(QFormLayout())
        add_row(rows, "&Image", self.image, "The layer to segment; the active one is preselected.")
        add_row(rows, "Mo&del", self.model, "The newest model that fits is preselected.")
        self.body.addLayout(rows)
        self.body.addWidget(self.segment)
        self.body.addWidget(self.running)
        self.body.addLayout(threshold)
        self.body.addWidget(self.threshold_note)
        self.body.addWidget(self.result)
        self.body.addStretch(1)

    def _connect(self) -> None:
        self.segment.clicked.connect(self.segment_wanted)
        self.running.stop.connect(self.cancel_wanted)
        self.image.chosen.connect(self.image_chosen)
        self.model.chosen.connect(self.model_chosen)
        self.model.browse.connect(self.browse)
        self.slider.valueChanged.connect(lambda v: self.threshold_changed.emit(v / STEPS))
        self.number.valueChanged.connect(self.threshold_changed)
