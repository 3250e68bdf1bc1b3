"""A list whose rows are cards: a picture, a name and a few lines beside it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QModelIndex, QPoint, QRect, QSize, Qt, QTimer
from qtpy.QtGui import QColor, QFont, QImage, QKeyEvent, QPainter, QPalette, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

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


class Cards(QListView):
    """Shows rows as cards, each as high as its lines; Enter or a double click opens one.

    Pictures are asked for when their cards are looked at.
    """

    opened = Signal(object)  # the row
    chosen_changed = Signal()
    menu_wanted = Signal(object)  # where on the screen
    needed = Signal(object)  # rows whose pictures are missing

    def __init__(
        self,
        columns: Sequence[Column],
        card: Callable[[Any], Card],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.card = card
        self.rows = Rows(columns)
        self.found = Found(self.rows)
        self._pictures: OrderedDict[str, QPixmap | None] = OrderedDict()
        self._missing: dict[str, Any] = {}
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(30)
        self._later.timeout.connect(self._ask)
        self.setModel(self.found)
        self.setItemDelegate(_Drawn(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
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
        for key, image in pictures.items():
            self._pictures[key] = None if image is None else _fitted(image, ratio)
            self._pictures.move_to_end(key)
        while len(self._pictures) > KEPT:
            self._pictures.popitem(last=False)
        if (view := self.viewport()) is not None:
            view.update()

    def picture(self, row: Any, key: str) -> QPixmap | None:
        """Return a card's picture, and ask for it if it is missing."""
        if key not in self._pictures:
            self._missing[key] = row
            self._later.start()
        return self._pictures.get(key)

    def height_of(self, row: Any) -> int:
        """Return the height of a row's card."""
        lines = 1 + sum(map(bool, self.card(row).lines))
        return max(lines * self.fontMetrics().height(), PICTURE.height()) + 2 * MARGIN

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802
        """Open the current row on Enter; the viewer must not see that key."""
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
            event.accept()
        else:
            super().keyPressEvent(event)

    def _open(self, index: QModelIndex) -> None:
        if index.isValid():
            self.opened.emit(index.data(ROW))

    def _ask(self) -> None:
        rows, self._missing = list(self._missing.values()), {}
        if rows:
            self.needed.emit(rows)

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
        pixmap = self._cards.picture(row, card.key)
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
