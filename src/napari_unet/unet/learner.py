"""The network and all that a step changes with it: its running mean, its optimiser, its scaler."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from napari_unet.config import Recipe
from napari_unet.unet.augment import augment
from napari_unet.unet.devices import Devices
from napari_unet.unet.lanes import Lanes
from napari_unet.unet.losses import Loss, supervised
from napari_unet.unet.model import UNet
from napari_unet.unet.optimizer import make_optimizer, running_mean
from napari_unet.unet.speed import Speed

MAX_NORM = 10.0  # of the gradient: one odd batch must not undo many good ones


class Learner:
    """Computes gradients and changes the weights by them.

    Between `begin` and the end of the step, what the step has already changed (the running
    statistics of batch norm) can be taken back by `rewind`, and `state` leaves it out.
    """

    def __init__(
        self, model: UNet, recipe: Recipe, speed: Speed, loss: Loss, devices: Devices | None = None
    ) -> None:
        self.devices = devices or Devices()
        self.optim, self.augmentation = recipe.optim, recipe.augment
        self.speed, self.loss = speed, loss
        self.border_weight = recipe.optim.border_weight
        self.model = speed.place(model)
        self.average: AveragedModel | None = None
        if self.optim.ema:
            mean = running_mean(self.optim.ema)
            self.average = AveragedModel(self.model, multi_avg_fn=mean, use_buffers=True)
        self.lanes = Lanes(self.model, speed.lanes)
        self.optimizer = make_optimizer(self.model, self.optim)
        self.plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            self.optimizer, factor=1 / 3, patience=3
        )
        kind = torch.device(speed.device).type
        self.scaler = torch.amp.GradScaler(kind, enabled=speed.precision == "float16")
        self._buffers: dict[str, Tensor] | None = None

    @property
    def judged(self) -> UNet:
        """The weights that are validated and kept: the running mean, where there is one."""
        module = self.model if self.average is None else self.average.module
        assert isinstance(module, UNet)
        return module

    @property
    def rate(self) -> float:
        """The learning rate."""
        return float(self.optimizer.param_groups[0]["lr"])

    @rate.setter
    def rate(self, rate: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def begin(self) -> None:
        """Remember what a step changes while it is computed."""
        self._buffers = {name: b.clone() for name, b in self.model.named_buffers()}

    def rewind(self) -> None:
        """Take back what the step, which failed, has changed."""
        if self._buffers is not None:
            self.model.load_state_dict(self._buffers, strict=False)

    def gradients(
        self, images: Tensor, labels: Tensor, chances: Sequence[torch.Generator], parts: int
    ) -> Generator[None, None, float]:
        """Leave the gradient of the mean loss over a batch in the network; return the loss.

        Yields while it waits. Of several processes, each leaves its share; see `gathered`.

        Parameters
        ----------
        images, labels
            ``(N, C, *S)`` and ``(N, *S)``.
        chances
            One generator for each lane, for the augmentation.
        parts
            The batch is divided into so many, which are computed one after the other.
        """

        def divided(x: Tensor, y: Tensor, chance: torch.Generator) -> list[partial[Tensor]]:
            pairs = zip(x.chunk(parts), y.chunk(parts), strict=True)
            return [
                partial(self._loss, images=a, labels=b, chance=chance, weight=len(a) / len(images))
                for a, b in pairs
            ]

        mine = [self.lanes.share(self.devices.share(batch)) for batch in (images, labels)]
        shares = [s for s in zip(*mine, chances, strict=False) if len(s[0])]
        values = yield from self.lanes.gradients([divided(*share) for share in shares])
        return sum(values) / self.scaler.get_scale()

    def gathered(self, loss: float) -> float:
        """Add up what all processes have computed; return the whole batch's loss."""
        self.devices.add_gradients(self.model)
        return self.devices.add(loss)

    def update(self) -> bool:
        """Change the weights, unless the gradient is not finite; return whether it was.

        The scaler of float16 looks for itself, and what it leaves out is no fault.
        """
        self.scaler.unscale_(self.optimizer)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), MAX_NORM)
        if not self.scaler.is_enabled() and not math.isfinite(float(norm)):
            return False
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.average is not None:
            self.average.update_parameters(self.model)
        return True

    def end(self) -> None:
        """Forget how it was before the step."""
        self._buffers = None

    def state(self) -> dict[str, Any]:
        """Return everything as plain values and tensors, which are not copied."""
        return {
            "model": {**self.model.state_dict(), **(self._buffers or {})},
            "average": self.average.state_dict() if self.average is not None else None,
            "optimizer": self.optimizer.state_dict(),
            "plateau": self.plateau.state_dict(),
            "scaler": self.scaler.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Become what ``state`` says."""
        self.model.load_state_dict(state["model"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        # A copy: PyTorch's optimisers go on in the very tensors that they are given.
        self.optimizer.load_state_dict(copied(state["optimizer"]))
        self.plateau.load_state_dict(state["plateau"])
        if state["scaler"] and self.scaler.is_enabled():
            self.scaler.load_state_dict(state["scaler"])

    def _loss(
        self, model: UNet, images: Tensor, labels: Tensor, chance: torch.Generator, weight: float
    ) -> Tensor:
        """Return the loss of a part of the batch, ready to be differentiated."""
        images, labels = images.to(self.speed.device), labels.to(self.speed.device)
        flat = model.config.flat_levels > 0
        maps = images.shape[1] - model.config.in_channels
        images, labels = augment(images, labels, self.augmentation, chance, flat, maps)
        borders = None
        if maps:  # see `napari_unet.unet.borders`
            images, borders = images[:, :-1], self.border_weight * images[:, -1]
        with self.speed.autocast():
            answers = model.answers(self.speed.place(images))
        scaled: Tensor = self.scaler.scale(supervised(self.loss, answers, labels, borders) * weight)
        return scaled


def copied(value: Any) -> Any:
    """Return a copy of a state on the CPU, which nothing changes any more."""
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return {k: copied(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(copied, value))
    return value
