"""A histogram, and box plots of groups, that can be clicked on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QWidget

from napari_unet.widgets.parts.plot import Plot
from napari_unet.widgets.parts.qt import Signal

BINS = 20
ROWS = 12  # of groups that are drawn: more can neither be read nor told apart
WHISKERS = 1.5  # of the distance between the quartiles (Tukey 1977)
NAME_WIDTH = 74  # pixels


def edges_of(values: NDArray[np.float64], bounds: tuple[float, float] | None) -> NDArray[Any]:
    """Return the edges of about `BINS` bins at round numbers, which hold all finite values."""
    finite = values[np.isfinite(values)]
    low, high = bounds or (finite.min(initial=math.inf), finite.max(initial=-math.inf))
    if not low < high:
        low = low if math.isfinite(low) else 0.0
        low, high = low - 0.5, low + 0.5
    rough = (high - low) / BINS
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(m for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return np.round(np.arange(first, last + 1) * step, 12)


class Histogram(Plot):
    """Bars over bins; a click on one picks it, and one value may be marked."""

    picked = Signal(int)  # a bin
    hovered = Signal(int)  # a bin, -1 for none

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(left=_whole_axis("left"), lines=7, parent=parent)
        self.edges: NDArray[Any] = np.array([0.0, 1.0])
        self.counts: NDArray[Any] = np.zeros(1, int)
        self._chosen, self._marked = -1, math.nan
        self.box.setMouseEnabled(False, False)
        self._bars = self.pg.BarGraphItem(x0=[], x1=[], y0=0, height=[])
        self._mark = self.pg.InfiniteLine(angle=90)
        self._mark.hide()
        self.box.addItem(self._bars)
        self.box.addItem(self._mark, ignoreBounds=True)
        self.recoloured.connect(self._draw)
        scene = self.canvas.scene()
        scene.sigMouseClicked.connect(lambda event: self._pick(event.scenePos()))
        scene.sigMouseMoved.connect(lambda at: self.hovered.emit(self._bin(at)))
        self.canvas.left.connect(lambda: self.hovered.emit(-1))

    def set_values(self, edges: NDArray[Any], values: NDArray[np.float64]) -> None:
        """Show how many values are in each bin; the last one includes its upper edge."""
        self.edges = edges
        self.counts, _ = np.histogram(values[np.isfinite(values)], edges)
        self._draw()
        self.box.setRange(
            xRange=(edges[0], edges[-1]), yRange=(0, max(self.counts.max(), 1)), padding=0.02
        )

    def set_chosen(self, bin: int) -> None:
        """Show one bar as picked; none for -1."""
        if bin != self._chosen:
            self._chosen = bin
            self._draw()

    def set_marked(self, value: float) -> None:
        """Mark a value; none for NaN."""
        self._marked = value
        self._mark.setVisible(not math.isnan(value))
        if not math.isnan(value):
            self._mark.setValue(value)

    def _draw(self) -> None:
        self._mark.setPen(self.pg.mkPen(self.text, width=2, style=Qt.PenStyle.DashLine))
        brushes = [QColor(self.shades[0])] * len(self.counts)
        if 0 <= self._chosen < len(brushes):
            brushes[self._chosen] = QColor(self.shades[1])
        self._bars.setOpts(
            x0=self.edges[:-1],
            x1=self.edges[1:],
            height=self.counts,
            brushes=brushes,
            pen=self.pg.mkPen(self.faint, width=0.5),
        )

    def _bin(self, at: QPointF) -> int:
        """Return the bin at a place of the scene, -1 for none that holds anything."""
        if not self.box.sceneBoundingRect().contains(at):
            return -1
        x = self.box.mapSceneToView(at).x()
        bin = int(np.searchsorted(self.edges, x, side="right")) - 1
        return bin if 0 <= bin < len(self.counts) and self.counts[bin] else -1

    def _pick(self, at: QPointF) -> None:
        if (bin := self._bin(at)) >= 0:
            self.picked.emit(bin)


@dataclass(frozen=True)
class Box:
    """What a box plot shows of some values: quartiles, whiskers, and what lies beyond these."""

    low: float
    first: float
    median: float
    third: float
    high: float
    beyond: tuple[float, ...]


def box_of(values: NDArray[np.float64]) -> Box | None:
    """Return the box of values as Tukey drew it; None if there is none.

    Whiskers end at the outermost values within 1.5 times the distance between the quartiles.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    first, median, third = np.percentile(values, (25, 50, 75))
    reach = WHISKERS * (third - first)
    inside = values[(values >= first - reach) & (values <= third + reach)]
    beyond = values[(values < first - reach) | (values > third + reach)]
    low, high = float(inside.min()), float(inside.max())
    out = tuple(map(float, beyond))
    return Box(low, float(first), float(median), float(third), high, out)


class Boxes(Plot):
    """Box plots, one below the other; a click on one picks it, and one value may be marked."""

    picked = Signal(int)  # a row

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(lines=4, parent=parent)
        self.names: tuple[str, ...] = ()
        self._boxes: list[Box | None] = []
        self.box.setMouseEnabled(False, False)
        self.box.invertY(True)
        self._bars = self.pg.BarGraphItem(x0=[], x1=[], y=[], height=0.6)
        self._whiskers = self.pg.PlotDataItem(connect="pairs")
        self._medians = self.pg.PlotDataItem(connect="pairs")
        self._beyond = self.pg.ScatterPlotItem(size=4, pen=None)
        self._mark = self.pg.ScatterPlotItem(size=11, symbol="d")
        for item in (self._whiskers, self._bars, self._medians, self._beyond, self._mark):
            self.box.addItem(item)
        self.recoloured.connect(self._draw)
        self.canvas.scene().sigMouseClicked.connect(lambda event: self._pick(event.scenePos()))

    def set_values(
        self,
        names: Sequence[str],
        values: Sequence[NDArray[np.float64]],
        across: tuple[float, float],
    ) -> None:
        """Show a box for each name; ``across`` is the range of the axis."""
        self.names = tuple(names)
        self._boxes = [box_of(v) for v in values]
        self.set_lines(3 + round(1.3 * len(self.names)))
        axis = self.axes["left"]
        axis.setWidth(NAME_WIDTH if any(names) else 44)
        metrics = self.fontMetrics()
        short = (metrics.elidedText(n, Qt.TextElideMode.ElideMiddle, NAME_WIDTH - 8) for n in names)
        axis.setTicks([list(enumerate(short))])
        self._draw()
        self.box.setRange(xRange=across, yRange=(-0.6, len(self.names) - 0.4), padding=0.02)

    def set_marked(self, value: float, row: int) -> None:
        """Mark a value in a row; none for NaN."""
        at = [] if math.isnan(value) or not 0 <= row < len(self.names) else [(value, row)]
        self._mark.setData([x for x, _ in at], [y for _, y in at])

    def _draw(self) -> None:
        there = [(row, box) for row, box in enumerate(self._boxes) if box is not None]
        rows = np.array([row for row, _ in there], float)
        body, strong = QColor(self.shades[0]), QColor(self.text)
        body.setAlpha(150)
        self._bars.setOpts(
            x0=[box.first for _, box in there],
            x1=[box.third for _, box in there],
            y=rows,
            brush=body,
            pen=self.pg.mkPen(self.text, width=1),
        )
        ends = [x for _, box in there for x in (box.low, box.first, box.third, box.high)]
        middles = [x for _, box in there for x in (box.median, box.median)]
        sides = np.repeat(rows, 2) + np.tile((-0.3, 0.3), len(rows))
        self._whiskers.setData(ends, np.repeat(rows, 4), pen=self.pg.mkPen(self.text, width=1))
        self._medians.setData(middles, sides, pen=self.pg.mkPen(strong, width=3))
        out = [(x, row) for row, box in there for x in box.beyond]
        self._beyond.setData(
            [x for x, _ in out], [y for _, y in out], brush=self.pg.mkBrush(strong)
        )
        self._mark.setBrush(self.pg.mkBrush(self.shades[1]))
        self._mark.setPen(self.pg.mkPen(self.text, width=1))

    def _pick(self, at: QPointF) -> None:
        if not self.box.sceneBoundingRect().contains(at):
            return
        row = round(self.box.mapSceneToView(at).y())
        if 0 <= row < len(self.names):
            self.picked.emit(row)


def _whole_axis(side: str) -> Any:
    """Return an axis that is only marked at whole numbers: there is no half of an image."""
    import pyqtgraph

    class WholeAxis(pyqtgraph.AxisItem):  # type: ignore[misc]  # pyqtgraph is untyped
        def tickSpacing(self, low: float, high: float, size: float) -> list[Any]:  # noqa: N802
            spacings = super().tickSpacing(low, high, size)
            return [s for s in spacings if s[0] >= 1] or [(1, 0)]

    return WholeAxis(side)
