"""All trainings as a table: sorted, compared, gone on with."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qtpy.QtCore import QPoint
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QPushButton, QWidget

from napari_unet.runs import RunRecord
from napari_unet.widgets.parts.durations import seconds
from napari_unet.widgets.parts.page import Page, tab_as_laid_out
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.rows import Column
from napari_unet.widgets.parts.table import Table
from napari_unet.widgets.parts.text import Text
from napari_unet.widgets.views.curves import CurvesPanel

NONE = "No model was trained yet: do so under Train."
HOW = "Choose several with Ctrl or Shift to compare their curves; right-click for more."


def _dice(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "–"


COLUMNS = (
    Column("Name", lambda r: r.name, tooltip=lambda r: r.model),
    Column("Val", lambda r: _dice(r.val_dice), lambda r: r.val_dice, help="Best validation Dice"),
    Column("Test", lambda r: _dice(r.test_dice), lambda r: r.test_dice, help="Mean test Dice"),
    Column("Epochs", lambda r: f"{r.epochs}{'' if r.finished else ' …'}", lambda r: r.epochs),
    Column("Time", lambda r: seconds(r.seconds), lambda r: r.seconds),
    Column("When", lambda r: r.created[:16].replace("T", " ")),
    Column("Settings", lambda r: r.settings, tooltip=lambda r: r.settings),
    Column("Data", lambda r: _data(r)),
)


def _data(run: RunRecord) -> str:
    return f"{run.folder}, {run.cases} cases" if run.cases else run.folder


class RunsView(Page):
    """Shows every training of the workspace."""

    chosen = Signal(object)  # the runs that are compared
    use_wanted = Signal(object)  # a run whose model is to be selected
    resume_wanted = Signal(object)
    longer_wanted = Signal(object)
    export_wanted = Signal(str)  # a CSV file to be written

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.note = Text()
        self.table = Table(COLUMNS, many=True)
        self.table.set_widths(
            "brain-tumour-2",
            "0.000",
            "0.000",
            "100 …",
            "1 h 10 min",
            "2026-01-01 10:00",
            "auto 192×192",
            "brains, 60 cases",
            grow=0,
        )
        self.use = QPushButton("Select model")
        self.use.setToolTip("Use the chosen run's model under Segment and Evaluate")
        self.resume = QPushButton("&Resume")
        self.resume.setToolTip("Go on where the chosen run was stopped")
        self.longer = QPushButton("Train lon&ger…")
        self.longer.setToolTip("Go on where the chosen run ended, for some more minutes")
        self.export = QPushButton("E&xport CSV…")
        self.export.setToolTip("Save the table, with all settings")
        self.settings = Text()
        self.curves = CurvesPanel()
        self._resumable: frozenset[str] = frozenset()
        self._lay_out()
        self._connect()
        self.set_runs((), frozenset())
        tab_as_laid_out(self)

    # --- setters ------------------------------------------------------------------------------

    def set_runs(self, runs: Sequence[RunRecord], resumable: frozenset[str]) -> None:
        """Show runs; ``resumable`` are the models of those that can be gone on with."""
        kept = {run.model for run in self.table.chosen()}
        self._resumable = resumable
        self.table.rows.set_rows(list(runs))
        self.note.set_text(HOW if runs else NONE)
        self.export.setEnabled(bool(runs))
        if kept:
            self.table.select_all(lambda run: run.model in kept)
        self._choose()

    def runs(self) -> list[RunRecord]:
        """Return the chosen runs."""
        return self.table.chosen()

    def menu(self, runs: Sequence[RunRecord]) -> QMenu:
        """Return what can be done with the chosen runs."""
        menu = QMenu(self)
        if len(runs) != 1:
            return menu
        (run,) = runs
        menu.addAction("Select model", lambda: self.use_wanted.emit(run))
        if run.model in self._resumable:
            if not run.finished:
                menu.addAction("Resume", lambda: self.resume_wanted.emit(run))
            menu.addAction("Train longer…", lambda: self.longer_wanted.emit(run))
        return menu

    # --- inside -------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        for button in (self.use, self.export):
            first.addWidget(button)
        for button in (self.resume, self.longer):
            second.addWidget(button)
        self.body.addWidget(self.note)
        self.body.addWidget(self.table, 1)
        self.body.addLayout(first)
        self.body.addLayout(second)
        self.body.addWidget(self.settings)
        self.body.addWidget(self.curves)

    def _connect(self) -> None:
        selection = self.table.selectionModel()
        if selection is not None:
            selection.selectionChanged.connect(self._choose)
        self.table.menu_wanted.connect(self._show_menu)
        self.use.clicked.connect(self._use)
        self.resume.clicked.connect(self._resume)
        self.longer.clicked.connect(self._train_longer)
        self.export.clicked.connect(self._export)

    def _use(self) -> None:
        self.use_wanted.emit(self.runs()[0])

    def _resume(self) -> None:
        self.resume_wanted.emit(self.runs()[0])

    def _train_longer(self) -> None:
        self.longer_wanted.emit(self.runs()[0])

    def _choose(self, *_: object) -> None:
        """Offer what can be done with the chosen runs."""
        runs = self.runs()
        one = runs[0] if len(runs) == 1 else None
        goes_on = one is not None and one.model in self._resumable
        self.use.setEnabled(one is not None)
        self.resume.setEnabled(goes_on and one is not None and not one.finished)
        self.longer.setEnabled(goes_on)
        self.settings.set_text(f"{one.settings}; {_data(one)}" if one is not None else "")
        self.chosen.emit(runs)

    def _show_menu(self, runs: Sequence[RunRecord], at: QPoint) -> None:
        menu = self.menu(runs)
        if not menu.isEmpty():
            menu.exec(at)
        menu.deleteLater()

    def _export(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Export runs", "runs.csv", "CSV (*.csv)")
        if path:
            self.export_wanted.emit(path)
