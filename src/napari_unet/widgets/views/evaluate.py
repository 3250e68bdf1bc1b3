"""The Evaluate view: what to evaluate, the scores as they come, and comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QPushButton, QWidget

from napari_unet.events import CaseScore
from napari_unet.library import Entry
from napari_unet.widgets.parts.action import Action, Running
from napari_unet.widgets.parts.fold import Fold
from napari_unet.widgets.parts.form import add_row, narrow
from napari_unet.widgets.parts.page import Page, tab_as_laid_out
from napari_unet.widgets.parts.picker import Choice, ModelPicker
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Text
from napari_unet.widgets.views.compare_layers import LayersView
from napari_unet.widgets.views.compare_models import ModelsView
from napari_unet.widgets.views.score_lines import overview
from napari_unet.widgets.views.scores import ScoresPanel

SUBSETS = (("test", "test"), ("val", "validation"), ("train", "training"), ("all", "all cases"))
NAMED = 3  # of the cases that failed; all are found by the filter
CSV_TIP = "Save the scores of every image as a table"
HTML_TIP = "Save a report with table, plots and pictures as one file that any browser shows"


class EvaluateView(Page):
    """Shows how well a model does."""

    evaluate_wanted = Signal()
    cancel_wanted = Signal()
    model_chosen = Signal(str)
    subset_chosen = Signal(str)
    browse = Signal()
    export_wanted = Signal()
    report_wanted = Signal()
    report_cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._complete = False
        self.model = ModelPicker()
        self.subset = Choice()
        self.subset.set_items(SUBSETS, "test")
        self.evaluate = Action("&Evaluate", "Score the model on every case of the subset")
        self.running = Running()
        self.stale = Text()
        self.summary = Text()
        self.scores = ScoresPanel()
        self.export = QPushButton("E&xport CSV…")
        self.export.setToolTip(CSV_TIP)
        self.report = QPushButton("&Report…")
        self.exports = QWidget()
        self.reporting = Running()
        self.layers = LayersView()
        self.layers_fold = Fold("Compare two layers")
        self.models = ModelsView()
        self.models_fold = Fold("Compare models and readers")
        self._lay_out()
        self._connect()
        self.set_scores((), {}, False, "")
        self.set_report_reason("")
        tab_as_laid_out(self)

    # --- setters ------------------------------------------------------------------------------

    def set_models(self, models: Sequence[Entry], current: Entry | None) -> None:
        """Offer these models with ``current`` chosen."""
        self.model.set_models(models, current)
        self.models.set_models(models)

    def set_reason(self, reason: str) -> None:
        """Say why nothing can be evaluated now; empty if it can."""
        self.evaluate.set_reason(reason)

    def set_running(self, text: str, share: float | None, stopping: bool) -> None:
        """Show that an evaluation runs."""
        self.running.set_running(text, share, stopping)

    def set_idle(self) -> None:
        """Show that no evaluation runs."""
        self.running.set_idle()

    def set_scores(
        self,
        scores: Sequence[CaseScore],
        before: Mapping[str, CaseScore],
        complete: bool,
        stale: str,
    ) -> None:
        """Show scores, and of those that were corrected what they were before.

        Unless ``complete``, more are to come, or would have; ``stale`` says whose scores they are
        if not the present model's.
        """
        ended, self._complete = complete and not self._complete, complete
        for widget in (self.scores, self.exports):
            widget.setVisible(bool(scores))
        self.scores.set_scores(scores, before)
        self.stale.set_text(f"⚠ {stale}" if stale else "")
        if ended:  # though every score was there already
            self._sum_up()

    def set_report_reason(self, reason: str) -> None:
        """Say why no report can be written now; empty if it can."""
        self.report.setEnabled(not reason)
        self.report.setToolTip(reason or HTML_TIP)

    # --- inside -------------------------------------------------------------------------------

    def _sum_up(self) -> None:
        self.summary.set_text(summary(self.scores.scores, self._complete))

    def _lay_out(self) -> None:
        rows = narrow(QFormLayout())
        add_row(rows, "Mo&del", self.model, "The model to score.")
        add_row(rows, "Case&s", self.subset, "Test cases were never seen in training.")
        self.body.addLayout(rows)
        for widget in (self.evaluate, self.running, self.stale, self.summary):
            self.body.addWidget(widget)
        self.body.addWidget(self.scores, 1)
        row = QHBoxLayout(self.exports)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.export)
        row.addWidget(self.report)
        self.layers_fold.rows.addWidget(self.layers)
        self.models_fold.rows.addWidget(self.models)
        for below in (self.exports, self.reporting, self.layers_fold, self.models_fold):
            self.body.addWidget(below)
        self.body.addStretch(0)

    def _connect(self) -> None:
        relay: tuple[tuple[Any, Any], ...] = (
            (self.evaluate.clicked, self.evaluate_wanted),
            (self.running.stop, self.cancel_wanted),
            (self.model.chosen, self.model_chosen),
            (self.model.browse, self.browse),
            (self.subset.chosen, self.subset_chosen),
            (self.reporting.stop, self.report_cancelled),
        )
        for inner, outer in relay:
            inner.connect(outer)
        self.scores.summed_up.connect(self._sum_up)
        self.export.clicked.connect(lambda: self.export_wanted.emit())
        self.report.clicked.connect(lambda: self.report_wanted.emit())


def summary(scores: Sequence[CaseScore], complete: bool) -> str:
    """Say in words how many images there are, how they did over patients, and what is missing."""
    if not scores:
        return "Evaluate a model to see Dice and IoU of every image here."
    all = overview(scores)
    parts = [f"{_count(all.images, 'image')} of {_count(all.patients, 'patient')}."]
    if not complete:
        parts = [f"{_count(len(scores), 'image')} so far, mean Dice {all.dice:.3f}."]
    elif all.patients > 1:
        parts.append(f"Mean Dice over patients {all.mean:.3f} ± {all.std:.3f}.")
    if all.empty:
        parts.append(f"{all.empty:,} without foreground in either mask (∅, Dice counts as 1).")
    if all.apart:
        parts.append(f"No distances, since only one mask has foreground: {all.apart:,}.")
    if all.failed:
        failed = [score.name for score in scores if score.error]
        named = ", ".join(failed[:NAMED]) + (" and others" if len(failed) > NAMED else "")
        parts.append(f"{all.failed:,} could not be scored (–): {named}.")
    return " ".join(parts)


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'s' * (number != 1)}"
