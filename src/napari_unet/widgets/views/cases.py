"""The cases of a data set: searched, filtered and sorted, as a table; one of them is open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_unet.data.cases import Case
from napari_unet.widgets.parts.facets import Facet, Facets
from napari_unet.widgets.parts.qt import QShortcut, Signal
from napari_unet.widgets.parts.sheet import Sheet
from napari_unet.widgets.parts.table import Table
from napari_unet.widgets.parts.text import Elided, Text
from napari_unet.widgets.parts.timing import single_shot
from napari_unet.widgets.views.case_menus import CaseMenus
from napari_unet.widgets.views.case_rows import Row, columns, facets, widths

PREVIOUS, NEXT = "Alt+Left", "Alt+Right"


class CaseList(QWidget):
    """A table of cases with what narrows it down, and steps from one case to the next."""

    case_wanted = Signal(object)  # Case
    step_wanted = Signal(int)
    axes_wanted = Signal()
    shown_changed = Signal(object)  # the cases that are shown, in their order
    stack_wanted = Signal(bool)  # or one by one
    pictures_wanted = Signal(object)  # cases

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facets: tuple[Facet, ...] = ()
        self._found: Mapping[str, Sequence[str]] = {}
        self._subsets: Mapping[str, str] = {}
        self._cases: tuple[Case, ...] = ()
        self._named: frozenset[str] = frozenset()
        self._common = ""
        self.menus = CaseMenus(self)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search cases")
        self.search.setToolTip("Words that the case, patient, subset, tags or reason must hold")
        self.search.setClearButtonEnabled(True)
        self.filter_button = _toggle("Filter", "Show only some subsets, patients, tags, problems")
        self.sheet_button = _toggle("▦", "Show pictures instead of a table")
        self.sheet_button.setAccessibleName("Contact sheet")
        self.stack_button = _toggle("≡", "Open the shown cases as one stack, if of equal size")
        self.stack_button.setAccessibleName("Stack")
        self.facets = Facets()
        self.facets.hide()
        self.count = Text()
        self.all_button = QPushButton("Show all")
        self.all_button.setToolTip("Forget the search and every filter")
        self.table = Table((), many=True)
        self.sheet = Sheet(self.table, lambda row: row.case.name)
        self.sheet.hide()
        self.current = Elided()
        self.reading = Text()
        self.axes_button = QPushButton("Change a&xes…")
        self.axes_button.hide()
        self.previous = QPushButton("◀ P&revious")
        self.next = QPushButton("&Next ▶")
        self._later = single_shot(0, self._tell_shown, self)
        self._lay_out()
        self._connect()

    # --- setters ------------------------------------------------------------------------------

    def set_cases(self, cases: Sequence[Case], same: bool = False) -> None:
        """Show these cases; of the ``same`` data set, they are filtered as before."""
        self._cases = tuple(cases)
        self._facets = facets(self._cases)
        self.sheet.forget()
        if not same:
            self._subsets, self._found = {}, {}
            self._refill(columns_too=True)
            self.show_only({})
            return
        self._refill(columns_too=True)
        self._filter()

    def update_cases(self, cases: Sequence[Case]) -> None:
        """Show the same cases as they are known by now; filters and pictures stay."""
        if tuple(cases) != self._cases:
            self._cases = tuple(cases)
            self.sheet.forget()  # pictures show references
            self._refill(columns_too=True)

    def set_subsets(self, subsets: Mapping[str, str]) -> None:
        """Show which case is in which subset."""
        self._subsets = subsets
        self._refill()

    def set_problems(self, found: Mapping[str, Sequence[str]]) -> None:
        """Show by a case's name what is wrong with it."""
        self._found = found
        self._refill(columns_too=True)

    def set_case(
        self, case: Case | None, position: str, reading: str = "", doubtful: bool = False
    ) -> None:
        """Mark the open case.

        ``position`` is like "3 of 40"; ``reading`` says how its image is understood, and
        ``doubtful`` whether a person may know better.
        """
        self.reading.set_text(reading if case is not None else "")
        self.axes_button.setVisible(doubtful)
        self.current.set_text(f"{position}  {case.name}" if case else "Click a case to open it.")
        if case is not None and [r.case for r in self.table.chosen()] != [case]:
            self.table.select(lambda row: row.case == case)

    def set_steps(self, previous: str, next: str) -> None:
        """Say why there is no previous or next case; empty where there is one."""
        for button, reason, name, key in (
            (self.previous, previous, "previous", PREVIOUS),
            (self.next, next, "next", NEXT),
        ):
            button.setEnabled(not reason)
            button.setToolTip(reason or f"Open the {name} case ({_native(key)})")

    def set_pictures(self, pictures: Mapping[str, NDArray[np.uint8] | None]) -> None:
        """Show pictures ``(H, W, 3)`` by a case's name; None where there is none to be had."""
        self.sheet.set_pictures(pictures)

    def set_stacked(self, stacked: bool) -> None:
        """Say whether the cases are open as a stack."""
        self.stack_button.setChecked(stacked)

    def show_only(self, values: Mapping[str, str]) -> None:
        """Filter by these values of the facets, and by nothing else."""
        self._named, self._common = frozenset(), ""
        self.search.clear()
        self.facets.set_values(values)
        self._filter()

    def show_named(self, names: Iterable[str], common: str) -> None:
        """Show only cases of these names; ``common`` says what they have in common."""
        self.show_only({})
        self._named, self._common = frozenset(names), common
        self._filter()

    def shown(self) -> tuple[Case, ...]:
        """Return the cases that pass the filters, in the order of the table."""
        return tuple(row.case for row in self.table.found.shown())

    # --- inside -------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.search, 1)
        top.addWidget(self.filter_button)
        top.addWidget(self.sheet_button)
        top.addWidget(self.stack_button)
        self.bar = QWidget()
        counted = QHBoxLayout(self.bar)
        counted.setContentsMargins(0, 0, 0, 0)
        counted.addWidget(self.count, 1)
        counted.addWidget(self.all_button)
        steps = QHBoxLayout()
        steps.addWidget(self.previous)
        steps.addWidget(self.next)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top)
        layout.addWidget(self.facets)
        layout.addWidget(self.bar)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.sheet, 1)
        layout.addWidget(self.current)
        layout.addWidget(self.reading)
        layout.addWidget(self.axes_button)
        layout.addLayout(steps)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._filter)
        self.facets.changed.connect(self._filter)
        self.filter_button.toggled.connect(self.facets.setVisible)
        self.stack_button.clicked.connect(self.stack_wanted.emit)
        self.all_button.clicked.connect(lambda: self.show_only({}))
        self.table.opened.connect(lambda row: self.case_wanted.emit(row.case))
        self.table.menu_wanted.connect(self._show_menu)
        self.menus.open_wanted.connect(self.case_wanted)
        self.sheet_button.toggled.connect(self._show_sheet)
        self.sheet.opened.connect(lambda row: self.case_wanted.emit(row.case))
        self.sheet.needed.connect(lambda rows: self.pictures_wanted.emit([r.case for r in rows]))
        self.sheet.menu_wanted.connect(lambda at: self._show_menu(self.table.chosen(), at))
        self.table.found.layoutChanged.connect(self._later.start)
        self.table.found.modelReset.connect(self._later.start)
        for key, button in ((PREVIOUS, self.previous), (NEXT, self.next)):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(button.click)
        self.axes_button.setToolTip("Say what the axes of this data set's images are")
        self.axes_button.clicked.connect(lambda: self.axes_wanted.emit())
        self.previous.clicked.connect(lambda: self.step_wanted.emit(-1))
        self.next.clicked.connect(lambda: self.step_wanted.emit(1))

    def _refill(self, columns_too: bool = False) -> None:
        rows = [
            Row(case, self._subsets.get(case.name, ""), tuple(self._found.get(case.name, ())))
            for case in self._cases
        ]
        chosen = {row.case.name for row in self.table.chosen()}
        if columns_too:
            titles = [c.title for c in self.table.rows.columns]
            wanted = columns(self._cases, any(row.troubles for row in rows))
            if [c.title for c in wanted] != titles:
                self.table.set_columns(wanted)
        self.table.rows.set_rows(rows)
        if columns_too:
            self.table.set_widths(*widths(self.table.rows.columns), grow=self._last())
        self.facets.set_facets({f.title: f.choices(rows) for f in self._facets})
        if len(chosen) == 1:
            self.table.select(lambda row: row.case.name in chosen)
        self._show_count()

    def _last(self) -> int:
        return len(self.table.rows.columns) - 1

    def _filter(self) -> None:
        self.table.found.set_search(self.search.text())
        wanted = [(f, v) for f in self._facets if (v := self.facets.values().get(f.title))]
        named = self._named

        def passes(row: Row) -> bool:
            return (not named or row.case.name in named) and all(
                f.passes(row, v) for f, v in wanted
            )

        self.table.found.set_filter(passes if wanted or named else None)
        self.filter_button.setText(f"Filter ({len(wanted)})" if wanted else "Filter")
        self._show_count()

    def _show_count(self) -> None:
        shown, known = self.table.found.rowCount(), len(self._cases)
        filtered = bool(self.facets.values() or self.search.text().strip() or self._named)
        common = f": {self._common}" if self._common else ""
        self.bar.setVisible(filtered)
        self.count.set_text(f"{shown:,} of {known:,} cases{common}" if filtered else "")
        self._later.start()

    def _show_sheet(self, sheet: bool) -> None:
        self.sheet.setVisible(sheet)
        self.table.setVisible(not sheet)

    def _tell_shown(self) -> None:
        self.shown_changed.emit(self.shown())

    def _show_menu(self, rows: Sequence[Row], at: QPoint) -> None:
        if rows:
            menu = self.menus.of([row.case for row in rows], self._cases)
            menu.exec(at)
            menu.deleteLater()


def _toggle(text: str, tooltip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tooltip)
    button.setCheckable(True)
    if len(text) == 1:
        button.setFixedWidth(button.fontMetrics().height() + 14)
    return button


def _native(key: str) -> str:
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
