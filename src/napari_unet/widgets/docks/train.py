"""The Train dock."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from napari_unet.config import SplitConfig
from napari_unet.events import Note
from napari_unet.widgets.docks.dock import Dock, words
from napari_unet.widgets.runner import seconds
from napari_unet.widgets.training import model_path, suggest_name
from napari_unet.widgets.views.train import TrainView


class TrainDock(Dock):
    """Train a model on the open dataset."""

    place = "train"

    def __init__(self, napari_viewer: Any) -> None:
        self.view = view = TrainView()
        self._named = False  # by a person
        self._notes: list[str] = []
        super().__init__(napari_viewer, view)
        session = self.desk.session
        view.train_wanted.connect(self._train)
        view.stop_wanted.connect(self.desk.trainer.stop)
        view.name_changed.connect(self._rename)
        view.settings_changed.connect(self._changed)
        self.listen(session.dataset_changed, self._show_data)
        self.listen(self.desk.loader.plan_changed, self._show_split)
        self.listen(session.busy_changed, self._show_busy)
        self.listen(session.curve_changed, self._show_curve)
        self.listen(session.note, self._add_note)
        self._show_data()
        self._show_busy()
        self._show_curve()

    def _train(self) -> None:
        self._notes.clear()
        self.view.set_notes(())
        self.desk.trainer.start(self.view.form.value(), self.view.name.text())

    def _rename(self, name: str) -> None:
        self._named = bool(name.strip())
        self._show_name(name)

    def _changed(self) -> None:
        split: SplitConfig = self.view.form.value().split
        self.desk.loader.plan_split(split)
        self._show_reason()

    def _show_split(self) -> None:
        """Train by the split that was chosen under Dataset."""
        form, split = self.view.form, self.desk.loader.split
        form.set_value(replace(form.value(), split=split, seed=split.seed))

    def _show_data(self) -> None:
        dataset = self.desk.session.dataset
        if dataset is None:
            self.view.set_data("No dataset is open yet: choose a folder under Dataset.")
        else:
            self.view.set_data(
                f"Trains on {dataset.root.name}: {len(dataset)} cases, {dataset.patients} patients."
            )
            self._suggest_name()
        self._show_reason()

    def _suggest_name(self) -> None:
        dataset = self.desk.session.dataset
        if dataset is not None and not self._named and self.busy() is None:
            self._show_name(suggest_name(dataset.root.name))

    def _show_name(self, name: str) -> None:
        there = bool(name.strip()) and model_path(name).exists()
        note = "There is a model of this name; it will be kept under a dated name." if there else ""
        self.view.set_name(name, note)
        self._show_reason()

    def _show_reason(self) -> None:
        busy = self.busy() is not None
        reason = self.desk.trainer.reason(self.view.name.text(), self.view.form.problem)
        self.view.set_reason(reason)
        self.view.form.setEnabled(not busy)
        self.view.name.setEnabled(not busy)

    def _show_busy(self) -> None:
        running = self.busy()
        if running is None:
            self.view.set_idle()
            self._show_name(self.view.name.text())
        else:
            text, share = words(running[1])
            self.view.set_running(text, share, running[1].stopping)
        self._show_reason()
        self._show_curve()

    def _show_curve(self) -> None:
        session = self.desk.session
        self.view.set_curve(session.curve)
        self.view.set_status(self._status())

    def _status(self) -> str:
        session = self.desk.session
        done = session.trained
        best = max((e.val_dice for e in session.curve if e.best), default=None)
        if done is not None:
            return (
                f"Done ({done.stopped}): best validation Dice {done.val_dice:.3f} in epoch "
                f"{done.best_epoch} of {done.epochs}, after {seconds(done.seconds)}. "
                "The model is selected under Segment."
            )
        if best is None:
            return ""
        last = session.curve[-1]
        text = f"Best validation Dice {best:.3f}; epoch {last.epoch}"
        if self.busy() is not None:
            return f"{text}, {last.images_per_second:.0f} images/s."
        return f"Stopped. {text}. The best model was kept and is selected under Segment."

    def _add_note(self, place: str, note: Note) -> None:
        if place == self.place:
            self._notes.append(f"⚠ {note.text}" if note.warning else note.text)
            self.view.set_notes(self._notes)
