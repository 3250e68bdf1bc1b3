"""A list whose rows are cards: a picture, a name and a few lines beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QModelIndex, QPoint, QRect, QSize, Qt
from qtpy.QtGui import QColor, QFont, QImage, QPainter, QPalette, QPixmap, QResizeEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from napari_unet.widgets.parts.picture_list import PictureList
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.rows import ROW, Column, Found, Rows

PICTURE = QSize(76, 48)
MARGIN = 4
KEPT = 500  # pictures


@dataclass(frozen=True)
class Card:
    """What is drawn of a row: its lines, but for empty ones; a ``sign`` in place of no picture."""

    key: str
    title: str
    lines: tuple[str, ...]
    sign: str = ""


class Cards(PictureList):
    """Shows rows as cards, each as high as its lines; Enter or a double click opens one.

    Pictures are asked for when their cards are looked at.
    """

    chosen_changed = Signal()
    menu_wanted = Signal(object)  # where on the screen

    def __init__(
        self,
        columns: Sequence[Column],
        card: Callable[[Any], Card],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(KEPT, parent)
        self.card = card
        self.rows = Rows(columns)
        self.found = Found(self.rows)
        self.setModel(self.found)
        self.setItemDelegate(_Drawn(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._ask_menu)
        self.doubleClicked.connect(self._open)
        selection = self.selectionModel()
        if selection is not None:
            selection.selectionChanged.connect(lambda *_: self.chosen_changed.emit())

    def chosen(self) -> Any:
        """Return the chosen row, None if none is."""
        selection = self.selectionModel()
        indexes = selection.selectedIndexes() if selection is not None else []
        return indexes[0].data(ROW) if indexes else None

    def select(self, is_it: Callable[[Any], bool]) -> None:
        """Select and scroll to the first row that ``is_it``; none clears the selection."""
        for i, row in enumerate(self.rows.rows):
            if is_it(row):
                self.setCurrentIndex(self.found.mapFromSource(self.rows.index(i, 0)))
                return
        self.clearSelection()

    def set_pictures(self, pictures: Mapping[str, QImage | None]) -> None:
        """Show pictures by their cards' keys; None where there is none to be had."""
        ratio = self.devicePixelRatioF()
        self.keep((k, None if p is None else _fitted(p, ratio)) for k, p in pictures.items())

    def height_of(self, row: Any) -> int:
        """Return the height of a row's card."""
        lines = 1 + sum(map(bool, self.card(row).lines))
        return max(lines * self.fontMetrics().height(), PICTURE.height()) + 2 * MARGIN

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        """Keep the chosen card in sight when a question or a bar takes some of the room."""
        super().resizeEvent(event)
        for index in self.selectedIndexes():
            self.scrollTo(index)

    def _ask_menu(self, at: QPoint) -> None:
        view = self.viewport()
        if view is not None and self.indexAt(at).isValid():
            self.menu_wanted.emit(view.mapToGlobal(at))


class _Drawn(QStyledItemDelegate):
    """Draws a card."""

    def __init__(self, cards: Cards) -> None:
        super().__init__(cards)
        self._cards = cards

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: N802
        """Return the room of a card."""
        return QSize(0, self._cards.height_of(index.data(ROW)))

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Draw one card."""
        row = index.data(ROW)
        if painter is None or row is None:
            return
        card = self._cards.card(row)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        if selected:
            painter.fillRect(option.rect, option.palette.highlight())
        role = QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text
        painter.setPen(option.palette.color(role))
        inside = option.rect.adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        self._draw_picture(painter, QRect(inside.topLeft(), PICTURE), row, card)
        inside.setLeft(inside.left() + PICTURE.width() + 2 * MARGIN)
        self._draw_text(painter, inside, option, card)
        painter.restore()

    def _draw_picture(self, painter: QPainter, place: QRect, row: Any, card: Card) -> None:
        pixmap = self._cards.picture_of(card.key, row)
        if pixmap is None:
            painter.fillRect(place, QColor(128, 128, 128, 60))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, card.sign)
            return
        size = pixmap.deviceIndependentSize().toSize()
        inside = QRect(QPoint(0, 0), size)
        inside.moveCenter(place.center())
        painter.drawPixmap(inside, pixmap)

    def _draw_text(
        self, painter: QPainter, place: QRect, option: QStyleOptionViewItem, card: Card
    ) -> None:
        height = option.fontMetrics.height()
        right = Qt.TextElideMode.ElideRight
        for i, line in enumerate((card.title, *filter(None, card.lines))):
            font = QFont(option.font)
            font.setBold(i == 0)
            painter.setFont(font)
            painter.setOpacity(1.0 if i == 0 else 0.85)
            text = painter.fontMetrics().elidedText(line, right, place.width())
            line_place = QRect(place.left(), place.top() + i * height, place.width(), height)
            painter.drawText(line_place, Qt.AlignmentFlag.AlignVCenter, text)


def _fitted(image: QImage, ratio: float) -> QPixmap:
    """Return a picture in the size in which it is drawn."""
    scaled = image.scaled(
        PICTURE * ratio,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
    pixmap = QPixmap.fromImage(scaled)
    pixmap.setDevicePixelRatio(ratio)
    return pixmap
