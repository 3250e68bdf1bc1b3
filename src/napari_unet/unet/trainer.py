"""The training loop itself: steps, epochs, learning rate. It knows no files and no folders."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from napari_unet.config import OptimConfig, Recipe
from napari_unet.errors import JobError
from napari_unet.events import EpochEnd, Progress
from napari_unet.unet.augment import augment
from napari_unet.unet.budget import Budget
from napari_unet.unet.lanes import Lanes
from napari_unet.unet.losses import balanced, make_loss
from napari_unet.unet.mirror import flips
from napari_unet.unet.model import UNet
from napari_unet.unet.speed import Speed
from napari_unet.unet.store import Store, endless
from napari_unet.unet.validation import validate

MIN_STEPS = 16  # steps an epoch has at least when minutes count: else small sets only validate
MIN_EPOCHS = 8  # epochs that fit the minutes at least: huge sets too are validated several times
WARM_UP = 30  # steps over which the learning rate rises
BAD_STEPS = 3  # losses in a row that are not finite before training gives up
MAX_NORM = 10.0  # of the gradient: one odd batch must not undo many good ones

Tensors = tuple[Tensor, ...] | list[Tensor]


class Trainer:
    """Fits ``model`` to ``train_set`` and judges it on ``val_set``.

    ``classes`` are the names of several foreground classes, by which each one's Dice is told.
    """

    def __init__(
        self,
        model: UNet,
        recipe: Recipe,
        speed: Speed,
        train_set: Store,
        val_set: Store,
        classes: Sequence[str] = (),
    ) -> None:
        self.classes = classes if len(classes) > 1 else ()
        self.optim = recipe.optim
        self.augmentation = recipe.augment
        self.speed = speed
        self.train_set, self.val_set = train_set, val_set
        self.model = speed.place(model)
        self.average: AveragedModel | None = None
        if self.optim.ema:
            mean = running_mean(self.optim.ema)
            self.average = AveragedModel(self.model, multi_avg_fn=mean, use_buffers=True)
        self.lanes = Lanes(self.model, speed.lanes)
        self.loss = make_loss(self.optim.loss, self._class_weights(model))
        self.optimizer = make_optimizer(self.model, self.optim)
        self.plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            self.optimizer, factor=1 / 3, patience=3
        )
        kind = torch.device(speed.device).type
        self.scaler = torch.amp.GradScaler(kind, enabled=speed.precision == "float16")
        self.rng = torch.Generator().manual_seed(self.optim.seed)
        # A lane's own, so that what it draws does not depend on the others' pace.
        seeds = range(self.optim.seed, self.optim.seed + speed.lanes)
        self.chances = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.order = endless(len(train_set), self.rng)
        self.budget = Budget(self.optim)
        self.steps = self._steps_per_epoch()
        self.step_count = 0
        self.best_dice = -1.0

    @property
    def judged(self) -> UNet:
        """The weights that are validated and kept: the running mean, where there is one."""
        module = self.model if self.average is None else self.average.module
        assert isinstance(module, UNet)
        return module

    def epoch(self, number: int) -> Generator[Progress, None, EpochEnd]:
        """Run epoch ``number`` (from 1), validate, and return how it went."""
        start, losses = time.monotonic(), []
        for i in range(self.steps):
            done = number - 1 + i / self.steps
            self._set_rate(done)
            losses.append(self._step())
            if not any(map(math.isfinite, losses[-BAD_STEPS:])) and len(losses) >= BAD_STEPS:
                raise JobError(
                    f"The loss is no longer a finite number after {self.step_count} steps. "
                    "Lower the learning rate, or train in float32."
                )
            yield self._progress(number, done + 1 / self.steps)
            if self.budget.over:
                break
        seconds = time.monotonic() - start
        return self._judge(number, losses, seconds)

    def _judge(self, number: int, losses: list[float], seconds: float) -> EpochEnd:
        start = time.monotonic()
        val = validate(self.judged, self.val_set, self.speed, self.loss)
        # What follows the last step: one more validation, and one to choose the threshold.
        config = self.val_set.config
        passes = 1 + (len(flips(len(config.size))) if config.mirror else 1)
        self.budget.reserve = passes * (time.monotonic() - start)
        if self.optim.schedule == "plateau" and math.isfinite(val.loss):
            self.plateau.step(val.loss)
        better, self.best_dice = val.dice > self.best_dice, max(val.dice, self.best_dice)
        finite = [v for v in losses if math.isfinite(v)]
        return EpochEnd(
            epoch=number,
            loss=sum(finite) / max(len(finite), 1),
            val_loss=val.loss,
            val_dice=val.dice,
            lr=self.optimizer.param_groups[0]["lr"],
            seconds=self.budget.elapsed,
            images_per_second=len(losses) * self.optim.batch / max(seconds, 1e-9),
            best=better,
            class_dice=dict(zip(self.classes, val.class_dice, strict=False)),
        )

    def close(self) -> None:
        """End the threads of the lanes."""
        self.lanes.close()

    def _class_weights(self, model: UNet) -> tuple[float, ...]:
        if self.optim.class_weights == "equal":
            return ()
        return balanced(self.train_set.labels, max(model.config.out_channels - 1, 1))

    def _step(self) -> float:
        """Take one step; return its loss."""
        indices = list(itertools.islice(self.order, self.optim.batch))
        images, labels = self.train_set.batch(indices, self.rng)
        shares = zip(self.lanes.share(images), self.lanes.share(labels), self.chances, strict=False)
        losses = [
            partial(self._loss, images=x, labels=y, chance=chance, weight=len(x) / len(images))
            for x, y, chance in shares
        ]
        value = sum(self.lanes.gradients(losses)) / self.scaler.get_scale()
        self.step_count += 1
        if math.isfinite(value):  # else the weights are still good: leave them alone
            self._update()
        return value

    def _loss(
        self, model: UNet, images: Tensor, labels: Tensor, chance: torch.Generator, weight: float
    ) -> Tensor:
        """Return the loss of a share of the batch, ready to be differentiated."""
        images, labels = images.to(self.speed.device), labels.to(self.speed.device)
        flat = model.config.flat_levels > 0
        images, labels = augment(images, labels, self.augmentation, chance, flat)
        with self.speed.autocast():
            logits = model(self.speed.place(images))
        scaled: Tensor = self.scaler.scale(self.loss(logits, labels) * weight)
        return scaled

    def _update(self) -> None:
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), MAX_NORM)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.average is not None:
            self.average.update_parameters(self.model)

    def _set_rate(self, epochs_done: float) -> None:
        """Let the rate rise over the first steps, then fall with the budget (or by plateau)."""
        if self.optim.schedule == "plateau":
            return
        rate = self.optim.lr * min((self.step_count + 1) / WARM_UP, 1.0)
        if self.optim.schedule == "polynomial":
            rate *= (1 - self.budget.share(epochs_done)) ** 0.9
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def _progress(self, number: int, done: float) -> Progress:
        what = f"training, epoch {number}"
        if not self.budget.minutes:
            what += f" of {self.budget.epochs}"
        return Progress(done, self.budget.total_epochs(done), what, self.budget.seconds_left(done))

    def _steps_per_epoch(self) -> int:
        """Return the steps of an epoch: one pass over the cases; with minutes, within bounds."""
        steps = max(round(len(self.train_set) / self.optim.batch), 1)
        if not self.optim.minutes or not self.speed.seconds > 0:
            return steps
        fitting = 60 * self.optim.minutes / (self.speed.seconds * self.optim.batch)
        return min(max(steps, MIN_STEPS), max(int(fitting / MIN_EPOCHS), 1))


def running_mean(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """Return the update of a running mean of weights, which soon forgets where it began.

    The decay grows with the number of steps ``n`` as ``(1 + n) / (10 + n)`` up to its full size:
    with the full one from the start, a short training would keep the random weights in its mean.
    """

    def update(average: Tensors, current: Tensors, steps: Tensor | int) -> None:
        n = float(steps)
        share = 1 - min(decay, (1 + n) / (10 + n))
        if average[0].is_floating_point():
            torch._foreach_lerp_(average, current, share)
        else:
            torch._foreach_copy_(average, current)

    return update


def make_optimizer(model: UNet, optim: OptimConfig) -> torch.optim.Optimizer:
    """Return the optimiser a config asks for; biases and norms are spared the weight decay."""
    # One pass over all weights takes a quarter of the time of one pass per operation and weight.
    fused = next(model.parameters()).device.type in ("cpu", "cuda", "mps")
    groups: list[dict[str, Any]] = [
        {
            "params": [p for p in model.parameters() if p.ndim > 1],
            "weight_decay": optim.weight_decay,
        },
        {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if optim.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=optim.lr, momentum=optim.momentum, fused=fused)
    kind = torch.optim.AdamW if optim.optimizer == "adamw" else torch.optim.Adam
    return kind(groups, lr=optim.lr, fused=fused)
