"""The Evaluate view: a table of scores per image, and a quick score of two Labels layers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtWidgets import QFormLayout, QLineEdit, QWidget

from napari_unet.events import CaseScore
from napari_unet.session import ModelEntry
from napari_unet.widgets.parts.action import Action, Running
from napari_unet.widgets.parts.fold import Fold
from napari_unet.widgets.parts.form import add_row, narrow
from napari_unet.widgets.parts.page import Page, tab_as_laid_out
from napari_unet.widgets.parts.picker import Choice, ModelPicker
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.table import Column, Table
from napari_unet.widgets.parts.text import Text

SUBSETS = (("test", "test"), ("val", "validation"), ("train", "training"), ("all", "all cases"))
NAN = float("nan")
SCORES = {
    "dice": ("Dice", "2 · overlap / (both areas)"),
    "iou": ("IoU", "Intersection over union (Jaccard)"),
    "pixel_accuracy": ("Acc.", "Pixel accuracy: the share of pixels whose label is right"),
    "precision": ("Prec.", "Precision: how much of what was found is right"),
    "recall": ("Rec.", "Recall: how much of what is there was found"),
}
SUMMARY = {"mean": "mean", "std": "± std", "median": "median"}


def _score_column(key: str) -> Column:
    title, help = SCORES[key]

    def show(s: CaseScore) -> str:
        return "–" if s.error else f"{getattr(s, key):.3f}"

    return Column(title, show, lambda s: NAN if s.error else getattr(s, key), _explain, help)


def _explain(s: CaseScore) -> str:
    if s.error:
        return s.error
    note = " (no foreground in either mask)" if s.empty else ""
    values = ", ".join(f"{SCORES[k][0]} {getattr(s, k):.4f}" for k in SCORES)
    return f"{s.name}{note}\n{values}"


COLUMNS = (
    Column("Image", lambda s: f"{s.name} ∅" if s.empty else s.name, tooltip=_explain),
    *(_score_column(key) for key in SCORES),
    Column("Patient", lambda s: s.patient),
)


class EvaluateView(Page):
    """Shows how well a model does."""

    evaluate_wanted = Signal()
    cancel_wanted = Signal()
    model_chosen = Signal(str)
    subset_chosen = Signal(str)
    browse = Signal()
    case_wanted = Signal(str)  # its name
    export_wanted = Signal()
    compare_wanted = Signal(str, str)  # names of the prediction's and the reference's layer

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ModelPicker()
        self.subset = Choice()
        self.subset.set_items(SUBSETS, "test")
        self.evaluate = Action("&Evaluate", "Score the model on every case of the subset")
        self.running = Running()
        self.stale = Text()
        self.summary = Text()
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search images and patients")
        self.search.setClearButtonEnabled(True)
        self.table = Table(COLUMNS)
        self.table.set_widths("case_000", *("0.000",) * 5, "patient-00", grow=0)
        self.export = Action("E&xport CSV…", "Save the table")
        self.compare_box = Fold("Compare two layers")
        self.prediction = Choice("no labels layer")
        self.reference = Choice("no labels layer")
        self.compare = Action("&Compare", "Score one Labels layer against another")
        self.compare_result = Text()
        self._lay_out()
        self._connect()
        self.set_scores((), None, "")
        tab_as_laid_out(self)

    # --- setters ------------------------------------------------------------------------------

    def set_models(self, models: Sequence[ModelEntry], current: ModelEntry | None) -> None:
        """Offer these models with ``current`` chosen."""
        self.model.set_models(models, current)

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
        self, scores: Sequence[CaseScore], summary: Mapping[str, Any] | None, stale: str
    ) -> None:
        """Fill the table; ``stale`` says whose scores they are if not the present model's."""
        pinned = _pinned(summary) if summary else []
        if pinned or self.table.rows.pinned or not _continues(scores, self.table.rows.given):
            self.table.rows.set_rows([*pinned, *scores], len(pinned))
        else:
            for score in scores[len(self.table.rows.given) :]:
                self.table.rows.append(score)
        for widget in (self.table, self.search, self.export):
            widget.setVisible(bool(scores))
        self.summary.set_text(_summary_text(summary) if summary else _so_far(scores))
        self.stale.set_text(f"⚠ {stale}" if stale else "")
        self.export.set_reason("" if scores else "There are no scores yet.")

    def set_case(self, name: str) -> None:
        """Mark the open case."""
        if name:
            self.table.select(lambda score: score.name == name)

    def set_layers(self, names: Sequence[str], prediction: str, reference: str) -> None:
        """Offer Labels layers to compare, with these two chosen unless a person chose others."""
        items = [(n, n) for n in names]
        kept = [self.prediction.key(), self.reference.key()]
        wanted = [
            k if k in names else d for k, d in zip(kept, (prediction, reference), strict=True)
        ]
        self.prediction.set_items(items, wanted[0])
        self.reference.set_items(items, wanted[1])
        self._check_layers()

    def set_compared(self, text: str) -> None:
        """Show the scores of the two layers, or nothing when they are out of date."""
        self.compare_result.set_text(text)

    # --- inside -------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        rows = narrow(QFormLayout())
        add_row(rows, "Mo&del", self.model, "The model to score.")
        add_row(rows, "Case&s", self.subset, "Test cases were never seen in training.")
        self.body.addLayout(rows)
        top: tuple[QWidget, ...] = (self.evaluate, self.running, self.stale, self.summary)
        for widget in (*top, self.search):
            self.body.addWidget(widget)
        self.body.addWidget(self.table, 1)
        self.body.addWidget(self.export)
        pair = QWidget()
        rows = narrow(QFormLayout(pair))
        add_row(rows, "Prediction", self.prediction, "The Labels layer to be scored.")
        add_row(rows, "Reference", self.reference, "The Labels layer taken as the truth.")
        for widget in (pair, self.compare, self.compare_result):
            self.compare_box.rows.addWidget(widget)
        self.body.addWidget(self.compare_box)
        self.body.addStretch(0)

    def _connect(self) -> None:
        relay: tuple[tuple[Any, Any], ...] = (
            (self.evaluate.clicked, self.evaluate_wanted),
            (self.running.stop, self.cancel_wanted),
            (self.model.chosen, self.model_chosen),
            (self.model.browse, self.browse),
            (self.subset.chosen, self.subset_chosen),
            (self.export.clicked, self.export_wanted),
        )
        for inner, outer in relay:
            inner.connect(outer)
        self.search.textChanged.connect(self.table.found.set_search)
        self.table.opened.connect(lambda score: self.case_wanted.emit(score.name))
        self.compare.clicked.connect(self._compare)
        for choice in (self.prediction, self.reference):
            choice.chosen.connect(lambda _: self._choose_layers())

    def _compare(self) -> None:
        self.compare_wanted.emit(self.prediction.key(), self.reference.key())

    def _choose_layers(self) -> None:
        self.compare_result.set_text("")
        self._check_layers()

    def _check_layers(self) -> None:
        a, b = self.prediction.key(), self.reference.key()
        if not (a and b):
            self.compare.set_reason("Two Labels layers are needed: a prediction and a reference.")
        else:
            self.compare.set_reason("Choose two different layers." if a == b else "")


def _pinned(summary: Mapping[str, Any]) -> list[CaseScore]:
    """Return the rows on top: mean, deviation and median."""
    if not summary["mean"]:
        return []
    return [CaseScore(n, "", empty=False, **summary[kind]) for kind, n in SUMMARY.items()]


def _continues(scores: Sequence[CaseScore], shown: Sequence[CaseScore]) -> bool:
    """Say whether all that is shown is the beginning of the scores."""
    n = len(shown)
    return len(scores) >= n and (n == 0 or scores[n - 1] is shown[-1])


def _summary_text(summary: Mapping[str, Any]) -> str:
    patients = summary["patients"]
    images, people = summary["images"], patients["count"]
    parts = [f"{images} image{'s' * (images != 1)} of {people} patient{'s' * (people != 1)}."]
    if patients["mean"] and people > 1:
        mean, std = patients["mean"]["dice"], patients["std"]["dice"]
        parts.append(f"Mean Dice over patients {mean:.3f} ± {std:.3f}.")
    if summary["empty"]:
        parts.append(f"{summary['empty']} without foreground in either mask (∅, Dice counts as 1).")
    if summary.get("failed"):
        parts.append(f"{summary['failed']} could not be scored (–).")
    return " ".join(parts)


def _so_far(scores: Sequence[CaseScore]) -> str:
    good = [s.dice for s in scores if not s.error]
    if not good:
        return "" if scores else "Evaluate a model to see Dice and IoU of every image here."
    return f"{len(scores)} images so far, mean Dice {math.fsum(good) / len(good):.3f}."


def compared(score: CaseScore) -> str:
    """Say in words how two masks agree."""
    lines = [f"{SCORES[k][0]} {getattr(score, k):.4f}" for k in SCORES]
    per_class = [f"{name}: Dice {v['dice']:.4f}" for name, v in score.per_class.items()]
    note = ["Neither layer has any foreground."] if score.empty else []
    return "\n".join([*note, ", ".join(lines), *(per_class if len(per_class) > 1 else ())])
