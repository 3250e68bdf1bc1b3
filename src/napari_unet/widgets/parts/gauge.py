"""A bar that shows a share, and where it began."""

from __future__ import annotations

import math

from qtpy.QtCore import QRectF, QSize
from qtpy.QtGui import QColor, QPainter, QPaintEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

HEIGHT = 8
# Okabe and Ito's: better, worse. What both have in common takes the theme's own colour.
MORE, LESS = QColor("#009e73"), QColor("#d55e00")


class Gauge(QWidget):
    """Shows a value from 0 to 1, and what it has gained or lost since it began."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._before = self._now = math.nan
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Ask for a thin line."""
        return QSize(80, HEIGHT)

    def set_values(self, before: float, now: float) -> None:
        """Show where it began and where it stands; NaN for nothing."""
        if (before, now) != (self._before, self._now):
            self._before, self._now = before, now
            self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        """Draw the bar."""
        low, high = sorted((self._before, self._now))
        with QPainter(self) as painter:
            ink = self.palette().color(self.foregroundRole())
            ground = QColor(ink)
            ground.setAlpha(50)
            painter.fillRect(self.rect(), ground)
            if math.isnan(low) or math.isnan(high):
                return
            width, height = self.width(), self.height()
            ink.setAlpha(160)
            painter.fillRect(QRectF(0, 0, low * width, height), ink)
            change = MORE if self._now >= self._before else LESS
            painter.fillRect(QRectF(low * width, 0, (high - low) * width, height), change)
