"""The Dataset dock."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QFileDialog

from napari_unet.widgets.docks.dock import Dock
from napari_unet.widgets.views.dataset import DatasetView


class DatasetDock(Dock):
    """Choose a folder, see its pairs, open a case."""

    place = "dataset"

    def __init__(self, napari_viewer: Any) -> None:
        self.view = view = DatasetView()
        super().__init__(napari_viewer, view)
        loader, session = self.desk.loader, self.desk.session
        view.browse.connect(self._browse)
        view.folder_chosen.connect(loader.open_folder)
        view.sample_wanted.connect(loader.open_sample)
        view.cases.case_wanted.connect(loader.open_case)
        view.cases.step_wanted.connect(loader.step)
        view.cases.shown_changed.connect(session.set_shown)
        view.cases.stack_wanted.connect(self._stack)
        view.cases.pictures_wanted.connect(self.desk.thumbnails.ask)
        self.listen(self.desk.thumbnails.ready, view.cases.set_pictures)
        view.close_wanted.connect(loader.close_dataset)
        self.listen(session.dataset_changed, self._show_dataset)
        self.listen(session.split_changed, self._show_split)
        self.listen(session.case_changed, self._show_case)
        self.listen(loader.stack_changed, self._show_stack)
        self._shown: object = self
        self._show_dataset()
        self._show_case()

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Choose a folder of images and masks")
        if folder:
            self.desk.loader.open_folder(folder)

    def _stack(self, wanted: bool) -> None:
        loader = self.desk.loader
        if wanted:
            loader.open_stack(self.desk.session.shown)
        else:
            loader.close_stack()
        self._show_stack()

    def _show_stack(self) -> None:
        self.view.cases.set_stacked(self.desk.loader.stack is not None)

    def _show_dataset(self) -> None:
        session = self.desk.session
        if session.dataset is not self._shown or not session.opening:
            self._shown = session.dataset
            self.view.set_dataset(session.dataset)
            self._show_split()
            self._show_case()
        self.view.set_opening(session.opening)

    def _show_split(self) -> None:
        session = self.desk.session
        self.view.set_subsets(session.subsets, session.split_source)
        self._show_case()

    def _show_case(self) -> None:
        session = self.desk.session
        cases, place = self.view.cases, session.place
        position = "" if place is None else f"{place + 1} of {len(session.shown)}"
        cases.set_case(session.case, position)
        cases.set_steps(
            "" if session.neighbour(-1) else "This is the first case.",
            "" if session.neighbour(1) else "This is the last case.",
        )
