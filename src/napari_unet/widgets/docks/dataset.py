"""The Data dock."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QFileDialog, QInputDialog

from napari_unet.data.cases import Case, Dataset
from napari_unet.widgets.docks.dock import Dock
from napari_unet.widgets.docks.fetch import fetch_dialog
from napari_unet.widgets.understanding import axes_in_words
from napari_unet.widgets.views.dataset import DatasetView
from napari_unet.widgets.views.pairing import PairDialog


class DatasetDock(Dock):
    """Choose a folder, see its pairs, open a case."""

    place = "dataset"

    def __init__(self, napari_viewer: Any) -> None:
        self.view = view = DatasetView()
        super().__init__(napari_viewer, view)
        loader, folders, session = self.desk.loader, self.desk.folders, self.desk.session
        view.browse.connect(self._browse)
        view.folder_chosen.connect(folders.open)
        view.sample_wanted.connect(folders.open_sample)
        view.cases.case_wanted.connect(loader.open_case)
        view.cases.step_wanted.connect(loader.step)
        view.cases.shown_changed.connect(session.set_shown)
        view.cases.stack_wanted.connect(self._stack)
        view.cases.axes_wanted.connect(self._axes)
        view.cases.pictures_wanted.connect(self.desk.thumbnails.ask)
        self.listen(self.desk.thumbnails.ready, view.cases.set_pictures)
        curator = self.desk.curator
        view.cases.menus.leave_out_wanted.connect(curator.leave_out)
        view.cases.menus.pair_wanted.connect(self._pair)
        view.cases.menus.patients_wanted.connect(curator.set_patients)
        view.cases.menus.undo_wanted.connect(curator.undo)
        view.left_out.put_back_wanted.connect(curator.put_back)
        view.audit.check_wanted.connect(self.desk.auditor.check)
        view.audit.cancel_wanted.connect(self.desk.auditor.stop)
        view.classes.values_wanted.connect(curator.look_at_masks)
        view.classes.classes_wanted.connect(curator.set_classes)
        view.classes.found_wanted.connect(curator.find_classes)
        self.listen(curator.values_found, view.classes.set_values)
        manage = view.manage.panel
        manage.pairs_import_wanted.connect(curator.import_pairs)
        manage.pairs_export_wanted.connect(curator.export_pairs)
        manage.merge_wanted.connect(curator.merge_letters)
        manage.split_changed.connect(self.desk.divider.plan)
        manage.folders_wanted.connect(curator.export_folders)
        self.listen(self.desk.divider.plan_changed, self._show_split)
        self.listen(session.busy_changed, self._show_busy)
        self.listen(session.audit_changed, self._show_audit)
        self.listen(self.desk.layers.folder_read, folders.take)
        view.fetch_wanted.connect(self._fetch)
        view.close_wanted.connect(folders.close)
        self.listen(session.dataset_changed, self._show_dataset)
        self.listen(session.split_changed, self._show_split)
        self.listen(session.case_changed, self._show_case)
        self.listen(session.corrections_changed, self._show_corrections)
        self.listen(loader.stacks.changed, self._show_stack)
        self._shown: object = self
        self._show_dataset()
        self._show_case()
        self._show_busy()
        self._show_audit()

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Choose a folder of images and masks")
        if folder:
            self.desk.folders.open(folder)

    def _pair(self, case: Case) -> None:
        dataset = self.desk.session.dataset
        if dataset is None:
            return
        dialog = PairDialog(case, dataset, self)
        if dialog.exec() == PairDialog.DialogCode.Accepted:
            self.desk.curator.set_masks(case, dialog.masks)
        dialog.deleteLater()

    def _axes(self) -> None:
        told = self.desk.session.case is not None and self.desk.session.case.axes
        choices = {axes_in_words(axes): axes for axes in self.desk.loader.understanding.other_axes}
        if told:
            choices = {"as found by the program": "", **choices}
        words, chosen = QInputDialog.getItem(
            self, "Axes", "The images of this data set hold:", list(choices), editable=False
        )
        if chosen:
            self.desk.curator.set_axes(choices[words])

    def _fetch(self) -> None:
        dialog = fetch_dialog(self)
        dialog.exec()
        dialog.deleteLater()

    def _stack(self, wanted: bool) -> None:
        loader = self.desk.loader
        if wanted:
            loader.open_stack(self.desk.session.shown)
        else:
            loader.close_stack()
        self._show_stack()

    def _show_stack(self) -> None:
        self.view.cases.set_stacked(self.desk.loader.stacks.stack is not None)

    def _show_dataset(self) -> None:
        session = self.desk.session
        if session.dataset is not self._shown or not session.opening:
            before, self._shown = self._shown, session.dataset
            self.view.set_dataset(session.dataset, _same_folder(before, session.dataset))
            self.view.manage.panel.set_merge(self.desk.curator.merges_letters())
            self._show_split()
            self._show_case()
        self.view.set_opening(session.opening)
        self._show_busy()

    def _show_corrections(self) -> None:
        if (dataset := self.desk.session.dataset) is not None:
            self.view.cases.update_cases(dataset.cases)

    def _show_busy(self) -> None:
        self.show_running(self.view.audit)
        self.view.audit.set_reason(self.desk.auditor.reason())

    def _show_audit(self) -> None:
        session = self.desk.session
        self.view.set_audit(session.audit, session.problems)

    def _show_split(self) -> None:
        session = self.desk.session
        self.view.set_subsets(session.subsets, session.split_source)
        self.view.manage.set_split(self.desk.divider.split, session.split_notes)
        self._show_case()

    def _show_case(self) -> None:
        session = self.desk.session
        cases, place = self.view.cases, session.place
        position = "" if place is None else f"{place + 1} of {len(session.shown)}"
        understood, case = self.desk.loader.understanding, session.case
        told = case is not None and bool(case.axes)
        cases.set_case(case, position, understood.words, told or bool(understood.other_axes))
        cases.set_steps(
            "" if session.neighbour(-1) else "This is the first case.",
            "" if session.neighbour(1) else "This is the last case.",
        )


def _same_folder(before: object, now: Dataset | None) -> bool:
    return isinstance(before, Dataset) and now is not None and before.root == now.root
