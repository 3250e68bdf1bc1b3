"""Reports of scores as one HTML file, written by an engine, since pictures are segmented anew."""

from __future__ import annotations

from collections.abc import Mapping

from napari_unet.events import Event, ReportFinished
from napari_unet.jobs import ReportJob
from napari_unet.session import Lane, Message, Session
from napari_unet.widgets.runner import Runner


class Reporter:
    """Writes the sheet of scores, and what was compared, as a report."""

    def __init__(self, session: Session, runners: Mapping[Lane, Runner]) -> None:
        self.session, self._runners = session, runners
        self._lane: Lane | None = None

    @property
    def running(self) -> bool:
        """Whether a report is being written."""
        return any(isinstance(b.job, ReportJob) for b in self.session.busy.values())

    def reason(self) -> str:
        """Say why no report can be written now; empty if it can."""
        sheet = self.session.sheet
        busy = [b for b in self.session.busy.values() if b.place == "evaluate"]
        if busy:
            return f"Busy: {busy[0].title}."
        if sheet is None or sheet.evaluated is None:
            return "The evaluation was not completed: evaluate again for a report."
        if self.session.free_lane() is None:
            return "Both engines are busy; wait for one, or stop it."
        return ""

    def start(self, path: str) -> None:
        """Write the report to a file."""
        sheet, found, lane = self.session.sheet, self.session.comparison, self.session.free_lane()
        if sheet is None or lane is None or self.reason():
            return
        self._lane = lane
        compared = found if found is not None and found.folder == sheet.root else None
        job = ReportJob(path, sheet.root, sheet.evaluated, compared)
        self._runners[lane].start(job, "writing the report", "evaluate", self._written)

    def stop(self) -> None:
        """Stop; an earlier file of that name stays as it was."""
        if self._lane is not None and self.running:
            self._runners[self._lane].stop()

    def _written(self, event: Event) -> None:
        if isinstance(event, ReportFinished):
            size = f"{event.size / 1e6:.1f} MB, {event.pictures} cases with pictures"
            self.session.set_message("evaluate", Message(f"Saved {event.path} ({size})", "info"))
