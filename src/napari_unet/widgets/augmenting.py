"""Showing what the augmentation does to a person's own images, as its settings are changed."""

from __future__ import annotations

from dataclasses import replace

from napari_unet.jobs import AugmentJob, TrainJob
from napari_unet.session import Session
from napari_unet.widgets.parts.timing import single_shot
from napari_unet.widgets.runner import Runner

PAUSE = 400  # milliseconds after the last change


class Augmenter:
    """Asks the interactive engine; of several wishes, the newest wins."""

    def __init__(self, session: Session, runner: Runner) -> None:
        self.session, self.runner = session, runner
        self._wanted: AugmentJob | None = None
        self._pause = single_shot(PAUSE, self._go)
        session.busy_changed.connect(self._look)

    def ask(self, settings: TrainJob, seed: int = 0) -> None:
        """Show what ``settings`` do to images of the open dataset, when the engine is free."""
        dataset = self.session.dataset
        if dataset is not None:
            job = AugmentJob(replace(settings, folder=str(dataset.root)), seed=seed)
            self._wanted = job
            self._pause.start()

    def forget(self) -> None:
        """Ask no more: nobody looks."""
        self._wanted = None
        self._pause.stop()
        busy = self.session.busy.get(self.runner.lane)
        if busy is not None and busy.place == "augment":
            self.runner.stop()

    def _look(self) -> None:
        if self._wanted is not None and not self._pause.isActive():
            self._pause.start()

    def _go(self) -> None:
        job, busy = self._wanted, self.session.busy.get(self.runner.lane)
        if job is None or self.session.closed:
            return
        if self.runner.running:
            # Only what is stale by now is stopped; other work goes first.
            if busy is not None and busy.place == "augment" and busy.job != job:
                self.runner.stop()
            return
        self._wanted = None
        self.runner.start(job, "changing some images", "augment")
