"""A range of numbers: from and to, either of which may be left open."""

from __future__ import annotations

import math

from qtpy.QtGui import QDoubleValidator
from qtpy.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QWidget

from napari_unet.widgets.parts.qt import Signal


class Span(QWidget):
    """Two fields for the ends of a range; an empty one means no bound."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.low, self.high = QLineEdit(), QLineEdit()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for field, words in ((self.low, "lowest"), (self.high, "highest")):
            field.setPlaceholderText(words)
            field.setAccessibleName(f"{words} value")
            field.setValidator(QDoubleValidator(field))
            field.setClearButtonEnabled(True)
            field.textChanged.connect(lambda _: self.changed.emit())
        layout.addWidget(self.low, 1)
        layout.addWidget(QLabel("to"))
        layout.addWidget(self.high, 1)

    def bounds(self) -> tuple[float, float]:
        """Return both ends; infinite where there is none."""
        return _number(self.low, -math.inf), _number(self.high, math.inf)

    def is_open(self) -> bool:
        """Say whether every number is within."""
        return self.bounds() == (-math.inf, math.inf)

    def clear(self) -> None:
        """Take away both bounds."""
        for field in (self.low, self.high):
            field.clear()


def _number(field: QLineEdit, otherwise: float) -> float:
    """Return what a field says, a number in the user's language or in English."""
    value, sure = field.locale().toDouble(field.text())
    if sure:
        return float(value)
    try:
        return float(field.text())
    except ValueError:  # empty, or half of a number
        return otherwise
