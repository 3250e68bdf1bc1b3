"""The training loop itself: steps, epochs, learning rate. It knows no files and no folders."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from functools import partial
from typing import Any

from napari_unet.config import Recipe
from napari_unet.events import EpochEnd, Event, Note, Progress
from napari_unet.unet.aside import aside
from napari_unet.unet.budget import Budget, steps_per_epoch
from napari_unet.unet.chance import EVEN, Chance, Emphasis
from napari_unet.unet.devices import Devices
from napari_unet.unet.faults import out_of_memory
from napari_unet.unet.learner import Learner
from napari_unet.unet.losses import balanced, make_loss
from napari_unet.unet.mirror import flips
from napari_unet.unet.model import UNet
from napari_unet.unet.optimizer import scheduled
from napari_unet.unet.recovery import Recovery
from napari_unet.unet.speed import Speed
from napari_unet.unet.store import Store
from napari_unet.unet.usage import most_memory
from napari_unet.unet.validation import Validation, validate

# What a trainer knows of its run, besides weights, chance, clock, and what went wrong.
STATE = ("steps", "step_count", "losses", "begun", "best_dice", "best_loss")

Waiting = Generator[Note | None, None, None]  # None: nothing new


class Trainer:
    """Fits ``model`` to ``train_set`` and judges it on ``val_set``.

    ``classes`` are the names of several foreground classes, by which each one's Dice is told.
    ``emphasis`` says which training cases come more often than the others: then every epoch counts
    as better than the one before, since ``val_set`` has none that are like them. Wherever it
    yields, `state` is what a new trainer needs to go on exactly from there.
    """

    def __init__(
        self,
        model: UNet,
        recipe: Recipe,
        speed: Speed,
        train_set: Store,
        val_set: Store,
        classes: Sequence[str] = (),
        devices: Devices | None = None,
        emphasis: Emphasis = EVEN,
    ) -> None:
        self.devices = devices or Devices()
        self.classes = classes if len(classes) > 1 else ()
        self.optim = recipe.optim
        self.speed = speed
        self.train_set, self.val_set = train_set, val_set
        self.loss = make_loss(self.optim.loss, self._class_weights(model))
        self.learner = Learner(model, recipe, speed, self.loss, self.devices)
        self.chance = Chance(
            self.optim.seed, len(train_set), speed.lanes, speed.device, self.devices.rank, emphasis
        )
        self.emphasised = emphasis.share > 0
        self.budget = Budget(self.optim)
        self.steps = steps_per_epoch(self.optim, self.speed, len(self.train_set))
        self.step_count = 0
        self.losses: list[float] = []  # of the epoch at hand, NaN where a step failed
        self.begun = 0.0  # time on the budget's clock when this epoch began
        self.best_dice, self.best_loss = -1.0, math.inf
        self.recovery = Recovery(self.learner, train_set.config.size)
        self.resting = True  # whether nothing is being computed
        self._before: dict[str, Any] | None = None  # chance before the step at hand

    @property
    def judged(self) -> UNet:
        """The weights that are validated and kept."""
        return self.learner.judged

    # --- the loop -----------------------------------------------------------------------------

    def epoch(self, number: int) -> Generator[Event, None, EpochEnd]:
        """Run epoch ``number`` (from 1) or the rest of it, validate, and return how it went."""
        while not self._epoch_over:
            for news in self._step(number):
                yield news or self.progress(number)
            yield self.progress(number)
        return (yield from self._judge(number))

    @property
    def _epoch_over(self) -> bool:
        return len(self.losses) >= self.steps or (bool(self.losses) and self.budget.over)

    def _step(self, number: int) -> Waiting:
        """Take one step; a note tells if something was amiss."""
        self.resting = False
        self._set_rate(self._done(number))
        self._before = self.chance.state()
        self.learner.begin()
        value = yield from self._gradients()
        good = math.isfinite(value) and self.learner.update()
        self.learner.end()
        self._before = None
        self.step_count += 1
        self.losses.append(value if good else math.nan)
        self.resting = True
        lost = self.recovery.lost(good)
        self._agree()
        if lost:
            self.step_count, note = self.recovery.go_back(self.step_count)
            self.losses = []
            yield note

    def _gradients(self) -> Generator[Note | None, None, float]:
        """Compute the gradients of the next batch, in smaller parts if the memory is too small."""
        while True:
            lacking, value = False, 0.0
            try:
                indices = self.chance.order.take(self.optim.batch)
                images, labels = self.train_set.batch(indices, self.chance.rng)
                value = yield from self.learner.gradients(
                    images, labels, self.chance.lanes, self.recovery.parts
                )
            except Exception as error:
                if not out_of_memory(error):
                    raise
                lacking = True
            if not self.devices.any(lacking):
                return self.learner.gathered(value)
            assert self._before is not None
            self.chance.restore(self._before)
            self.learner.rewind()
            yield self.recovery.divide()

    def _set_rate(self, done: float) -> None:
        """Let the rate rise over the first steps, then fall with the budget (or by plateau)."""
        if self.optim.schedule != "plateau":
            rate = scheduled(self.optim, self.step_count, self.budget.share(done))
            self.learner.rate = self.recovery.gentler * rate

    def _judge(self, number: int) -> Generator[Event, None, EpochEnd]:
        """Validate, and begin the next epoch."""
        trained, start = self.losses, self.budget.elapsed
        val = yield from self._validated(number)
        loss, dice = self.devices.same(val.loss, val.dice)
        # What follows the last step: one more validation, and one to choose the threshold.
        config = self.val_set.config
        passes = 1 + (len(flips(len(config.size))) if config.mirror else 1)
        self.budget.reserve = passes * (self.budget.elapsed - start)
        seconds, self.begun, self.losses = start - self.begun, self.budget.elapsed, []
        rate = self.learner.rate
        self._agree()
        if math.isfinite(loss):
            if self.optim.schedule == "plateau":
                self.learner.plateau.step(loss)
            self.recovery.remember(self.step_count)
        better = self._better(dice, loss) or self.emphasised
        finite = [v for v in trained if math.isfinite(v)]
        return EpochEnd(
            epoch=number,
            loss=sum(finite) / len(finite) if finite else math.nan,
            val_loss=loss,
            val_dice=dice,
            lr=rate,
            seconds=self.budget.elapsed,
            images_per_second=len(trained) * self.optim.batch / max(seconds, 1e-9),
            best=better,
            class_dice=dict(zip(self.classes, val.class_dice, strict=False)),
            memory=most_memory(self.speed.device),
        )

    def _better(self, dice: float, loss: float) -> bool:
        """Say whether an epoch is the best so far; of those that find nothing yet, loss tells."""
        better = dice > self.best_dice or (dice == self.best_dice and loss < self.best_loss)
        if better:
            self.best_dice, self.best_loss = dice, loss
        return better

    def _validated(self, number: int) -> Generator[Event, None, Validation]:
        """Judge the weights, in smaller batches if the memory is too small."""
        if not self.devices.first:
            return Validation(0.0, 0.0)  # the first process judges
        while True:
            parts = self.recovery.val_parts
            work = partial(validate, self.judged, self.val_set, self.speed, self.loss, parts)
            try:
                self.resting = False
                return (yield from aside(work, lambda: self.progress(number)))
            except Exception as error:
                if not self.recovery.can_divide_validation(error):
                    raise
            finally:
                self.resting = True
            self.recovery.divide_validation()

    def _agree(self) -> None:
        """Let the first of several processes decide how much of the budget is used."""
        if self.devices.number > 1:
            self.budget.agree(*self.devices.same(self.budget.elapsed, self.budget.reserve))

    # --- state --------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return all that decides how training goes on, as plain values and tensors.

        Of a step that is being computed it holds nothing: that step will be taken again.
        """
        return {
            "learner": self.learner.state(),
            "chance": self._before or self.chance.state(),
            "elapsed": self.budget.elapsed,
            "reserve": self.budget.reserve,
            **{name: getattr(self, name) for name in STATE},
            **self.recovery.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from ``state``, which another trainer gave for the same recipe and cases."""
        self.learner.restore(state["learner"])
        self.chance.restore(state["chance"])
        for name in STATE:
            if name in state:  # an earlier version kept no loss
                setattr(self, name, state[name])
        self.recovery.restore(state)
        self.recovery.remember(self.step_count)
        self.budget.reserve = state["reserve"]
        self.budget.go_on(used=state["elapsed"])

    def close(self) -> None:
        """End the threads of the lanes."""
        self.learner.lanes.close()

    # --- figures ------------------------------------------------------------------------------

    def _done(self, number: int) -> float:
        """Return how many epochs are done, with the share of the one at hand."""
        return number - 1 + len(self.losses) / self.steps

    def progress(self, number: int) -> Progress:
        """Say how far epoch ``number`` is."""
        done, what = self._done(number), f"training, epoch {number}"
        if not self.budget.minutes:
            what += f" of {self.budget.epochs}"
        return Progress(done, self.budget.total_epochs(done), what, self.budget.seconds_left(done))

    def _class_weights(self, model: UNet) -> tuple[float, ...]:
        if self.optim.class_weights == "equal":
            return ()
        return balanced(self.train_set.labels, max(model.config.out_channels - 1, 1))
