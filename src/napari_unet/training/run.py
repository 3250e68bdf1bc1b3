"""One training run: the trainer's epochs, turned into files and events."""

from __future__ import annotations

import itertools
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

import napari_unet
from napari_unet.card import SUFFIX, ModelCard
from napari_unet.config import Recipe
from napari_unet.data.cases import SUBSETS, Dataset
from napari_unet.data.splits.split import Split
from napari_unet.events import EpochEnd, Event, TrainFinished
from napari_unet.jobs import TrainJob
from napari_unet.schema import to_json
from napari_unet.unet.checkpoints import Checkpoints
from napari_unet.unet.model import UNet
from napari_unet.unet.speed import Speed
from napari_unet.unet.store import Store
from napari_unet.unet.trainer import Trainer
from napari_unet.unet.validation import best_threshold


@dataclass
class Run:
    """One run: the trainer's epochs, turned into files and events."""

    job: TrainJob
    recipe: Recipe
    speed: Speed
    dataset: Dataset
    split: Split
    history: list[dict[str, Any]] = field(default_factory=list)
    best: EpochEnd | None = None

    def go(self, train_set: Store, val_set: Store) -> Generator[Event, None, None]:
        """Train, write the files, and tell about it."""
        torch.manual_seed(self.recipe.optim.seed)
        model = UNet(self.recipe.network)
        classes = self.dataset.labels.names
        self.trainer = Trainer(model, self.recipe, self.speed, train_set, val_set, classes)
        self.files = Checkpoints(Path(self.job.model), self.split)
        try:
            why = yield from self._epochs()
        except GeneratorExit:
            if self.best is None and self.trainer.step_count:
                # Stopped within the first epoch: what there is rather than nothing.
                self.files.save(self.trainer.judged, self._card(), best=True)
            raise
        finally:
            self.trainer.close()
        yield from self._finish(why)

    def _epochs(self) -> Generator[Event, None, str]:
        """Train epoch after epoch; return why it ended."""
        for number in itertools.count(1):
            end = yield from self.trainer.epoch(number)
            self.history.append({k: v for k, v in to_json(end).items() if k != "best"})
            if end.best:
                self.best = end
            self.files.save(self.trainer.judged, self._card(), best=end.best)
            yield end
            why = self.trainer.budget.why_over(number) or self._lost_patience(number)
            if why:
                return why
        raise AssertionError("unreachable")

    def _lost_patience(self, number: int) -> str:
        patience = self.recipe.optim.patience
        if patience and self.best is not None and number - self.best.epoch >= patience:
            return f"no better validation Dice for {patience} epochs"
        return ""

    def _finish(self, why: str) -> Generator[Event, None, None]:
        """Go back to the best weights, choose the threshold, write the final file."""
        assert self.best is not None
        model = self.speed.place(self.files.best())
        threshold = best_threshold(model, self.trainer.val_set, self.speed)
        self.files.finish(model, replace(self._card(), threshold=threshold))
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

    def _card(self) -> ModelCard:
        subsets = list(self.split.subsets.values())
        best = self.best
        return ModelCard(
            name=self.files.path.name.removesuffix(SUFFIX),
            network=self.recipe.network,
            preprocess=self.recipe.preprocess,
            labels=self.dataset.labels,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            training={
                "recipe": to_json(self.recipe),
                "speed": to_json(self.speed),
                "seconds": self.trainer.budget.elapsed,
                "history": list(self.history),
            },
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
