"""Training from the viewer: one run at a time, others wait, and any can be gone on with."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from pathlib import Path

from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_unet import workspace
from napari_unet.card import SUFFIX
from napari_unet.controls import Continue, Pause
from napari_unet.errors import ModelError, WeightsError
from napari_unet.jobs import ImproveJob, PlanJob, ResumeJob, TrainJob
from napari_unet.presets import begun_at_random, preset
from napari_unet.session import Message, Place, Session, Waiting
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.runner import Runner

ENOUGH = 60  # seconds: a training that is gone on with gets at least so much more


class Trainer:
    """Starts, pauses and stops trainings; those that must wait stand in the session's queue."""

    started = Signal()  # a training
    over = Signal()  # a training ended, whatever way
    weights_asked = Signal()  # whether to begin with random weights; or that is settled

    def __init__(self, session: Session, layers: Layers, runner: Runner) -> None:
        self.session, self.layers, self.runner = session, layers, runner
        self.weightless: Waiting | None = None  # what failed for want of pretrained weights
        self._running: Waiting | None = None
        self._before = 0.0
        session.busy_changed.connect(self._look)

    def reason(self, name: str, problem: str = "", folder: bool = False) -> str:
        """Say why training cannot start, or wait for its turn; empty if it can.

        With ``folder``, it is not the open dataset that is to be trained on.
        """
        if self.session.dataset is None and not folder:
            return "Open a folder of images and masks first."
        if not name.strip():
            return "Give the model a name."
        if self.has(str(model_path(name))):
            return "A model of this name is being trained, or waits for it: choose another name."
        return problem

    # --- starting -----------------------------------------------------------------------------

    def start(self, settings: TrainJob, name: str, folder: str = "") -> None:
        """Train on a folder or the open dataset, now or in its turn.

        The model goes to the workspace.
        """
        dataset = self.session.dataset
        root = folder or (str(dataset.root) if dataset is not None else "")
        if not root or self.reason(name, folder=bool(folder)):
            return
        job = replace(settings, folder=root, model=str(model_path(name)))
        self.forget_weightless()
        self._submit(Waiting(job, name))

    def start_at_random(self) -> None:
        """Train as was wanted last, but for the pretrained weights that could not be fetched."""
        waiting = self.weightless
        if waiting is not None and isinstance(waiting.job, TrainJob):
            recipe = waiting.job.recipe or preset(waiting.job.preset)
            job = replace(waiting.job, recipe=begun_at_random(recipe))
            self.forget_weightless()
            self._submit(replace(waiting, job=job))

    def forget_weightless(self) -> None:
        """Offer no longer to begin with random weights."""
        self.weightless = None
        self.weights_asked.emit()

    def improve(self, job: ImproveJob, name: str) -> None:
        """Go on training a model on corrected cases, now or in its turn."""
        self._submit(Waiting(job, name, "correct"))

    def resume(
        self, model: str, seconds: float = 0.0, more_minutes: float = 0.0, place: Place = "train"
    ) -> None:
        """Go on with a training; with ``more_minutes``, longer than it was meant to.

        ``seconds`` is how long it was trained already.
        """
        minutes = seconds / 60 + more_minutes if more_minutes else 0.0
        name = Path(model).name.removesuffix(SUFFIX)
        self._submit(Waiting(ResumeJob(model, minutes=minutes), name, place))

    def plan(self, settings: TrainJob) -> None:
        """Find out how training would be done."""
        dataset = self.session.dataset
        if dataset is not None and not self.runner.running:
            job = replace(settings, folder=str(dataset.root))
            self.runner.start(PlanJob(job), "planning", "train")

    def _submit(self, waiting: Waiting) -> None:
        if self.runner.running or self.session.queue:
            self.session.set_queue((*self.session.queue, waiting))
        else:
            self._begin(waiting)

    def _begin(self, waiting: Waiting) -> None:
        self._running = waiting
        self._before = _written(waiting.job.writes)
        words = "going on with" if isinstance(waiting.job, ResumeJob) else "training"
        self.runner.start(waiting.job, f"{words} {waiting.name}", waiting.place)
        self.started.emit()

    # --- the queue ----------------------------------------------------------------------------

    def remove(self, place: int) -> None:
        """Take a training out of the queue."""
        self.session.set_queue([w for i, w in enumerate(self.session.queue) if i != place])

    def move(self, place: int, by: int) -> None:
        """Let a training start earlier (``by`` below 0) or later."""
        queue = list(self.session.queue)
        if 0 <= place < len(queue) and 0 <= place + by < len(queue):
            queue.insert(place + by, queue.pop(place))
            self.session.set_queue(queue)

    def _next(self) -> None:
        if self.runner.running or self.session.closed or not self.session.queue:
            return
        first, *rest = self.session.queue
        # What went wrong before must still be readable when the next one starts.
        said = self.session.messages.get(first.place, Message())
        self.session.set_queue(rest)
        self._begin(first)
        if said.text:
            self.session.set_message(first.place, said)

    def names(self) -> frozenset[str]:
        """Return the names of the models that are being trained or wait for it."""
        return frozenset(waiting.name for waiting in self._all())

    def has(self, model: str) -> bool:
        """Return whether a model is being trained or waits for it."""
        return Path(model) in {Path(waiting.job.writes) for waiting in self._all()}

    def _all(self) -> list[Waiting]:
        running = [self._running] if self._running is not None else []
        return [*running, *self.session.queue]

    # --- while it runs ------------------------------------------------------------------------

    @property
    def trains(self) -> bool:
        """Whether a training is under way."""
        return self._running is not None

    @property
    def place(self) -> Place | None:
        """Which widget asked for the training that is under way."""
        return self._running.place if self._running is not None else None

    def pause(self, wanted: bool) -> None:
        """Let training rest, or go on."""
        busy = self.session.busy.get(self.runner.lane)
        if busy is not None and busy.trains and not busy.stopping:
            self.session.asked(self.runner.lane, "Pausing" if wanted else "Going on")
            self.runner.tell(Pause() if wanted else Continue())

    def stop(self) -> None:
        """Stop training; the best model so far is kept, and it can be gone on with."""
        self.runner.stop()

    def _look(self) -> None:
        """Use what a training that was stopped or failed has left behind, and start the next."""
        if self.runner.lane in self.session.busy:
            return
        if self._running is not None:
            ended, self._running = self._running, None
            self._use(ended)
            self.over.emit()
            if isinstance(self.runner.failure, WeightsError):
                self.weightless = ended
                self.weights_asked.emit()
        if self.session.queue:
            QTimer.singleShot(0, self._next)

    def _use(self, ended: Waiting) -> None:
        model = ended.job.writes
        self.layers.segmentations.mark_old(model)
        if self.session.trained is not None:
            return
        if _written(model) > self._before:
            self.session.refresh_models()
            if isinstance(ended.job, ImproveJob):
                return  # a person chooses between old and new
            with contextlib.suppress(ModelError):
                self.session.select_model(model)
        elif not self.session.messages[ended.place].text and not self.session.curve:
            stopped = Message("Stopped before there was a model.", "info")
            self.session.set_message(ended.place, stopped)


def model_path(name: str) -> Path:
    """Return the file of a model called ``name`` in the workspace."""
    return workspace.models_dir() / f"{clean(name)}{SUFFIX}"


def _written(path: str) -> float:
    """Return when a file was last written, 0 if there is none."""
    return Path(path).stat().st_mtime if Path(path).exists() else 0.0


def clean(name: str) -> str:
    """Return a name every file system takes."""
    return re.sub(r'[<>:"/\\|?*\x00-\x1f]+', "_", name.removesuffix(SUFFIX)).strip(" .") or "model"


def suggest_name(dataset: str, taken: frozenset[str] = frozenset()) -> str:
    """Return a name for a model of a dataset that no model has yet, nor any of ``taken``."""
    base = clean(dataset)
    names = [base, *(f"{base}-{n}" for n in range(2, 1000))]
    return next(n for n in names if n not in taken and not model_path(n).exists())
