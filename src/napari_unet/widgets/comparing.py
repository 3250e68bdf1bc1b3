"""Comparing models and human readers on the open data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from napari_unet.data.cases import Subset
from napari_unet.jobs import CompareJob
from napari_unet.session import PLANNED, Lane, Session
from napari_unet.widgets.runner import Runner


class Comparer:
    """Runs comparisons in an engine; the result is `Session.comparison`."""

    def __init__(self, session: Session, runners: Mapping[Lane, Runner]) -> None:
        self.session, self._runners = session, runners
        self._lane: Lane | None = None

    @property
    def running(self) -> bool:
        """Whether a comparison is under way."""
        return any(isinstance(b.job, CompareJob) for b in self.session.busy.values())

    @property
    def stale(self) -> str:
        """Why the last comparison is not one on the open data set; empty if it is."""
        found, dataset = self.session.comparison, self.session.dataset
        if found is None or dataset is None or str(dataset.root) == found.folder:
            return ""
        return "This comparison belongs to another dataset."

    def reason(self, models: Sequence[str], readers: Sequence[str], subset: str) -> str:
        """Say why these cannot be compared now; empty if they can."""
        if busy := self.session.place_reason("evaluate"):
            return busy
        if self.session.dataset is None:
            return "Open a folder of images and masks under Data first."
        if len(models) + len(readers) < 2:
            return "Tick at least two models or readers."
        if busy := self.session.engines_reason():
            return busy
        if subset != "all" and not models:
            return "Readers have no test cases of their own: choose all cases above."
        if subset != "all" and self.session.split_source == PLANNED:
            return "The model was not trained on this dataset: choose all cases above."
        return ""

    def start(self, models: Sequence[str], readers: Sequence[str], subset: Subset) -> None:
        """Compare models and folders of readers' masks, all with the first of them."""
        dataset, lane = self.session.dataset, self.session.free_lane()
        if dataset is None or lane is None or self.reason(models, readers, subset):
            return
        self._lane = lane
        job = CompareJob(str(dataset.root), tuple(models), tuple(readers), subset)
        count = len(models) + len(readers)
        self._runners[lane].start(job, f"comparing {count} models and readers", "evaluate")

    def stop(self) -> None:
        """Stop the comparison; the last complete one stays."""
        if self._lane is not None and self.running:
            self._runners[self._lane].stop()
