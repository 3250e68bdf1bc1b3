"""A small plot of how training goes: the loss falls, the validation Dice rises."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

# Okabe and Ito's blue and orange, which colour-blind people can tell apart, in a lighter and a
# darker shade for dark and light themes.
DARK = ("#56b4e9", "#e69f00")
LIGHT = ("#00588c", "#824a00")


@dataclass(frozen=True)
class Line:
    """One curve: its name and a value per epoch; values that are not finite are gaps."""

    name: str
    values: tuple[float, ...]


class Curve(QWidget):
    """Draws one or two lines over epochs, with the lowest and highest value at the axis."""

    def __init__(
        self,
        title: str,
        bounds: tuple[float, float] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._title, self._bounds = title, bounds
        self._lines: tuple[Line, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_lines(self, lines: Sequence[Line]) -> None:
        """Show these lines."""
        self._lines = tuple(lines)
        latest = (f"{line.name} {line.values[-1]:.3f}" for line in self._lines if line.values)
        self.setAccessibleName(f"{self._title}: {', '.join(latest)}")
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a flat shape that fits a dock."""
        return QSize(240, 6 * self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return the smallest size at which the curve can be read."""
        return QSize(120, 6 * self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        """Draw title, legend, frame and lines."""
        text = self.palette().color(QPalette.ColorRole.WindowText)
        shades = DARK if text.lightness() > 127 else LIGHT
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            head = self.fontMetrics().height() + 4
            self._draw_head(painter, text, shades)
            low, high = self._range()
            margin = max(map(self._width, (_number(low), _number(high)))) + 6
            frame = QRectF(margin, head, self.width() - margin - 2, self.height() - head - 4)
            self._draw_axis(painter, frame, text, low, high)
            for line, shade in zip(self._lines, shades, strict=False):
                self._draw_line(painter, frame, line.values, QColor(shade), low, high)

    def _width(self, text: str) -> int:
        return self.fontMetrics().horizontalAdvance(text)

    def _range(self) -> tuple[float, float]:
        if self._bounds is not None:
            return self._bounds
        values = [v for line in self._lines for v in line.values if math.isfinite(v)]
        low, high = min(values, default=0.0), max(values, default=1.0)
        return (low, high) if high > low else (low - 0.5, high + 0.5)

    def _draw_head(self, painter: QPainter, text: QColor, shades: Sequence[str]) -> None:
        base = self.fontMetrics().ascent() + 1
        painter.setPen(text)
        painter.drawText(0, base, self._title)
        x = self._width(self._title) + 12
        for line, shade in zip(self._lines, shades, strict=False):
            value = f" {line.values[-1]:.3f}" if line.values else ""
            painter.setPen(QColor(shade))
            painter.drawText(x, base, f"— {line.name}{value}")
            x += self._width(f"— {line.name}{value}") + 10

    def _draw_axis(
        self, painter: QPainter, frame: QRectF, text: QColor, low: float, high: float
    ) -> None:
        painter.setPen(text)
        right = Qt.AlignmentFlag.AlignRight
        room = QRectF(0, frame.top(), frame.left() - 4, frame.height())
        painter.drawText(room, right | Qt.AlignmentFlag.AlignTop, _number(high))
        painter.drawText(room, right | Qt.AlignmentFlag.AlignBottom, _number(low))
        faint = QColor(text)
        faint.setAlpha(110)
        painter.setPen(faint)
        painter.drawRect(frame)

    def _draw_line(
        self,
        painter: QPainter,
        frame: QRectF,
        values: Sequence[float],
        colour: QColor,
        low: float,
        high: float,
    ) -> None:
        step = frame.width() / max(len(values) - 1, 1)
        points = [
            QPointF(
                frame.left() + i * step,
                frame.bottom() - frame.height() * (min(max(v, low), high) - low) / (high - low),
            )
            for i, v in enumerate(values)
            if math.isfinite(v)
        ]
        painter.setPen(QPen(colour, 2.0))
        painter.drawPolyline(QPolygonF(points))
        if points:
            painter.setBrush(colour)
            painter.drawEllipse(points[-1], 2.0, 2.0)
            painter.setBrush(Qt.BrushStyle.NoBrush)


def _number(value: float) -> str:
    return f"{value:.2g}"
