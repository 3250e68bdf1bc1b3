"""A table of frozen rows, to look through, choose from and open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from qtpy.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPoint, Qt
from qtpy.QtGui import QFontMetrics, QGuiApplication, QKeyEvent, QResizeEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from napari_unet.widgets.parts.keys import took_enter
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.rows import Column, Found, Rows, bold

__all__ = ["Column", "Table"]


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
    """Shows rows; a click or Enter on one opens it.

    With ``many``, several rows can be chosen, by clicks with Ctrl or Shift, to do something with
    all of them.
    """

    opened = Signal(object)  # the row
    menu_wanted = Signal(object, object)  # the chosen rows, and where on the screen

    def __init__(
        self, columns: Sequence[Column], parent: QWidget | None = None, many: bool = False
    ) -> None:
        super().__init__(parent)
        self.rows = Rows(columns)
        self.found = Found(self.rows)
        self._least: tuple[int, ...] = ()
        self._grow = 0
        self.setModel(self.found)
        self.setItemDelegateForColumn(0, _Ending(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        modes = QAbstractItemView.SelectionMode
        self.setSelectionMode(modes.ExtendedSelection if many else modes.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setMinimumHeight(120)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._ask_menu)
        self.clicked.connect(self._clicked)
        down, across = self.verticalHeader(), self.horizontalHeader()
        assert down is not None and across is not None
        down.hide()
        down.setDefaultSectionSize(self.fontMetrics().height() + 8)
        across.setHighlightSections(False)
        across.setMinimumSectionSize(30)
        across.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.setSortingEnabled(True)
        across.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show other columns; the rows are gone."""
        self._least = ()
        self.rows.set_columns(columns)
        across = self.horizontalHeader()
        if across is not None:
            across.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)

    def set_widths(self, *samples: str, grow: int) -> None:
        """Make each column as wide as a sample of its text; ``grow`` takes what is left."""
        metrics = QFontMetrics(bold())
        titles = (column.title for column in self.rows.columns)
        pairs = zip(samples, titles, strict=True)
        self._least = tuple(max(map(metrics.horizontalAdvance, pair)) + 10 for pair in pairs)
        self._grow = grow
        for i, width in enumerate(self._least):
            self.setColumnWidth(i, width)
        self.fill()

    def fix_height(self, lines: int) -> None:
        """Be as high as so many lines below the titles, whatever room there is."""
        down, across = self.verticalHeader(), self.horizontalHeader()
        if down is not None and across is not None:
            titles = max(across.height(), across.sizeHint().height())
            height = lines * down.defaultSectionSize() + titles
            self.setFixedHeight(height + 2 * self.frameWidth())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def chosen(self) -> list[Any]:
        """Return the chosen rows, in the order in which they are shown."""
        # Not `selectedRows`: a view that shares the selection chooses cells of one column.
        model = self.selectionModel()
        indexes = model.selectedIndexes() if model is not None else []
        places = sorted({self.found.mapToSource(i).row() for i in indexes})
        return [self.rows.rows[i] for i in places if i >= self.rows.pinned]

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        """Give the room that is left to the column that takes it."""
        super().resizeEvent(event)
        self.fill()

    def fill(self) -> None:
        """Give the room that other columns leave to the one that grows."""
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

    def select_all(self, is_it: Callable[[Any], bool]) -> None:
        """Select every row that ``is_it``."""
        model = self.selectionModel()
        if model is None:
            return
        chosen = QItemSelection()
        for i, row in enumerate(self.rows.rows):
            if i >= self.rows.pinned and is_it(row):
                index = self.found.mapFromSource(self.rows.index(i, 0))
                chosen.select(index, index)
        flags = QItemSelectionModel.SelectionFlag
        model.select(chosen, flags.ClearAndSelect | flags.Rows)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802
        """Open the current row on Enter."""
        if not took_enter(event, lambda: self._open(self.currentIndex())):
            super().keyPressEvent(event)

    def _clicked(self, index: QModelIndex) -> None:
        """Open what was clicked on, unless more rows are being chosen."""
        if QGuiApplication.keyboardModifiers() == Qt.KeyboardModifier.NoModifier:
            self._open(index)

    def _ask_menu(self, at: QPoint) -> None:
        view, rows = self.viewport(), self.chosen()
        if view is not None and rows:
            self.menu_wanted.emit(rows, view.mapToGlobal(at))

    def _open(self, index: QModelIndex) -> None:
        row = self.found.mapToSource(index).row()
        if index.isValid() and row >= self.rows.pinned:
            self.opened.emit(self.rows.rows[row])
