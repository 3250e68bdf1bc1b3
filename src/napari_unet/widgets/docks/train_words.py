"""What the Train dock says of a training: before, while and after it runs."""

from __future__ import annotations

from collections.abc import Sequence

from napari_unet.events import EpochEnd, TrainFinished
from napari_unet.jobs import ImproveJob, ResumeJob, Training
from napari_unet.library import name_of
from napari_unet.quantities import size_words
from napari_unet.resumable import Resumable
from napari_unet.session import Busy
from napari_unet.widgets.parts.durations import seconds

SELECTED, CHOSEN = "The model is selected under Segment.", " and is selected under Segment"


def progress_words(busy: Busy, curve: Sequence[EpochEnd]) -> str:
    """Say what runs: how long it takes yet, how fast it is, how much memory it takes."""
    title = busy.title[:1].upper() + busy.title[1:]
    if busy.paused:
        title = f"Paused: {busy.title}"
    progress, parts = busy.progress, []
    if progress is None and not curve:
        parts.append("starting …")
    elif progress is not None:
        parts.append(progress.what)
        if left := seconds(progress.seconds_left):
            parts.append(f"{left} left")
    if curve:
        last = curve[-1]
        parts.append(f"{last.images_per_second:.0f} images/s")
        if memory := getattr(last, "memory", 0):
            parts.append(size_words(memory))
    return f"{title}\n{' · '.join(parts)}" if parts else title


def status_words(
    curve: Sequence[EpochEnd], done: TrainFinished | None, running: bool, improves: bool = False
) -> str:
    """Say what the last training reached; of one that ``improves``, a person chooses the model."""
    if done is not None:
        which = "Choose between old and new under Correct." if improves else SELECTED
        return (
            f"Done ({done.stopped}): best validation Dice {done.val_dice:.3f} in epoch "
            f"{done.best_epoch} of {done.epochs}, after {seconds(done.seconds)}. "
            f"{which}"
        )
    if not curve:
        return ""
    best = max(curve, key=lambda e: e.val_dice)
    text = f"Best validation Dice {best.val_dice:.3f} in epoch {best.epoch} of {curve[-1].epoch}."
    if running:
        return text
    return f"Stopped. {text} The best model was kept{'' if improves else CHOSEN}."


def interrupted_words(found: Resumable) -> str:
    """Say which training was interrupted, and how far it was."""
    name = name_of(found.model)
    epochs = f"{found.epochs} epoch{'' if found.epochs == 1 else 's'}"
    return f"A training of {name} was interrupted after {epochs} ({seconds(found.seconds)})."


def weightless_words(name: str) -> str:
    """Ask whether a training may begin without what its encoder has learned."""
    return (
        f"{name} was not trained: its encoder's weights could not be fetched. Random ones need "
        "more cases and more time."
    )


def job_words(job: Training) -> str:
    """Say in short what a training is."""
    if isinstance(job, ResumeJob):
        return "goes on with a training"
    if isinstance(job, ImproveJob):
        return f"{job.folder}\nimproves {name_of(job.model)}"
    budget = f"{job.minutes:g} minutes" if job.minutes else f"{job.epochs} epochs"
    changed = ", changed" if job.recipe is not None else ""
    return f"{job.folder}\npreset {job.preset}{changed}, {budget}"
