"""How the network is asked, beyond the plain click: which part of the image, and how often."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QPushButton, QWidget

from napari_unet.widgets.parts.fold import Fold
from napari_unet.widgets.parts.form import add_row, narrow
from napari_unet.widgets.parts.picker import Choice
from napari_unet.widgets.parts.qt import Signal

AVERAGES = (
    ("model", "the model's choice"),
    ("none", "nothing"),
    ("flips", "mirror images"),
    ("turns", "mirror images and turns"),
)


class AskingPanel(Fold):
    """Choices that most people never need."""

    where_chosen = Signal(str)
    axis_chosen = Signal(int)
    average_chosen = Signal(str)
    probability_wanted = Signal()
    uncertainty_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("More", parent)
        self.where, self.axis, self.average = Choice(), Choice(), Choice()
        self.average.set_items(AVERAGES, "model")
        self.probability = QPushButton("Probability")
        self.probability.setToolTip("Show how likely each class is, as image layers")
        self.uncertainty = QPushButton("Uncertainty")
        self.uncertainty.setToolTip(
            "Show where the network is undecided, as an image layer: how far the averaged views "
            "disagree, or how little one class stands out"
        )
        self.choices = narrow(QFormLayout())
        add_row(self.choices, "Where", self.where, "Which part of the image is segmented")
        add_row(
            self.choices, "Slices along", self.axis, "The axis along which a volume is gone through"
        )
        help = "Segment variants of the image too, and average: slower, and often better"
        add_row(self.choices, "Average over", self.average, help)
        maps = QHBoxLayout()
        maps.addWidget(self.probability)
        maps.addWidget(self.uncertainty)
        self.rows.addLayout(self.choices)
        self.rows.addLayout(maps)
        self.where.chosen.connect(self.where_chosen)
        self.axis.chosen.connect(lambda key: self.axis_chosen.emit(int(key)))
        self.average.chosen.connect(self.average_chosen)
        self.probability.clicked.connect(lambda: self.probability_wanted.emit())
        self.uncertainty.clicked.connect(lambda: self.uncertainty_wanted.emit())
        self.set_wheres((("whole", "the whole image"),), "whole")
        self.set_axes((), 0)

    def set_wheres(self, wheres: Sequence[tuple[str, str]], current: str) -> None:
        """Offer parts of the image, as (key, text)."""
        self.where.set_items(wheres, current)

    def set_axes(self, axes: Sequence[tuple[int, str]], current: int) -> None:
        """Offer axes to go along, as (axis, text); none hides the choice."""
        self.axis.set_items([(str(axis), text) for axis, text in axes], str(current))
        label = self.choices.labelForField(self.axis)
        for widget in (self.axis, label):
            if widget is not None:
                widget.setVisible(bool(axes))

    def set_average(self, average: str) -> None:
        """Show over which variants of the image the answer is averaged."""
        self.average.set_key(average)

    def set_maps(self, reason: str) -> None:
        """Say why neither probability nor uncertainty can be shown; empty if they can."""
        for button in (self.probability, self.uncertainty):
            button.setEnabled(not reason)
