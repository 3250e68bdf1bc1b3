"""How a training goes: its plan, epochs and previews, and what waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psygnal import Signal

from napari_unet.card import ModelCard
from napari_unet.errors import ConfigError
from napari_unet.events import Augmented, EpochEnd, Plan, Preview, TrainFinished
from napari_unet.jobs import Training, TrainJob
from napari_unet.schema import from_json
from napari_unet.session.values import Place


@dataclass(frozen=True)
class Waiting:
    """A training that starts when those before it are over; ``place`` asked for it."""

    job: Training
    name: str
    place: Place = "train"


class TrainState:
    """The part of a session that knows the training."""

    curve_changed = Signal()
    plan_changed = Signal()
    preview_changed = Signal()
    augmented_changed = Signal()
    queue_changed = Signal()

    def __init__(self) -> None:
        self.curve: tuple[EpochEnd, ...] = ()
        self.trained: TrainFinished | None = None
        self.run: Training | None = None  # the last one that was started
        self.plan: Plan | None = None
        self.planned_for: TrainJob | None = None
        self.preview: Preview | None = None
        self.augmented: Augmented | None = None
        self.queue: tuple[Waiting, ...] = ()

    def start_run(self, job: Training, before: Sequence[EpochEnd] = ()) -> None:
        """Begin a curve; ``before`` are the epochs of the run that is gone on with."""
        self.run, self.curve, self.trained = job, tuple(before), None
        self.preview = None
        self.curve_changed.emit()
        self.preview_changed.emit()

    def take_epoch(self, event: EpochEnd) -> None:
        """Add an epoch to the curve; a resumed run may do some epochs again."""
        kept = self.curve
        if kept and kept[-1].epoch >= event.epoch:
            kept = tuple(e for e in kept if e.epoch < event.epoch)
        self.curve = (*kept, event)
        self.curve_changed.emit()

    def take_plan(self, plan: Plan | None, job: TrainJob | None) -> None:
        """Show a plan, and for which settings it was made."""
        self.plan, self.planned_for = plan, job
        self.plan_changed.emit()

    def take_preview(self, preview: Preview | None) -> None:
        """Show what the network makes of the watched case."""
        self.preview = preview
        self.preview_changed.emit()

    def take_augmented(self, augmented: Augmented | None) -> None:
        """Show what the augmentation does."""
        self.augmented = augmented
        self.augmented_changed.emit()

    def set_queue(self, queue: Sequence[Waiting]) -> None:
        """Say which trainings wait, in their order."""
        self.queue = tuple(queue)
        self.queue_changed.emit()


def epochs_of(card: ModelCard | None) -> tuple[EpochEnd, ...]:
    """Return the epochs that a model's card tells of; none that cannot be understood."""
    history = card.training.get("history") if card is not None else None
    epochs, best = [], float("-inf")
    try:
        for row in history or ():
            epoch = from_json(EpochEnd, {"best": row["val_dice"] > best, **row})
            best = max(best, epoch.val_dice)
            epochs.append(epoch)
    except (ConfigError, TypeError, KeyError):
        return ()
    return tuple(epochs)
