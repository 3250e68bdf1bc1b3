"""Frozen rows for tables: sorted by value, searched by text, filtered, with rows pinned on top."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt
from qtpy.QtGui import QFont

NOWHERE = QModelIndex()
ROW = Qt.ItemDataRole.UserRole  # the row itself, for those who draw it in another way


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
        self._texts: dict[int, str] = {}

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show other columns of other rows: those that were there are gone."""
        self.beginResetModel()
        self.columns = tuple(columns)
        self.given, self.rows, self.pinned = [], [], 0
        self._by, self._down = -1, False
        self._texts.clear()
        self.endResetModel()

    def set_rows(self, rows: Sequence[Any], pinned: int = 0) -> None:
        """Replace all rows."""
        self.beginResetModel()
        self.given, self.pinned = list(rows), pinned
        self.rows = self._ordered()
        self._texts.clear()
        self.endResetModel()

    def text(self, row: Any) -> str:
        """Return what can be searched of a row, in lower case; made once."""
        text = self._texts.get(id(row))
        if text is None:
            text = " ".join(column.show(row) for column in self.columns).casefold()
            self._texts[id(row)] = text
        return text

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

    def replace(self, old: Any, new: Any) -> None:
        """Put a row in the place of another, and then where its value belongs."""
        at = _place(self.rows, old)
        self.given[_place(self.given, old)] = self.rows[at] = new
        self._texts.pop(id(old), None)
        self._tell(at, at)
        if at >= self.pinned and self._by >= 0 and not self._in_order(at):
            order = Qt.SortOrder.DescendingOrder if self._down else Qt.SortOrder.AscendingOrder
            self.sort(self._by, order)

    def set_pinned(self, rows: Sequence[Any]) -> None:
        """Pin other rows on top; those below stay as they are."""
        before, count = self.pinned, len(rows)
        if before > count:
            self.beginRemoveRows(NOWHERE, count, before - 1)
        elif before < count:
            self.beginInsertRows(NOWHERE, before, count - 1)
        self.rows[:before] = self.given[:before] = rows
        self.pinned = count
        self._texts.clear()
        if before > count:
            self.endRemoveRows()
        elif before < count:
            self.endInsertRows()
        if count:
            self._tell(0, count - 1)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column's values; below 0: in the order in which they came."""
        self._by = column if column < len(self.columns) else -1
        self._down = order == Qt.SortOrder.DescendingOrder
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
        pairs = [(value(row), row) for row in rest]
        known = sorted((p for p in pairs if not _missing(p[0])), key=_first, reverse=self._down)
        unknown = (row for found, row in pairs if _missing(found))
        return [*top, *(row for _, row in known), *unknown]

    def _in_order(self, at: int) -> bool:
        """Say whether a row stands where its value belongs."""
        rows = self.rows
        above = at == self.pinned or not self._before(rows[at], rows[at - 1])
        return above and (at + 1 == len(rows) or not self._before(rows[at + 1], rows[at]))

    def _tell(self, first: int, last: int) -> None:
        """Have rows drawn anew."""
        self.dataChanged.emit(self.index(first, 0), self.index(last, len(self.columns) - 1))

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
            case _ if role == ROW:
                return row
            case Qt.ItemDataRole.TextAlignmentRole if column.value is not None:
                return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            case Qt.ItemDataRole.FontRole if index.row() < self.pinned:
                return bold()
        return None


class Found(QSortFilterProxyModel):
    """Shows the rows that hold what is searched and pass the filter, and those that are pinned."""

    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self._rows = rows
        self._words: tuple[str, ...] = ()
        self._passes: Callable[[Any], bool] | None = None
        self.setSourceModel(rows)

    def set_search(self, text: str) -> None:
        """Show only rows that hold every word of ``text``."""
        words = tuple(text.casefold().split())
        if words != self._words:
            self._words = words
            self.invalidate()

    def set_filter(self, passes: Callable[[Any], bool] | None) -> None:
        """Show only rows for which ``passes`` holds; None shows all."""
        if passes is not None or self._passes is not None:
            self._passes = passes
            self.invalidate()

    def shown(self) -> list[Any]:
        """Return the rows that can be seen, in their order, without the pinned ones."""
        rows, pinned = self._rows.rows, self._rows.pinned
        return [row for i, row in enumerate(rows) if i >= pinned and self._accepts(row)]

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Let the rows sort themselves."""
        self._rows.sort(column, order)

    def filterAcceptsRow(self, row: int, parent: QModelIndex) -> bool:  # noqa: N802
        """Accept pinned rows, and those that are searched for and pass the filter."""
        return row < self._rows.pinned or self._accepts(self._rows.rows[row])

    def _accepts(self, row: Any) -> bool:
        if self._passes is not None and not self._passes(row):
            return False
        if not self._words:
            return True
        text = self._rows.text(row)
        return all(word in text for word in self._words)


_first = itemgetter(0)


def _place(rows: Sequence[Any], row: Any) -> int:
    """Return where a row stands: it itself, not one that equals it."""
    return next(i for i, other in enumerate(rows) if other is row)


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def bold() -> QFont:
    """Return the font of rows that sum up others, and of titles."""
    font = QFont()
    font.setBold(True)
    return font
