"""The Evaluate dock."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QFileDialog

from napari_unet.events import CaseScore
from napari_unet.widgets.docks.dock import Dock
from napari_unet.widgets.views.evaluate import EvaluateView, compared


class EvaluateDock(Dock):
    """See how good a model is, image by image."""

    place = "evaluate"

    def __init__(self, napari_viewer: Any) -> None:
        self.view = view = EvaluateView()
        super().__init__(napari_viewer, view)
        session, scorer = self.desk.session, self.desk.scorer
        view.evaluate_wanted.connect(self._evaluate)
        view.cancel_wanted.connect(scorer.stop)
        view.model_chosen.connect(lambda path: self.desk.use_model(path, self.place))
        view.subset_chosen.connect(lambda _: self._show_reason())
        view.browse.connect(self.browse_model)
        view.case_wanted.connect(self.desk.open_scored)
        view.export_wanted.connect(self._export)
        view.compare_wanted.connect(scorer.compare)
        for signal in (session.models_changed, session.model_changed):
            self.listen(signal, self._show_models)
        for signal in (session.dataset_changed, session.split_changed):
            self.listen(signal, self._show_reason)
        self.listen(session.busy_changed, self._show_busy)
        self.listen(session.sheet_changed, self._show_sheet)
        self.listen(session.case_changed, self._show_case)
        self.listen(self.desk.layers.changed, self._show_layers)
        self.listen(scorer.compared, self._show_compared)
        self._show_models()
        self._show_busy()
        self._show_sheet()
        self._show_layers()

    def _evaluate(self) -> None:
        self.desk.scorer.start(self.view.subset.key())  # type: ignore[arg-type]  # of SUBSETS

    def _export(self) -> None:
        sheet = self.desk.session.sheet
        if sheet is None:
            return
        path, _ = QFileDialog.getSaveFileName(self, "Save scores", "scores.csv", "CSV (*.csv)")
        if path:
            self.desk.scorer.export(path, sheet.scores)

    def _show_models(self) -> None:
        session = self.desk.session
        self.view.set_models(session.models, session.model)
        self._show_reason()

    def _show_reason(self) -> None:
        self.view.set_reason(self.desk.scorer.reason(self.view.subset.key()))

    def _show_busy(self) -> None:
        self.show_running(self.view)
        self._show_reason()

    def _show_sheet(self) -> None:
        session = self.desk.session
        sheet = session.sheet
        scores, summary = (sheet.scores, sheet.summary) if sheet is not None else ((), None)
        self.view.set_scores(scores, summary, session.stale)
        self._show_case()

    def _show_case(self) -> None:
        case = self.desk.session.case
        self.view.set_case(case.name if case is not None else "")

    def _show_layers(self) -> None:
        layers = self.desk.layers
        names = layers.label_names()
        self.view.set_layers(names, layers.segmentation_name(), layers.reference_name())

    def _show_compared(self, score: CaseScore | None) -> None:
        self.view.set_compared("" if score is None else compared(score))
