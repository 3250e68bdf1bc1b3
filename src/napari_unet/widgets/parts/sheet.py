"""A contact sheet: the rows of a table as small pictures in a grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QModelIndex, QPoint, QRect, QSize, Qt
from qtpy.QtGui import QColor, QGuiApplication, QImage, QPainter, QPalette, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from napari_unet.widgets.parts.picture_list import PictureList
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.rows import ROW
from napari_unet.widgets.parts.table import Table

SIDE = 78  # pixels of a picture: three in a row at 300
MARGIN = 4
KEPT = 1000  # pictures


class Sheet(PictureList):
    """Shows the rows of a table, with its filter, order and selection, as pictures."""

    menu_wanted = Signal(object)  # where on the screen

    def __init__(
        self, table: Table, name: Callable[[Any], str], parent: QWidget | None = None
    ) -> None:
        super().__init__(KEPT, parent)
        self.name = name
        self.setModel(table.found)
        selection = table.selectionModel()
        if selection is not None:
            self.setSelectionModel(selection)
        self.setItemDelegate(_Frame(self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setGridSize(self.cell())
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(120)
        self.setAccessibleName("Contact sheet")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._ask_menu)
        self.clicked.connect(self._clicked)

    def cell(self) -> QSize:
        """Return the room of one picture with its name."""
        return QSize(SIDE + 2 * MARGIN, SIDE + self.fontMetrics().height() + 3 * MARGIN)

    def set_pictures(self, pictures: Mapping[str, NDArray[np.uint8] | None]) -> None:
        """Show pictures ``(H, W, 3)`` by name; None where there is none to be had."""
        self.keep((k, None if a is None else _pixmap(a)) for k, a in pictures.items())

    def _ask_menu(self, at: QPoint) -> None:
        if (view := self.viewport()) is not None:
            self.menu_wanted.emit(view.mapToGlobal(at))

    def _clicked(self, index: QModelIndex) -> None:
        if QGuiApplication.keyboardModifiers() == Qt.KeyboardModifier.NoModifier:
            self._open(index)


class _Frame(QStyledItemDelegate):
    """Draws a picture and below it the end of its name, where names differ."""

    def __init__(self, sheet: Sheet) -> None:
        super().__init__(sheet)
        self._sheet = sheet

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: N802
        """Return the room of every cell."""
        return self._sheet.cell()

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Draw one cell."""
        row = index.data(ROW)
        if painter is None or row is None:
            return
        cell = option.rect.adjusted(1, 1, -1, -1)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(cell, option.palette.highlight())
        place = QRect(cell.x() + MARGIN, cell.y() + MARGIN, cell.width() - 2 * MARGIN, SIDE)
        self._draw_picture(painter, place, row)
        role = QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text
        painter.setPen(option.palette.color(role))
        below = QRect(place.x(), place.bottom() + 2, place.width(), cell.bottom() - place.bottom())
        text = option.fontMetrics.elidedText(
            self._sheet.name(row), Qt.TextElideMode.ElideLeft, below.width()
        )
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, text)

    def _draw_picture(self, painter: QPainter, place: QRect, row: Any) -> None:
        name = self._sheet.name(row)
        pixmap = self._sheet.picture_of(name, row)
        if pixmap is None:
            painter.fillRect(place, QColor(128, 128, 128, 60))
            if self._sheet.knows(name):
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "unreadable")
            return
        size = pixmap.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
        inside = QRect(QPoint(0, 0), size)
        inside.moveCenter(place.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(inside, pixmap)


def _pixmap(array: NDArray[np.uint8]) -> QPixmap:
    array = np.ascontiguousarray(array)
    height, width = array.shape[:2]
    image = QImage(array.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
    return QPixmap.fromImage(image)
