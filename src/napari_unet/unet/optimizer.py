"""What changes the weights: the optimiser, its rate, and the running mean of them that is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from napari_unet.config import OptimConfig
from napari_unet.unet.model import UNet

WARM_UP = 30  # steps over which the learning rate rises

Tensors = tuple[Tensor, ...] | list[Tensor]


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


def scheduled(optim: OptimConfig, steps: int, share: float) -> float:
    """Return the learning rate of a step: it rises at first, then falls with the budget.

    Parameters
    ----------
    optim
        Its schedule is not "plateau", which goes by the losses.
    steps
        How many were taken before.
    share
        Of the budget that is used, 0 to 1.
    """
    rate = optim.lr * min((steps + 1) / WARM_UP, 1.0)
    return rate * (1 - share) ** 0.9 if optim.schedule == "polynomial" else rate


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
