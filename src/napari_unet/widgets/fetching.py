"""Getting data sets from the network: the engine downloads, the folder opens when it is there."""

from __future__ import annotations

from psygnal import Signal

from napari_unet.events import Event, FetchFinished, Offer
from napari_unet.jobs import FetchJob
from napari_unet.session import Message, Session
from napari_unet.widgets.folders import Folders
from napari_unet.widgets.runner import Runner


class Fetcher:
    """Looks addresses up and downloads what they offer."""

    offered = Signal(object)  # Offer
    fetched = Signal()

    def __init__(self, session: Session, folders: Folders, runner: Runner) -> None:
        self.session, self.folders, self.runner = session, folders, runner

    def reason(self) -> str:
        """Say why nothing can be fetched now; empty if it can."""
        return self.session.lane_reason(self.runner.lane)

    def look_up(self, source: str) -> None:
        """Ask what an address offers; nothing is downloaded."""
        if not self.reason():
            self.runner.start(FetchJob(source), f"looking up {source}", "dataset", self._receive)

    def fetch(self, source: str) -> None:
        """Download what was offered and open it."""
        if not self.reason():
            job = FetchJob(source, agreed=True)
            self.runner.start(job, f"downloading {source}", "dataset", self._receive)

    def stop(self) -> None:
        """Stop; what was downloaded is kept, and continued the next time."""
        self.runner.stop()

    def _receive(self, event: Event) -> None:
        if isinstance(event, Offer):
            self.offered.emit(event)
        elif isinstance(event, FetchFinished):
            self.fetched.emit()
            if event.problem:
                text = f"{event.folder} was downloaded, but: {event.problem}"
                self.session.set_message("dataset", Message(text, "warning"))
            else:
                self.folders.open(event.folder)
