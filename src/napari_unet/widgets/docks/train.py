"""The Train dock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QFileDialog

from napari_unet.config import Recipe, SplitConfig
from napari_unet.jobs import TrainJob
from napari_unet.widgets.docks.augmentation import augmentation_dialog
from napari_unet.widgets.docks.dock import Dock
from napari_unet.widgets.docks.following import Following
from napari_unet.widgets.layer_pairs import guess
from napari_unet.widgets.training import model_path, suggest_name
from napari_unet.widgets.views.augmentation import AugmentationDialog
from napari_unet.widgets.views.train import LAYERS, TrainView


class TrainDock(Dock):
    """Train models on the open dataset, one after the other."""

    place = "train"

    def __init__(self, napari_viewer: Any) -> None:
        self.view = view = TrainView()
        self._named = False  # by a person
        self.augmentation: AugmentationDialog | None = None  # while it is open
        super().__init__(napari_viewer, view)
        self.following = Following(self, view)
        session, trainer = self.desk.session, self.desk.trainer
        view.train_wanted.connect(self._train)
        view.plan_wanted.connect(lambda: trainer.plan(view.form.value()))
        view.source_chosen.connect(self._choose_source)
        view.pairs.changed.connect(self._show_reason)
        view.pairs.scribbles_wanted.connect(self._add_scribbles)
        self.listen(self.desk.layers.changed, self._show_layers)
        view.augment_wanted.connect(self._show_augmentation)
        view.folder_wanted.connect(self._browse)
        view.sample_wanted.connect(self.desk.folders.open_sample)
        view.name_changed.connect(self._rename)
        view.settings_changed.connect(self._changed)
        view.plan.use_wanted.connect(self._use_plan)
        self.listen(session.dataset_changed, self._show_data)
        self.listen(self.desk.divider.plan_changed, self._show_split)
        self.listen(session.busy_changed, self._show_busy)
        self.listen(session.plan_changed, self._show_plan)
        self.listen(session.queue_changed, self._suggest_name)
        self.listen(session.models_changed, self._show_models)
        self._show_data()
        self._show_busy()
        self._show_plan()
        self._show_models()

    # --- what a person does -------------------------------------------------------------------

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Choose a folder of images and masks")
        if folder:
            self.desk.folders.open(folder)

    def _train(self) -> None:
        settings, name = self.view.form.value(), self.view.name.text()
        if not self._layers:
            self._start(settings, name)
            return
        pairs = self.view.pairs
        desk = self.desk

        def written(folder: Path) -> None:
            if desk.session.dataset is None:
                desk.folders.open(str(folder))
            self._start(settings, name, str(folder))

        sparse = pairs.sparse.isChecked()
        desk.from_layers.write(pairs.chosen(), pairs.class_names(), sparse, written)

    def _start(self, settings: TrainJob, name: str, folder: str = "") -> None:
        self.desk.trainer.start(settings, name, folder)
        if self.open:  # it may have been closed while layers were written
            self._named = False
            self._suggest_name()

    @property
    def _layers(self) -> bool:
        """Whether layers are trained on, and not the open data set."""
        return self.view.source.key() == LAYERS

    def _choose_source(self, source: str) -> None:
        self.view.set_source(source)
        self._show_layers()
        self._show_data()

    def _add_scribbles(self) -> None:
        active = self.desk.layers.active_image()
        pairs = self.desk.from_layers.pairs
        images = [i for i in pairs.images() if active is None or i.name == active.name]
        if images:
            pairs.add_scribbles(images[-1].id)
            self.view.pairs.sparse.setChecked(True)

    def _show_augmentation(self) -> None:
        if self.augmentation is not None:
            self.augmentation.raise_()
            return
        form = self.view.form
        self.augmentation = augmentation_dialog(self, form.value, form.value_changed)
        self.augmentation.closed.connect(self._forget_augmentation)
        self.augmentation.show()
        form.advanced.set_open(True)

    def _forget_augmentation(self) -> None:
        self.augmentation = None

    def _rename(self, name: str) -> None:
        self._named = bool(name.strip())
        self._show_name(name)

    def _changed(self) -> None:
        split: SplitConfig = self.view.form.value().split
        self.desk.divider.plan(split)
        self._show_reason()
        self._show_plan()

    def _use_plan(self, recipe: Recipe) -> None:
        form = self.view.form
        form.set_value(replace(form.value(), recipe=recipe))
        form.advanced.set_open(True)

    # --- what is shown ------------------------------------------------------------------------

    def _show_split(self) -> None:
        """Train by the split that was chosen under Data."""
        form, split = self.view.form, self.desk.divider.split
        form.set_value(replace(form.value(), split=split, seed=split.seed))

    def _show_layers(self) -> None:
        if self._layers:
            pairs = self.desk.from_layers.pairs
            images, labels = pairs.images(), pairs.labels()
            self.view.pairs.set_layers(images, labels, guess(images, labels))
            self._show_reason()

    def _show_data(self) -> None:
        session = self.desk.session
        dataset = session.dataset
        if dataset is not None:
            text = f"Trains on {dataset.root.name}: {len(dataset)} cases, "
            text += f"{dataset.patients} patients."
            self._suggest_name()
        else:
            text = session.opening or "No data set is open yet."
        can_open = dataset is None and not session.opening and not self._layers
        self.view.set_data(text, can_open)
        self.view.set_source(self.view.source.key())
        if dataset is None:
            self._suggest_name()
        self._show_reason()

    def _suggest_name(self) -> None:
        dataset = self.desk.session.dataset
        if self._named or (dataset is None and not self._layers):
            return
        base = "layers" if self._layers or dataset is None else dataset.root.name
        self._show_name(suggest_name(base, self.desk.trainer.names()))

    def _show_name(self, name: str) -> None:
        there = bool(name.strip()) and model_path(name).exists()
        note = "There is a model of this name; it will be kept under a dated name." if there else ""
        self.view.set_name(name, note)
        self._show_reason()

    def _show_reason(self) -> None:
        session, trainer = self.desk.session, self.desk.trainer
        problem = self.view.form.problem
        if self._layers:
            problem = problem or self.view.pairs.problem()
        reason = trainer.reason(self.view.name.text(), problem, folder=self._layers)
        waits = "train" in session.busy
        self.view.set_reason(reason, waits)
        nothing = "" if session.dataset is not None else "Open a folder first."
        nothing = "Only for the open data set." if self._layers else nothing
        self.view.set_helpers(nothing or session.place_reason(self.place), nothing)

    def _show_busy(self) -> None:
        if not self._named:
            self._suggest_name()
        self._show_reason()
        self._show_plan()

    def _show_plan(self) -> None:
        session, now = self.desk.session, self.view.form.value()
        planned = session.planned_for
        stale = ""
        if planned is not None and not _same_settings(planned, now) and self.busy() is None:
            stale = "The settings were changed since."
        self.view.plan.set_plan(session.plan, stale)

    def _show_models(self) -> None:
        usable = [m for m in self.desk.session.models if m.card is not None]
        self.view.form.set_models([(m.path, m.name) for m in usable])


def _same_settings(a: TrainJob, b: TrainJob) -> bool:
    return replace(a, folder="", model="") == replace(b, folder="", model="")
