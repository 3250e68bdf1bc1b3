"""Reports of scores as one HTML file, written by an engine, since pictures are segmented anew."""

from __future__ import annotations

from collections.abc import Mapping

from napari_unet.events import Event, ReportFinished
from napari_unet.jobs import ReportJob
from napari_unet.quantities import size_words
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
        """Say why no report on the scores can be written now; empty if it can."""
        sheet = self.session.sheet
        if (busy := self._busy()) or sheet is None or not sheet.complete:
            return busy or "The evaluation was not completed: evaluate again for a report."
        return ""

    def comparison_reason(self) -> str:
        """Say why no report on the comparison can be written now; empty if it can."""
        if (busy := self._busy()) or self.session.comparison is None:
            return busy or "Nothing was compared yet."
        return ""

    def start(self, path: str) -> None:
        """Write a report on the scores, as they are now, to a file."""
        sheet = self.session.sheet
        if sheet is not None and not self.reason():
            self._start(ReportJob(path, sheet.root, evaluated=sheet.evaluated))

    def start_comparison(self, path: str) -> None:
        """Write a report on the comparison of models and readers to a file."""
        found = self.session.comparison
        if found is not None and not self.comparison_reason():
            self._start(ReportJob(path, found.folder, compared=found))

    def _start(self, job: ReportJob) -> None:
        self._lane = self.session.free_lane()
        if self._lane is not None:
            runner = self._runners[self._lane]
            runner.start(job, "writing the report", "evaluate", self._written)

    def _busy(self) -> str:
        return self.session.place_reason("evaluate") or self.session.engines_reason()

    def stop(self) -> None:
        """Stop; an earlier file of that name stays as it was."""
        if self._lane is not None and self.running:
            self._runners[self._lane].stop()

    def _written(self, event: Event) -> None:
        if isinstance(event, ReportFinished):
            size = f"{size_words(event.size)}, {event.pictures} cases with pictures"
            self.session.set_message("evaluate", Message(f"Saved {event.path} ({size})", "info"))
