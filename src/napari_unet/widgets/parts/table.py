"""A table of frozen rows: sorted by value, searched by text, with rows pinned to the top."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt
from qtpy.QtGui import QFont, QFontMetrics, QKeyEvent, QResizeEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from napari_unet.widgets.parts.qt import Signal

NOWHERE = QModelIndex()


@dataclass(frozen=True)
class Column:
    """A column: what it shows of a row, and its value for sorting (by default what it shows)."""

    title: str
    show: Callable[[Any], str]
    value: Callable[[Any], Any] | None = None
    tooltip: Callable[[Any], str] | None = None
    help: str = ""

    @property
    def key(self) -> Callable[[Any], Any]:
        """What rows are sorted by."""
        return self.value or self.show


class Rows(QAbstractTableModel):
    """Rows in the order of a column's values; the first ``pinned`` stay on top.

    ``given`` has them as they came, ``rows`` as they are shown. They are sorted here and not by
    Qt's proxy, which asks Python for every single comparison and so is a hundred times slower.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self.given: list[Any] = []
        self.rows: list[Any] = []
        self.pinned = 0
        self._by, self._down = -1, False

    def set_rows(self, rows: Sequence[Any], pinned: int = 0) -> None:
        """Replace all rows."""
        self.beginResetModel()
        self.given, self.pinned = list(rows), pinned
        self.rows = self._ordered()
        self.endResetModel()

    def append(self, row: Any) -> None:
        """Add one row, where it belongs."""
        low, high = self.pinned, len(self.rows)
        while low < high and self._by >= 0:
            middle = (low + high) // 2
            low, high = (
                (low, middle) if self._before(row, self.rows[middle]) else (middle + 1, high)
            )
        at = low if self._by >= 0 else high
        self.beginInsertRows(NOWHERE, at, at)
        self.given.append(row)
        self.rows.insert(at, row)
        self.endInsertRows()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column's values; below 0: in the order in which they came."""
        self._by, self._down = column, order == Qt.SortOrder.DescendingOrder
        self.layoutAboutToBeChanged.emit()
        before, self.rows = self.rows, self._ordered()
        place = {id(row): i for i, row in enumerate(self.rows)}
        old = self.persistentIndexList()
        new = [self.index(place[id(before[i.row()])], i.column()) for i in old]
        self.changePersistentIndexList(old, new)
        self.layoutChanged.emit()

    def _ordered(self) -> list[Any]:
        if self._by < 0:
            return list(self.given)
        value = self.columns[self._by].key
        top, rest = self.given[: self.pinned], self.given[self.pinned :]
        known = [row for row in rest if not _missing(value(row))]
        unknown = [row for row in rest if _missing(value(row))]
        return [*top, *sorted(known, key=value, reverse=self._down), *unknown]

    def _before(self, a: Any, b: Any) -> bool:
        x, y = (self.columns[self._by].key(row) for row in (a, b))
        if _missing(x) or _missing(y):
            return not _missing(x)
        return bool(x > y) if self._down else bool(x < y)

    def rowCount(self, parent: QModelIndex = NOWHERE) -> int:  # noqa: N802
        """Return how many rows there are."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex = NOWHERE) -> int:  # noqa: N802
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(self.columns)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's title or help."""
        if orientation == Qt.Orientation.Horizontal and section < len(self.columns):
            column = self.columns[section]
            if role == Qt.ItemDataRole.DisplayRole:
                return column.title
            if role == Qt.ItemDataRole.ToolTipRole:
                return column.help or None
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows or explains, and how."""
        column, row = self.columns[index.column()], self.rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.show(row)
            case Qt.ItemDataRole.ToolTipRole:
                return (column.tooltip or column.show)(row)
            case Qt.ItemDataRole.TextAlignmentRole if column.value is not None:
                return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            case Qt.ItemDataRole.FontRole if index.row() < self.pinned:
                return _bold()
        return None


class _Found(QSortFilterProxyModel):
    """Shows the rows that hold what is searched, and those that are pinned."""

    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self._rows = rows
        self._words: tuple[str, ...] = ()
        self.setSourceModel(rows)

    def set_search(self, text: str) -> None:
        """Show only rows that hold every word of ``text``."""
        self._words = tuple(text.casefold().split())
        self.invalidate()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Let the rows sort themselves."""
        self._rows.sort(column, order)

    def filterAcceptsRow(self, row: int, parent: QModelIndex) -> bool:  # noqa: N802
        """Accept pinned rows and those that hold every searched word."""
        if not self._words or row < self._rows.pinned:
            return True
        item = self._rows.rows[row]
        text = " ".join(column.show(item) for column in self._rows.columns).casefold()
        return all(word in text for word in self._words)


class _Ending(QStyledItemDelegate):
    """Shows the end of a name that is too long: that is where names differ."""

    def initStyleOption(  # noqa: N802
        self, option: QStyleOptionViewItem | None, index: QModelIndex
    ) -> None:
        """Leave out the beginning."""
        super().initStyleOption(option, index)
        if option is not None:
            option.textElideMode = Qt.TextElideMode.ElideLeft


class Table(QTableView):
    """Shows rows; a click or Enter on one opens it."""

    opened = Signal(object)  # the row

    def __init__(self, columns: Sequence[Column], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = Rows(columns)
        self.found = _Found(self.rows)
        self._least: tuple[int, ...] = ()
        self._grow = 0
        self.setModel(self.found)
        self.setItemDelegateForColumn(0, _Ending(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setMinimumHeight(120)
        self.clicked.connect(self._open)
        down, across = self.verticalHeader(), self.horizontalHeader()
        assert down is not None and across is not None
        down.hide()
        down.setDefaultSectionSize(self.fontMetrics().height() + 8)
        across.setHighlightSections(False)
        across.setMinimumSectionSize(30)
        across.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.setSortingEnabled(True)
        across.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)

    def set_widths(self, *samples: str, grow: int) -> None:
        """Make each column as wide as a sample of its text; ``grow`` takes what is left."""
        bold = QFontMetrics(_bold())
        titles = (column.title for column in self.rows.columns)
        pairs = zip(samples, titles, strict=True)
        self._least = tuple(max(map(bold.horizontalAdvance, pair)) + 10 for pair in pairs)
        self._grow = grow
        for i, width in enumerate(self._least):
            self.setColumnWidth(i, width)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        """Give the room that is left to the column that takes it."""
        super().resizeEvent(event)
        view, least = self.viewport(), self._least
        if view is not None and least:
            others = sum(self.columnWidth(i) for i in range(len(least)) if i != self._grow)
            self.setColumnWidth(self._grow, max(least[self._grow], view.width() - others))

    def select(self, is_it: Callable[[Any], bool]) -> None:
        """Select and scroll to the first row that ``is_it``; none clears the selection."""
        for i, row in enumerate(self.rows.rows):
            if i >= self.rows.pinned and is_it(row):
                index = self.found.mapFromSource(self.rows.index(i, 0))
                self.setCurrentIndex(index)
                return
        self.clearSelection()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802
        """Open the current row on Enter; the viewer must not see that key."""
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
            event.accept()
        else:
            super().keyPressEvent(event)

    def _open(self, index: QModelIndex) -> None:
        row = self.found.mapToSource(index).row()
        if index.isValid() and row >= self.rows.pinned:
            self.opened.emit(self.rows.rows[row])


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _bold() -> QFont:
    font = QFont()
    font.setBold(True)
    return font
