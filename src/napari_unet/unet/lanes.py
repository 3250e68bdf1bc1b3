"""Gradients of one batch, computed side by side on several threads.

The deeper levels of a U-Net are small: two threads that share every single convolution mostly wait
for each other. Here each thread takes whole images through the whole network instead, and they meet
once per step. On a GPU, and where a measurement says otherwise, there is one lane.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from napari_unet.unet.model import UNet

Loss = Callable[[UNet], Tensor]


class Lanes:
    """Replicas of a network on threads of their own.

    The replicas share the network's weights and hold gradients and running statistics of their own;
    batch norm sees the images of its lane only, and the network keeps the first lane's statistics.

    Parameters
    ----------
    model
        The network; what its optimiser changes, all lanes see.
    number
        How many lanes; 1 computes in the caller's thread, with all of torch's threads.
    """

    def __init__(self, model: UNet, number: int = 1) -> None:
        self.number = number
        self._models = [model, *(_replica(model) for _ in range(number - 1))]
        self._pool: ThreadPoolExecutor | None = None
        if number > 1:
            each = max(torch.get_num_threads() // number, 1)
            self._pool = ThreadPoolExecutor(number, "lane", torch.set_num_threads, (each,))

    def share(self, batch: Tensor) -> tuple[Tensor, ...]:
        """Divide a batch ``(N, ...)`` among the lanes."""
        return batch.chunk(self.number)

    def gradients(self, losses: Sequence[Loss]) -> list[float]:
        """Leave the sum of the losses' gradients in the network; return the losses.

        ``losses`` holds, for each lane or fewer, a function from the lane's network to a scalar.
        """
        for model in self._models:
            model.zero_grad(set_to_none=True)
        if self._pool is None:
            return [_backward(loss, self._models[0]) for loss in losses]
        threads = torch.get_num_threads()
        jobs = zip(losses, self._models, strict=False)
        found = [self._pool.submit(_backward, loss, model) for loss, model in jobs]
        values = [f.result() for f in found]
        # What a lane set for its own thread, torch also takes for threads that start later.
        torch.set_num_threads(threads)
        for model in self._models[1 : len(losses)]:
            _add_gradients(self._models[0], model)
        return values

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()


def _replica(model: UNet) -> UNet:
    twin = copy.deepcopy(model)
    for mine, shared in zip(twin.parameters(), model.parameters(), strict=True):
        mine.data = shared.data
    return twin


def _backward(loss: Loss, model: UNet) -> float:
    model.train()
    value = loss(model)
    value.backward()  # type: ignore[no-untyped-call]
    return float(value.detach())


def _add_gradients(model: UNet, other: UNet) -> None:
    pairs = zip(model.parameters(), other.parameters(), strict=True)
    known = [(a, b.grad) for a, b in pairs if b.grad is not None]
    mine = [a.grad if a.grad is not None else torch.zeros_like(a) for a, _ in known]
    torch._foreach_add_(mine, [grad for _, grad in known])
    for (parameter, _), grad in zip(known, mine, strict=True):
        parameter.grad = grad
