"""A plot of curves over epochs, with zoom, values at the pointer, and the theme's colours."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from qtpy.QtCore import QPointF, Qt
from qtpy.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_unet.widgets.parts.plot import Plot
from napari_unet.widgets.parts.qt import Signal

THIN, THICK = 1.4, 2.4


@dataclass(frozen=True)
class Line:
    """One curve: its name and a value per epoch; values that are not finite are gaps.

    ``colour`` is a place in the palette. A ``faint`` one is thin and dashed, for what only
    accompanies another.
    """

    name: str
    values: tuple[float, ...]
    colour: int = 0
    faint: bool = False


class Curve(QWidget):
    """Draws lines over epochs, with a legend that tells their values.

    Dragging zooms, a double click shows everything again. ``bounds`` fixes the vertical axis while
    nothing is zoomed.
    """

    hovered = Signal(int)  # the epoch under the pointer, 0 for none

    def __init__(
        self,
        title: str,
        bounds: tuple[float, float] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.title, self._bounds = title, bounds
        self._lines: tuple[Line, ...] = ()
        self._epoch = 0
        self._zoomed = False
        self.legend = QLabel()
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setWordWrap(True)
        self.legend.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.plot = _Plot(self)
        self.plot.setToolTip("Drag to zoom in; double-click to see everything again")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self.legend)
        layout.addWidget(self.plot)
        self.plot.moved.connect(self._hover)
        self.plot.zoomed.connect(self._note_zoom)
        self.plot.recoloured.connect(self._draw)
        self.plot.restyle()

    # --- setters ------------------------------------------------------------------------------

    def set_lines(self, lines: Sequence[Line]) -> None:
        """Show these lines."""
        self._lines = tuple(lines)
        latest = (f"{line.name} {line.values[-1]:.3f}" for line in self._lines if line.values)
        self.setAccessibleName(f"{self.title}: {', '.join(latest)}")
        self._draw()

    def set_hovered(self, epoch: int) -> None:
        """Tell the values of an epoch; those of the last one for 0."""
        self._epoch = epoch
        self.plot.mark(epoch)
        self._write_legend()

    def show_all(self) -> None:
        """Undo zooming."""
        self._zoomed = False
        self._fit()

    # --- inside -------------------------------------------------------------------------------

    def _shade(self, line: Line) -> str:
        shades = self.plot.shades
        return shades[line.colour % len(shades)]

    def _draw(self) -> None:
        self.plot.draw([(line, self._shade(line)) for line in self._lines])
        if not self._zoomed:
            self._fit()
        self._write_legend()

    def _fit(self) -> None:
        count = max((len(line.values) for line in self._lines), default=0)
        values = [v for line in self._lines for v in line.values if math.isfinite(v)]
        low, high = self._bounds or (min(values, default=0.0), max(values, default=1.0))
        if high <= low:
            low, high = low - 0.5, high + 0.5
        self.plot.set_range((1, max(count, 2)), (low, high))

    def _write_legend(self) -> None:
        epoch = self._epoch
        parts = []
        for line in self._lines:
            value = _value(line, epoch)
            mark = "╌" if line.faint else "━"
            told = "" if value is None else f" <b>{value:.3f}</b>"
            parts.append(
                f'<span style="white-space: nowrap"><font color="{self._shade(line)}">{mark}</font>'
                f" {html.escape(line.name)}{told}</span>"
            )
        head = f"<b>{self.title}</b>{f', epoch {epoch}' if epoch else ''}"
        self.legend.setText("&nbsp; ".join([head, *parts]))

    def _hover(self, x: float) -> None:
        count = max((len(line.values) for line in self._lines), default=0)
        epoch = round(x) if math.isfinite(x) and 0.5 <= x <= count + 0.5 else 0
        epoch = min(epoch, count)
        if epoch != self._epoch:
            self.set_hovered(epoch)
            self.hovered.emit(epoch)

    def _note_zoom(self, zoomed: bool) -> None:
        self._zoomed = zoomed
        if not zoomed:
            self._fit()


class _Plot(Plot):
    """pyqtgraph's part of a curve: lines, and what the pointer does."""

    moved = Signal(float)  # where on the axis of epochs; NaN when the pointer has left
    zoomed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(bottom=_epochs_axis(), parent=parent)
        self.box.setMouseMode(self.pg.ViewBox.RectMode)
        self.box.setDefaultPadding(0.03)
        self._pointer = self.pg.InfiniteLine(angle=90)
        self._pointer.hide()
        self.box.addItem(self._pointer, ignoreBounds=True)
        self._items: list[Any] = []
        self.recoloured.connect(self._recolour)
        self.box.sigRangeChangedManually.connect(lambda *_: self.zoomed.emit(True))
        self.canvas.scene().sigMouseMoved.connect(self._tell)
        self.canvas.left.connect(lambda: self.moved.emit(math.nan))
        self.canvas.double_clicked.connect(lambda: self.zoomed.emit(False))

    def draw(self, lines: Sequence[tuple[Line, str]]) -> None:
        """Draw lines in colours; items are reused, since making them takes time."""
        while len(self._items) < len(lines):
            item = self.pg.PlotDataItem(antialias=True, connect="finite")
            self.box.addItem(item)
            self._items.append(item)
        for item, (line, shade) in zip(self._items, lines, strict=False):
            style = Qt.PenStyle.DashLine if line.faint else Qt.PenStyle.SolidLine
            pen = self.pg.mkPen(shade, width=THIN if line.faint else THICK, style=style)
            values = np.asarray(line.values, float)
            lone = np.count_nonzero(np.isfinite(values)) < 2  # no line can be seen yet
            item.setData(
                np.arange(1, len(values) + 1),
                values,
                pen=pen,
                symbol="o" if lone else None,
                symbolSize=5,
                symbolBrush=shade,
                symbolPen=None,
            )
        for item in self._items[len(lines) :]:
            item.setData([], [])

    def mark(self, epoch: int) -> None:
        """Draw a line at an epoch; none for 0."""
        self._pointer.setVisible(epoch > 0)
        self._pointer.setValue(epoch)

    def set_range(self, epochs: tuple[float, float], values: tuple[float, float]) -> None:
        """Look at a part of the plane."""
        self.box.setRange(xRange=epochs, yRange=values)

    def _recolour(self) -> None:
        self._pointer.setPen(self.pg.mkPen(self.faint, width=1))

    def _tell(self, position: QPointF) -> None:
        inside = self.box.sceneBoundingRect().contains(position)
        self.moved.emit(self.box.mapSceneToView(position).x() if inside else math.nan)


def _epochs_axis() -> Any:
    """Return an axis that is only marked at whole numbers: there is no epoch between two."""
    import pyqtgraph

    class EpochsAxis(pyqtgraph.AxisItem):  # type: ignore[misc]  # pyqtgraph is untyped
        def tickSpacing(self, low: float, high: float, size: float) -> list[Any]:  # noqa: N802
            spacings = super().tickSpacing(low, high, size)
            return [s for s in spacings if s[0] >= 1] or [(1, 0)]

    return EpochsAxis("bottom")


def _value(line: Line, epoch: int) -> float | None:
    """Return a line's value at an epoch, its last one for 0; None where it has none."""
    at = epoch - 1 if epoch else len(line.values) - 1
    known = 0 <= at < len(line.values) and math.isfinite(line.values[at])
    return line.values[at] if known else None
