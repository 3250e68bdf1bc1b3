"""The Train dock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QFileDialog

from napari_unet.config import Recipe, SplitConfig
from napari_unet.events import Note
from napari_unet.jobs import TrainJob
from napari_unet.resumable import Resumable
from napari_unet.session.history import history_of
from napari_unet.widgets.docks.augmentation import augmentation_dialog
from napari_unet.widgets.docks.dock import Dock, words
from napari_unet.widgets.docks.more_minutes import more_minutes
from napari_unet.widgets.docks.train_words import (
    interrupted_words,
    job_words,
    progress_words,
    status_words,
    weightless_words,
)
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
        self._notes: list[str] = []
        self.augmentation: AugmentationDialog | None = None  # while it is open
        super().__init__(napari_viewer, view)
        session, trainer, live = self.desk.session, self.desk.trainer, self.desk.live
        view.train_wanted.connect(self._train)
        view.longer_wanted.connect(self._train_longer)
        view.resume_wanted.connect(self._resume)
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
        view.running.pause_wanted.connect(trainer.pause)
        view.running.stop_wanted.connect(trainer.stop)
        view.queue.moved.connect(trainer.move)
        view.queue.removed.connect(trainer.remove)
        view.live.switched.connect(live.set_on)
        view.live.chosen.connect(live.choose)
        view.live.open_wanted.connect(live.open)
        view.curves.values_wanted.connect(self._save_values)
        view.curves.picture_wanted.connect(self._save_picture)
        self.listen(session.dataset_changed, self._show_data)
        self.listen(session.split_changed, self._show_live)
        self.listen(session.case_changed, self._show_live)
        self.listen(live.changed, self._show_live)
        self.listen(self.desk.divider.plan_changed, self._show_split)
        self.listen(session.busy_changed, self._show_busy)
        self.listen(session.curve_changed, self._show_curve)
        self.listen(session.plan_changed, self._show_plan)
        self.listen(session.queue_changed, self._show_queue)
        self.listen(session.note, self._add_note)
        self.listen(trainer.started, self._clear_notes)
        self.listen(trainer.weights_asked, self._show_question)
        self.listen(session.models_changed, self._show_models)
        self.listen(self.desk.resumer.changed, self._show_resumable)
        self._show_data()
        self._show_busy()
        self._show_plan()
        self._show_queue()
        self._show_live()
        self._show_models()
        self.desk.resumer.look()

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

    def _train_longer(self) -> None:
        last = self._last()
        if last is not None and (minutes := more_minutes(self)):
            self.desk.resumer.resume(last, minutes)

    def _resume(self) -> None:
        if (last := self._last()) is not None:
            self.desk.resumer.resume(last)

    def _last(self) -> Resumable | None:
        """Return the training that is over, if it can be gone on with."""
        run = self.desk.session.run
        return self.desk.resumer.of(run.writes) if run is not None else None

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

    def _save_values(self, path: str) -> None:
        name = Path(path).stem
        self.desk.exporter.save_values(self.place, path, {name: self._history()})

    def _save_picture(self, path: str) -> None:
        self.desk.exporter.save_picture(self.place, path, self.view.curves.picture())

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
        self._show_live()

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
        session, trainer, busy = self.desk.session, self.desk.trainer, self.busy()
        problem = self.view.form.problem
        if self._layers:
            problem = problem or self.view.pairs.problem()
        reason = trainer.reason(self.view.name.text(), problem, folder=self._layers)
        waits = "train" in session.busy
        self.view.set_reason(reason, waits)
        nothing = "" if session.dataset is not None else "Open a folder first."
        nothing = "Only for the open data set." if self._layers else nothing
        self.view.set_helpers(nothing or (f"Busy: {busy[1].title}." if busy else ""), nothing)

    def _show_busy(self) -> None:
        if not self._named:
            self._suggest_name()
        self._show_reason()
        self._show_curve()
        self._show_plan()

    def _show_running(self) -> None:
        running, view = self.busy(), self.view.running
        if running is None:
            view.set_idle()
        else:
            busy = running[1]
            text, share = words(busy)
            if busy.trains and not busy.stopping:
                text = progress_words(busy, self.desk.session.curve)
            view.set_running(text, share)
            view.set_state(busy.trains, busy.paused, busy.asked, busy.stopping)

    def _show_curve(self) -> None:
        self._show_running()
        session = self.desk.session
        self.view.curves.set_histories({"": self._history()})
        running = self.busy()
        trains = running is not None and running[1].trains
        self.view.set_status(status_words(session.curve, session.trained, trains))
        self._show_after()

    def _show_resumable(self) -> None:
        """Offer what can be gone on with: the last training, or one that was interrupted."""
        self._show_after()
        self._show_question()

    def _show_question(self) -> None:
        """Ask what to do about a training that could not begin, or was interrupted."""
        trainer, resumer, question = self.desk.trainer, self.desk.resumer, self.view.question
        if trainer.weightless is not None:
            question.ask(
                weightless_words(trainer.weightless.name),
                {
                    "Start from random weights": trainer.start_at_random,
                    "Dismiss": trainer.forget_weightless,
                },
            )
        elif (found := resumer.interrupted) is not None:
            question.ask(
                interrupted_words(found),
                {
                    "Resume": lambda: resumer.resume(found),
                    "Dismiss": lambda: resumer.dismiss(found),
                },
            )
        else:
            question.show_message("")

    def _show_after(self) -> None:
        last = self._last()
        self.view.set_after(
            resume=last is not None and not last.finished,
            longer=last is not None and last.finished,
        )

    def _history(self) -> Any:
        return history_of(self.desk.session.curve)

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

    def _show_queue(self) -> None:
        queue = self.desk.session.queue
        self.view.set_queue([w.name for w in queue], [job_words(w.job) for w in queue])
        self._suggest_name()

    def _show_live(self) -> None:
        live = self.desk.live
        cases = [case.name for case in live.cases()]
        self.view.live.setVisible(bool(cases))
        self.view.live.set_live(cases, live.shown or live.wanted, live.on, live.hidden)

    def _clear_notes(self) -> None:
        self._notes.clear()
        self.view.set_notes(())

    def _add_note(self, place: str, note: Note) -> None:
        if place == self.place:
            self._notes.append(f"⚠ {note.text}" if note.warning else note.text)
            self.view.set_notes(self._notes)


def _same_settings(a: TrainJob, b: TrainJob) -> bool:
    return replace(a, folder="", model="") == replace(b, folder="", model="")
