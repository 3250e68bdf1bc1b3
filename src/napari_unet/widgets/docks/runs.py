"""The Runs dock."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_unet.runs import RunRecord
from napari_unet.widgets.docks.dock import Dock
from napari_unet.widgets.docks.more_minutes import more_minutes
from napari_unet.widgets.views.runs import RunsView


class RunsDock(Dock):
    """Compare all trainings, and go on with any of them."""

    place = "runs"

    def __init__(self, napari_viewer: Any) -> None:
        self.view = view = RunsView()
        super().__init__(napari_viewer, view)
        desk = self.desk
        view.chosen.connect(self._show_curves)
        view.use_wanted.connect(lambda run: desk.use_model(run.model, self.place))
        view.resume_wanted.connect(self._resume)
        view.longer_wanted.connect(self._train_longer)
        view.export_wanted.connect(desk.register.export)
        view.curves.values_wanted.connect(self._save_values)
        view.curves.picture_wanted.connect(self._save_picture)
        self.listen(desk.register.changed, self._show_runs)
        self.listen(desk.resumer.changed, self._show_runs)
        self.listen(desk.session.models_changed, desk.register.look)
        self.listen(desk.trainer.over, desk.register.look)
        desk.register.look()
        desk.resumer.look()

    def _resume(self, run: RunRecord) -> None:
        if (found := self.desk.resumer.of(run.model)) is not None:
            self.desk.resumer.resume(found)

    def _train_longer(self, run: RunRecord) -> None:
        found = self.desk.resumer.of(run.model)
        if found is not None and (minutes := more_minutes(self)):
            self.desk.resumer.resume(found, minutes)

    def _show_runs(self) -> None:
        resumer, runs = self.desk.resumer, self.desk.register.runs
        goes_on = frozenset(r.model for r in runs if resumer.of(r.model) is not None)
        self.view.set_runs(runs, goes_on)

    def _show_curves(self, runs: Sequence[RunRecord]) -> None:
        self.view.curves.set_histories({run.name: run.history for run in runs})

    def _save_values(self, path: str) -> None:
        histories = {run.name: run.history for run in self.view.runs()}
        self.desk.exporter.save_values(self.place, str(Path(path)), histories)

    def _save_picture(self, path: str) -> None:
        self.desk.exporter.save_picture(self.place, path, self.view.curves.picture())
