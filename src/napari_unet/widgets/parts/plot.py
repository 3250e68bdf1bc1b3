"""What all plots share: pyqtgraph's axes and view box, in the theme's colours, without menus."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtGui import QColor, QPalette, QWheelEvent
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_unet.widgets.parts.qt import Signal

# Okabe and Ito's colours, which colour-blind people can tell apart, in lighter and darker shades
# for dark and light themes (contrast with the ground at least 4.5 : 1).
DARK = ("#56b4e9", "#e69f00", "#2fbf93", "#e48fbb", "#f0e442", "#ff9255", "#b9b9ff")
LIGHT = ("#00588c", "#824a00", "#00614a", "#8c3a68", "#5f5a00", "#9a3412", "#4545a0")


class Plot(QWidget):
    """A plane with two axes; a subclass puts items into ``box``."""

    recoloured = Signal()  # the theme changed: what is drawn needs other colours

    def __init__(
        self,
        left: Any = None,
        bottom: Any = None,
        lines: int = 8,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        import pyqtgraph

        # It would end Qt's objects by itself when Python ends: napari does that.
        pyqtgraph.setConfigOption("exitCleanup", False)
        self.pg = pyqtgraph
        self.text = QColor()
        self._lines = lines
        self.canvas: Any = _canvas()
        self.canvas.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.box: Any = pyqtgraph.ViewBox(enableMenu=False)
        self.axes = {
            "left": left or pyqtgraph.AxisItem("left"),
            "bottom": bottom or pyqtgraph.AxisItem("bottom"),
        }
        self._arrange()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def shades(self) -> tuple[str, ...]:
        """The palette that can be read in this theme."""
        return DARK if self.text.lightness() > 127 else LIGHT

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a flat shape that fits a dock."""
        return QSize(240, self._lines * self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return the smallest size at which the plot can be read."""
        return QSize(120, self._lines * self.fontMetrics().height())

    def set_lines(self, lines: int) -> None:
        """Be as high as so many lines of text."""
        if lines != self._lines:
            self._lines = lines
            self.updateGeometry()

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802
        """Follow the theme."""
        super().changeEvent(event)
        changes = (QEvent.Type.PaletteChange, QEvent.Type.StyleChange)
        if event is not None and event.type() in changes:
            self.restyle()

    def showEvent(self, event: Any) -> None:  # noqa: N802
        """Take the theme's colours, which are only known now."""
        super().showEvent(event)
        self.restyle()

    def restyle(self) -> None:
        """Take the theme's colours."""
        text = self.palette().color(QPalette.ColorRole.WindowText)
        if text != self.text:
            self.text = text
            for axis in self.axes.values():
                axis.setPen(self.faint)
                axis.setTextPen(text)
                axis.setGrid(40)
            self.recoloured.emit()

    @property
    def faint(self) -> QColor:
        """The colour of axes."""
        faint = QColor(self.text)
        faint.setAlpha(120)
        return faint

    def _arrange(self) -> None:
        grid = self.pg.GraphicsLayout()
        grid.setContentsMargins(0, 2, 4, 0)
        grid.setSpacing(0)
        self.canvas.setCentralItem(grid)
        grid.addItem(self.axes["left"], 0, 0)
        grid.addItem(self.box, 0, 1)
        grid.addItem(self.axes["bottom"], 1, 1)
        for axis in self.axes.values():
            axis.linkToView(self.box)
            axis.setStyle(tickLength=3, tickTextOffset=3)
        self.axes["left"].setWidth(44)
        for axis in self.axes.values():
            axis.enableAutoSIPrefix(False)
        self.axes["bottom"].setHeight(21)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.canvas)


def _canvas() -> Any:
    """Return a canvas without a ground of its own, which leaves the wheel to the dock."""
    import pyqtgraph

    class Canvas(pyqtgraph.GraphicsView):  # type: ignore[misc]  # pyqtgraph is untyped
        left, double_clicked = Signal(), Signal()

        def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
            event.ignore()

        def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
            super().leaveEvent(event)
            self.left.emit()

        def mouseDoubleClickEvent(self, event: QEvent) -> None:  # noqa: N802
            super().mouseDoubleClickEvent(event)
            self.double_clicked.emit()

    canvas = Canvas(background=None)
    for widget in (canvas, canvas.viewport()):
        widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    canvas.setStyleSheet("background: transparent; border: none;")
    return canvas
