"""The Batch dock."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QFileDialog

from napari_unet.events import Segmented
from napari_unet.widgets.docks.dock import Dock
from napari_unet.widgets.views.batch import BatchView


class BatchDock(Dock):
    """Segment a folder, files or a data set, and see how large everything is."""

    place = "batch"

    def __init__(self, napari_viewer: Any) -> None:
        self.view = view = BatchView()
        super().__init__(napari_viewer, view)
        session, batcher = self.desk.session, self.desk.batcher
        view.folder_wanted.connect(self._choose_folder)
        view.files_wanted.connect(self._choose_files)
        view.dataset_wanted.connect(batcher.choose_dataset)
        view.out_wanted.connect(self._choose_out)
        view.model_chosen.connect(lambda path: self.desk.use_model(path, self.place))
        view.browse.connect(self.browse_model)
        view.model.dropped.connect(self.add_models)
        view.start_wanted.connect(self._start)
        view.cancel_wanted.connect(batcher.stop)
        view.row_wanted.connect(batcher.open)
        view.show_wanted.connect(self._show_folder)
        view.export_wanted.connect(self._export)
        for signal in (session.models_changed, session.model_changed):
            self.listen(signal, self._show_models)
        self.listen(session.dataset_changed, self._show_inputs)
        self.listen(session.busy_changed, self._show_busy)
        self.listen(batcher.changed, self._show_inputs)
        self.listen(batcher.restarted, self._show_results)
        self.listen(batcher.result_added, self._add_result)
        self._show_models()
        self._show_inputs()
        self._show_busy()
        self._show_results()

    # --- what a person does -------------------------------------------------------------------

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Choose a folder of images")
        if folder:
            self.desk.batcher.choose([folder])

    def _choose_files(self) -> None:
        files, _ = QFileDialog.getOpenFileNames(self, "Choose images")
        if files:
            self.desk.batcher.choose(files)

    def _choose_out(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Choose a folder for the labels")
        if folder:
            self.desk.batcher.set_out(folder)

    def _start(self) -> None:
        self.desk.batcher.start(self.view.settings())

    def _show_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(self.desk.batcher.out))

    def _export(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save sizes", "sizes.csv", "CSV (*.csv)")
        if path:
            self.desk.batcher.export(path)

    # --- what is shown ------------------------------------------------------------------------

    def _show_models(self) -> None:
        session = self.desk.session
        self.view.set_models(session.models, session.model)
        self._show_reason()

    def _show_inputs(self) -> None:
        batcher = self.desk.batcher
        self.view.set_inputs(batcher.describe())
        self.view.set_out(batcher.out)
        none = self.desk.session.dataset is None
        self.view.set_dataset("Open a data set under Data first." if none else "")
        self._show_reason()

    def _show_reason(self) -> None:
        self.view.set_reason(self.desk.batcher.reason())

    def _show_busy(self) -> None:
        self.show_running(self.view)
        self._show_reason()

    def _show_results(self) -> None:
        batcher = self.desk.batcher
        self.view.set_results(batcher.results, batcher.summary())

    def _add_result(self, result: Segmented) -> None:
        self.view.add_result(result, self.desk.batcher.summary())
