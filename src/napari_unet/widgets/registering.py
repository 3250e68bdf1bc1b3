"""The register of trainings: read in a thread, and written as a table."""

from __future__ import annotations

from psygnal import Signal

from napari_unet import workspace
from napari_unet.runs import RunRecord, list_runs, write_runs_csv
from napari_unet.session import Session
from napari_unet.widgets.background import Background
from napari_unet.widgets.exporting import Exporter


class Register:
    """Knows all runs of the workspace; reads them again when models come and go."""

    changed = Signal()

    def __init__(self, session: Session, exporter: Exporter) -> None:
        self.session, self.exporter = session, exporter
        self.runs: tuple[RunRecord, ...] = ()
        self._thread = Background()

    def look(self) -> None:
        """Read the runs."""
        folder = workspace.models_dir()
        self._thread.run("reading runs", lambda: list_runs(folder), self._take, self._failed)

    def export(self, path: str) -> None:
        """Write all runs as CSV."""
        runs = self.runs
        self.exporter.write("runs", path, lambda: write_runs_csv(path, runs))

    def _take(self, runs: tuple[RunRecord, ...]) -> None:
        self.runs = runs
        self.changed.emit()

    def _failed(self, error: Exception) -> None:
        raise error  # damaged files are left out by the search: this is a fault of ours
