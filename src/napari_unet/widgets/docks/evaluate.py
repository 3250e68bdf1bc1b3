"""The Scores dock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QFileDialog

from napari_unet.errors import readable
from napari_unet.widgets import choices
from napari_unet.widgets.docks.dock import Dock
from napari_unet.widgets.views.evaluate import EvaluateView
from napari_unet.widgets.views.score_columns import DEFAULT

COLUMNS = "scores.columns"  # what the chosen columns are kept under


class EvaluateDock(Dock):
    """See how good a model is, image by image, and how it compares with others."""

    place = "evaluate"

    def __init__(self, napari_viewer: Any) -> None:
        self.view = view = EvaluateView()
        super().__init__(napari_viewer, view)
        view.scores.set_columns(choices.load(COLUMNS, list(DEFAULT)))
        self._bind_scores()
        self._bind_comparisons()
        for show in (self._show_models, self._show_busy, self._show_sheet, self._show_case):
            show()
        self._show_layers()
        self._show_comparison()

    def _bind_scores(self) -> None:
        view, session, scorer = self.view, self.desk.session, self.desk.scorer
        view.evaluate_wanted.connect(self._evaluate)
        view.cancel_wanted.connect(scorer.stop)
        view.model_chosen.connect(lambda path: self.desk.use_model(path, self.place))
        view.subset_chosen.connect(lambda _: self._show_reason())
        view.browse.connect(self.browse_model)
        view.model.dropped.connect(self.add_models)
        view.scores.case_wanted.connect(self.desk.open_scored)
        view.scores.choices.columns_chosen.connect(self._keep_columns)
        view.export_wanted.connect(self._export)
        view.report_wanted.connect(lambda: self._report(self.desk.reporter.start))
        view.report_cancelled.connect(self.desk.reporter.stop)
        for signal in (session.models_changed, session.model_changed):
            self.listen(signal, self._show_models)
        for signal in (session.dataset_changed, session.split_changed):
            self.listen(signal, self._show_reason)
        self.listen(session.busy_changed, self._show_busy)
        self.listen(session.sheet_changed, self._show_sheet)
        self.listen(session.case_changed, self._show_case)

    def _bind_comparisons(self) -> None:
        desk, layers, models = self.desk, self.view.layers, self.view.models
        layers.compare_wanted.connect(desk.scorer.compare)
        layers.errors_wanted.connect(self._show_errors)
        models.compare_wanted.connect(self._compare)
        models.cancel_wanted.connect(desk.comparer.stop)
        models.reader_wanted.connect(self._add_reader)
        models.case_wanted.connect(desk.open_case_named)
        models.ticked.connect(self._show_reason)
        models.report_wanted.connect(lambda: self._report(desk.reporter.start_comparison))
        self.listen(desk.layers.changed, self._show_layers)
        self.listen(desk.scorer.compared, layers.set_compared)
        for signal in (desk.session.comparison_changed, desk.session.dataset_changed):
            self.listen(signal, self._show_comparison)

    # --- what a person wants ------------------------------------------------------------------

    def _evaluate(self) -> None:
        self.desk.scorer.start(self.view.subset.key())  # type: ignore[arg-type]  # of SUBSETS

    def _compare(self, models: tuple[str, ...], readers: tuple[str, ...]) -> None:
        subset = self.view.subset.key()
        self.desk.comparer.start(models, readers, subset)  # type: ignore[arg-type]  # of SUBSETS

    def _show_errors(self, prediction: str, reference: str) -> None:
        """Show where two layers differ, which follows the brush from then on."""
        correcting, layers = self.desk.correcting, self.desk.layers
        for role, name in (("prediction", prediction), ("reference", reference)):
            correcting.choose(role, layers.labels_id(name))
        correcting.show_errors(True)
        correcting.begin()
        if correcting.problem:
            self.desk.session.fail(self.place, correcting.problem)

    def _add_reader(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Choose a folder of a reader's masks")
        if folder:
            self.view.models.add_reader(folder)

    def _keep_columns(self, keys: tuple[str, ...]) -> None:
        try:
            choices.save(COLUMNS, list(keys))
        except OSError as error:
            self.desk.session.fail(self.place, readable(error))

    def _export(self) -> None:
        sheet = self.desk.session.sheet
        if sheet is None:
            return
        path, _ = QFileDialog.getSaveFileName(self, "Save scores", "scores.csv", "CSV (*.csv)")
        if path:
            self.desk.scorer.export(path, sheet.scores)

    def _report(self, start: Callable[[str], None]) -> None:
        """Ask for a file, and let a report be written to it."""
        pattern = "Web page (*.html)"
        path, _ = QFileDialog.getSaveFileName(self, "Save report", "report.html", pattern)
        if path:
            start(path if Path(path).suffix else f"{path}.html")

    # --- what is shown ------------------------------------------------------------------------

    def _show_models(self) -> None:
        session = self.desk.session
        self.view.set_models(session.models, session.model)
        self._show_reason()

    def _show_reason(self) -> None:
        view, desk, subset = self.view, self.desk, self.view.subset.key()
        view.set_reason(desk.scorer.reason(subset))
        view.models.set_reason(desk.comparer.reason(*view.models.chosen(), subset))
        view.set_report_reason(desk.reporter.reason())
        view.models.result.set_report_reason(desk.reporter.comparison_reason())

    def _show_busy(self) -> None:
        desk, view = self.desk, self.view
        shown: Any = view.reporting if desk.reporter.running else view
        shown = view.models if desk.comparer.running else shown
        for idle in (view, view.reporting, view.models):
            if idle is not shown:
                idle.set_idle()
        self.show_running(shown)
        self._show_reason()

    def _show_sheet(self) -> None:
        session = self.desk.session
        sheet = session.sheet
        if sheet is None:
            self.view.set_scores((), {}, False, "")
        else:
            self.view.set_scores(sheet.scores, sheet.before, sheet.complete, session.stale)
        self.view.set_report_reason(self.desk.reporter.reason())

    def _show_case(self) -> None:
        case = self.desk.session.case
        self.view.scores.set_case(case.name if case is not None else "")

    def _show_layers(self) -> None:
        layers = self.desk.layers
        names = layers.label_names()
        self.view.layers.set_layers(names, layers.segmentation_name(), layers.reference_name())

    def _show_comparison(self) -> None:
        self.view.models.set_compared(self.desk.session.comparison, self.desk.comparer.stale)
        self._show_reason()
