"""Scores of one Labels layer against another, without a data set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from qtpy.QtWidgets import QFormLayout, QVBoxLayout, QWidget

from napari_unet.events import CaseScore
from napari_unet.widgets.parts.action import Action
from napari_unet.widgets.parts.form import add_row, narrow
from napari_unet.widgets.parts.picker import Choice
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.rows import Column
from napari_unet.widgets.parts.table import Table
from napari_unet.widgets.parts.text import Text
from napari_unet.widgets.views.score_columns import Units, units_of, written
from napari_unet.widgets.views.score_lines import MEASURES, Measure, values_of


class LayersView(QWidget):
    """Two lists of layers, a button, and a row for each score."""

    compare_wanted = Signal(str, str)  # names of the prediction's and the reference's layer
    errors_wanted = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.prediction = Choice("no labels layer")
        self.reference = Choice("no labels layer")
        self.compare = Action("&Compare", "Score one Labels layer against another")
        self.errors = Action("Show errors", "Show in colours where the two layers differ")
        self.note = Text()
        self.table = Table(())
        self.table.setAccessibleName("Scores of the two layers")
        rows = QFormLayout()
        add_row(narrow(rows), "Prediction", self.prediction, "The Labels layer to be scored.")
        add_row(rows, "Reference", self.reference, "The Labels layer taken as the truth.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(rows)
        for widget in (self.compare, self.note, self.table, self.errors):
            layout.addWidget(widget)
        self.compare.clicked.connect(lambda: self.compare_wanted.emit(*self.chosen()))
        self.errors.clicked.connect(lambda: self.errors_wanted.emit(*self.chosen()))
        for choice in (self.prediction, self.reference):
            choice.chosen.connect(self._choose)
        self.set_compared(None)

    # --- setters ------------------------------------------------------------------------------

    def set_layers(self, names: Sequence[str], prediction: str, reference: str) -> None:
        """Offer Labels layers, with these two chosen unless a person chose others."""
        items = [(n, n) for n in names]
        suggested = ((self.prediction, prediction), (self.reference, reference))
        for choice, name in suggested:
            choice.set_items(items, choice.key() if choice.key() in names else name)
        self._check()

    def set_compared(self, score: CaseScore | None) -> None:
        """Show the scores of the two layers, or nothing when they are out of date."""
        self.table.setVisible(score is not None)
        self.note.set_text("" if score is None else _note(score))
        if score is None:
            self.table.rows.set_rows(())
            return
        shown = columns(score)
        self.table.set_columns(shown)
        self.table.rows.set_rows(MEASURES)
        samples = [max((c.show(m) for m in MEASURES), key=len) for c in shown]
        self.table.set_widths(*samples, grow=0)
        self.table.fix_height(len(MEASURES) + 1)  # with the bar that moves through many classes

    def chosen(self) -> tuple[str, str]:
        """Return the names of the prediction's and the reference's layer."""
        return self.prediction.key(), self.reference.key()

    # --- inside -------------------------------------------------------------------------------

    def _choose(self, _: str) -> None:
        self.set_compared(None)
        self._check()

    def _check(self) -> None:
        a, b = self.chosen()
        reason = "Choose two different layers." if a == b else ""
        if not (a and b):
            reason = "Two Labels layers are needed: a prediction and a reference."
        self.compare.set_reason(reason)
        self.errors.button.setEnabled(not reason)  # the reason stands above already
        self.errors.button.setToolTip(reason or "Show in colours where the two layers differ")


def columns(score: CaseScore) -> list[Column]:
    """Return a column with all scores of an image, and one for each of several classes."""
    units = units_of([score])
    names = list(score.per_class) if len(score.per_class) > 1 else []
    return [
        Column("Score", units.title, tooltip=lambda measure: measure.help),
        *(_values(score, name, units) for name in ("", *names)),
    ]


def _values(score: CaseScore, name: str, units: Units) -> Column:
    values = values_of(score, name)

    def show(measure: Measure) -> str:
        value = values[measure.key]
        exact = measure.kind == "share" and not math.isnan(value)
        return f"{value:.4f}" if exact else written(measure, value)

    def value(measure: Measure) -> Any:
        return values[measure.key]

    def explain(measure: Measure) -> str:
        return f"{measure.help}: {show(measure)} {units.of(measure)}".rstrip()

    return Column(name or "Value", show, value, explain)


def _note(score: CaseScore) -> str:
    if score.empty:
        return "Neither layer has any foreground."
    if math.isnan(score.hd95):
        return "No distances: only one of the layers has foreground, or a class is in one only."
    return ""
