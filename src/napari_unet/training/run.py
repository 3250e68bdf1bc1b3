"""One training run: the trainer's epochs, turned into files and events."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import napari_unet
from napari_unet.card import SUFFIX, ModelCard
from napari_unet.controls import Controls
from napari_unet.data.cases import SUBSETS, Dataset
from napari_unet.errors import JobError, readable
from napari_unet.events import EpochEnd, Event, Note, Paused, TrainFinished
from napari_unet.resumable import Resumable, resume_command, state_path
from napari_unet.schema import to_json
from napari_unet.training.preview import Previews
from napari_unet.training.saved import Saved, Setup, fingerprint
from napari_unet.unet.aside import aside
from napari_unet.unet.chance import Emphasis
from napari_unet.unet.checkpoints import Checkpoints
from napari_unet.unet.devices import Devices
from napari_unet.unet.model import UNet
from napari_unet.unet.store import Store
from napari_unet.unet.trainer import Trainer
from napari_unet.unet.validation import best_threshold


@dataclass
class Run:
    """One run: the trainer's epochs, turned into files and events.

    ``weights`` are what a new run begins with, if not at random, and ``encoder`` what only its
    encoder begins with; ``saved`` is where one that goes on left off.
    """

    setup: Setup
    dataset: Dataset
    controls: Controls | None = None
    devices: Devices = field(default_factory=Devices)
    weights: UNet | None = None
    encoder: Mapping[str, Tensor] | None = None
    saved: Saved | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    best: EpochEnd | None = None
    ended: str = ""
    patient_since: int = 0  # the epoch from which on early stopping counts

    def go(self, train_set: Store, val_set: Store) -> Generator[Event, None, None]:
        """Train, write the files, and tell about it."""
        self._prepare(train_set, val_set)
        try:
            why = yield from self._attended(self._epochs())
            yield from self._finish(why)
        except GeneratorExit:
            self._leave()
            raise
        finally:
            self.trainer.close()

    def _prepare(self, train_set: Store, val_set: Store) -> None:
        recipe, names = self.setup.recipe, self.setup.labels.names
        torch.manual_seed(recipe.optim.seed)
        model = self.weights or UNet(recipe.network)
        if self.encoder is not None and model.pretrained is not None:
            model.pretrained.load_state_dict(self.encoder)
        self.trainer = Trainer(
            model,
            recipe,
            self.setup.speed,
            train_set,
            val_set,
            names,
            self.devices,
            self._emphasis(train_set),
        )
        if not self.devices.first:  # or dropout would drop the same everywhere
            torch.manual_seed(recipe.optim.seed + self.devices.rank)
        self.cases = {"train": fingerprint(train_set), "val": fingerprint(val_set)}
        self.files = Checkpoints(Path(self.setup.job.model), self.setup.split)
        self.previews = Previews(self.setup, val_set, self.controls or Controls(watched=""))
        if self.saved is not None:
            self.trainer.restore(self.saved.trainer)
            self.history, self.best = list(self.saved.history), self.saved.best
            over = bool(self.saved.ended)
            self.patient_since = len(self.history) if over else self.saved.patient_since
            self.files.started = True

    def _emphasis(self, train_set: Store) -> Emphasis:
        """Return which images come more often: those of corrected cases, plane by plane."""
        names = set(self.setup.job.corrected)
        chosen = (i for i, case in enumerate(train_set.cases) if case.name in names)
        return Emphasis(frozenset(chosen), self.setup.job.share)

    # --- epochs -------------------------------------------------------------------------------

    def _epochs(self) -> Generator[Event, None, str]:
        """Train epoch after epoch; return why it ended."""
        while self.trainer.losses or not (why := self._why_over()):
            end = yield from self.trainer.epoch(len(self.history) + 1)
            self.history.append({k: v for k, v in to_json(end).items() if k != "best"})
            if end.best:
                self.best = end
            failed = self._save_models(end.best)
            if text := failed or self._save_state_if_possible():
                yield Note(text, warning=True)
            yield replace(end, best=end.best and not failed)
            if self.previews.due:
                yield from self._preview()
        return why

    def _why_over(self) -> str:
        number = len(self.history)
        if not number:
            return ""  # however little time there is
        patience, best = self.setup.recipe.optim.patience, self.best
        since = max(best.epoch if best else 0, self.patient_since)
        if patience and number - since >= patience:
            return f"no better validation Dice for {patience} epochs"
        return self.trainer.budget.why_over(number)

    def _finish(self, why: str) -> Generator[Event, None, None]:
        """Write the final file, and say that it is there."""
        assert self.best is not None
        if self.devices.first:
            yield from self._write(why)
        yield TrainFinished(
            model=str(self.files.path),
            last=str(self.files.last_path),
            epochs=len(self.history),
            best_epoch=self.best.epoch,
            val_dice=self.best.val_dice,
            seconds=self.trainer.budget.elapsed,
            stopped=why,
            kept=self.files.kept,
        )

    def _write(self, why: str) -> Generator[Event, None, None]:
        """Go back to the best weights, choose the threshold, write the final file."""
        speed, cases = self.setup.speed, self.trainer.val_set
        model = speed.place(self.files.best())
        work = partial(best_threshold, model, cases, speed, self.trainer.recovery.val_parts)
        waiting = partial(self.trainer.progress, len(self.history))
        threshold = yield from aside(work, waiting)
        picture = yield from aside(partial(self.previews.picture, model, threshold), waiting)
        try:
            self.files.finish(model, replace(self._card(), threshold=threshold), picture)
            self.ended = why
            self._save_state()
        except OSError as e:
            raise JobError(
                f"Training is over, but its model could not be saved. {readable(e)} "
                f"{_how_to_go_on(self.files)}"
            ) from e

    # --- pause, watch, stop -------------------------------------------------------------------

    def _attended(self, events: Generator[Event, None, str]) -> Generator[Event, None, str]:
        """Hand on events; between steps, rest and show what is asked for."""
        try:
            while True:
                try:
                    event = next(events)
                except StopIteration as end:
                    why: str = end.value
                    return why
                yield event
                if self.controls is not None and self.trainer.resting:
                    yield from self._attend(self.controls)
        finally:
            events.close()

    def _attend(self, controls: Controls) -> Generator[Event, None, None]:
        if controls.asked():
            yield from self._preview()
        if not controls.paused:
            return
        self.trainer.budget.rest()
        failed = self._save_state_if_possible()
        if failed:
            yield Note(failed, warning=True)
        yield Paused(True)
        while controls.paused:
            controls.rest()
            if controls.stopping:
                yield Paused(True)  # here it can be closed
                break
            if controls.asked():
                yield from self._preview()
        self.trainer.budget.go_on()
        yield Paused(False)

    def _preview(self) -> Generator[Event, None, None]:
        number, trainer = len(self.history), self.trainer
        trainer.resting = False
        try:
            waiting = partial(trainer.progress, number)
            yield from self.previews.show(trainer.judged, number, waiting)
        finally:
            trainer.resting = True

    def _leave(self) -> None:
        """Keep what there is when training is stopped."""
        if not self.trainer.step_count or not self.devices.first:
            return
        try:
            if self.best is None:
                # Stopped within the first epoch: what there is rather than nothing.
                self.files.save(self.trainer.judged, self._card(), best=True)
            self._save_state()
        except OSError as e:
            raise JobError(
                "Training was stopped, but what it had learned since it was last saved could not "
                f"be kept. {readable(e)} {_how_to_go_on(self.files)}"
            ) from e

    # --- files --------------------------------------------------------------------------------

    def _save_models(self, best: bool) -> str:
        """Write the models; return what to say if that failed."""
        if not self.devices.first:
            return ""
        try:
            self.files.save(self.trainer.judged, self._card(), best)
        except OSError as e:
            return (
                f"The model could not be saved. {readable(e)} Training goes on, and tries again "
                "after the next epoch."
            )
        return ""

    def _save_state_if_possible(self) -> str:
        """Write the state; return what to say if that failed."""
        if not self.devices.first:
            return ""
        try:
            self._save_state()
        except OSError as e:
            return (
                "The state of the training, from which it could go on after a crash, could not be "
                f"saved. {readable(e)} Training goes on, and tries again after the next epoch."
            )
        return ""

    def _save_state(self) -> None:
        setup, trainer = self.setup, self.trainer
        saved = Saved(
            setup,
            self.history,
            self.best,
            self.cases,
            trainer.state(),
            self.ended,
            self.patient_since,
        )
        record = Resumable(
            model=str(self.files.path),
            job=setup.job,
            epochs=len(self.history),
            seconds=trainer.budget.elapsed,
            minutes=trainer.budget.minutes,
            total_epochs=trainer.budget.epochs,
            finished=bool(self.ended),
            ended=self.ended,
            val_dice=self.best.val_dice if self.best else float("nan"),
        )
        self.files.save_state(saved.plain(), record)

    def _card(self) -> ModelCard:
        setup, best = self.setup, self.best
        subsets = list(setup.split.subsets.values())
        # The batch may have been divided since, to save memory.
        optim = replace(setup.recipe.optim, accumulate=self.trainer.recovery.parts)
        training = {
            "recipe": to_json(replace(setup.recipe, optim=optim)),
            "speed": to_json(setup.speed),
            "seconds": self.trainer.budget.elapsed,
            "history": list(self.history),
        }
        return ModelCard(
            name=self.files.path.name.removesuffix(SUFFIX),
            network=setup.recipe.network,
            preprocess=setup.recipe.preprocess,
            labels=setup.labels,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            training=training | _told(start=setup.start, encoder=setup.encoder),
            data={
                # The folder's name only: where it lies is nobody else's business.
                "folder": self.dataset.root.name,
                "cases": len(self.dataset),
                "patients": self.dataset.patients,
                "subsets": {s: subsets.count(s) for s in SUBSETS},
                "pairing": self.dataset.rule,
            },
            scores={"val_dice": best.val_dice, "epoch": best.epoch} if best else {},
            versions={"napari-unet": napari_unet.__version__, "torch": str(torch.__version__)},
        )


def _told(**known: dict[str, Any]) -> dict[str, Any]:
    """Return what there is to tell."""
    return {name: value for name, value in known.items() if value}


def _how_to_go_on(files: Checkpoints) -> str:
    if state_path(files.path).is_file() and files.started:
        return f"Then go on with: {resume_command(files.path)}"
    return "Then train again."
