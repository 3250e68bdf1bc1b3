"""Gradients of one batch, computed side by side on several threads.

The deeper levels of a U-Net are small: two threads that share every single convolution mostly wait
for each other. Here each thread takes whole images through the whole network instead, and they meet
once per step. On a GPU, and where a measurement says otherwise, there is one lane. It too is a
thread of its own, so that the caller can listen while a slow step is computed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

from napari_unet.unet.aside import own_threads, until_done
from napari_unet.unet.model import UNet

Loss = Callable[[UNet], Tensor]

_abandoned: set[Future[float]] = set()  # steps that nobody waits for, but that go on


class Lanes:
    """Replicas of a network on threads of their own.

    The replicas share the network's weights and hold gradients and running statistics of their own;
    batch norm sees the images of its lane only, and the network keeps the first lane's statistics.

    Parameters
    ----------
    model
        The network; what its optimiser changes, all lanes see.
    number
        How many lanes; torch's threads are divided among them.
    """

    def __init__(self, model: UNet, number: int = 1) -> None:
        self.number = number
        self._models = [model, *(_replica(model) for _ in range(number - 1))]
        each = max(torch.get_num_threads() // number, 1)
        self._pool = ThreadPoolExecutor(number, "lane", own_threads, (each,))

    def share(self, batch: Tensor) -> tuple[Tensor, ...]:
        """Divide a batch ``(N, ...)`` among the lanes."""
        return batch.chunk(self.number)

    def gradients(self, losses: Sequence[Sequence[Loss]]) -> Generator[None, None, list[float]]:
        """Leave the sum of the losses' gradients in the network; return each lane's loss.

        Yields while it waits. If it is closed then, the gradients are worth nothing, and the
        threads are busy for as long as they need (see `abandoned_ends`).

        Parameters
        ----------
        losses
            For each lane or fewer, functions from the lane's network to a scalar. A lane computes
            one after the other, so that only one of them takes memory at a time.
        """
        for model in self._models:
            model.zero_grad(set_to_none=True)
        threads = torch.get_num_threads()
        jobs = zip(losses, self._models, strict=False)
        found = [self._pool.submit(_backward, lane, model) for lane, model in jobs]
        try:
            yield from until_done(found)
        except GeneratorExit:
            _abandoned.update(found)
            raise
        values = [f.result() for f in found]
        # What a lane set for its own thread, torch also takes for threads that start later.
        torch.set_num_threads(threads)
        for model in self._models[1 : len(losses)]:
            _add_gradients(self._models[0], model)
        return values

    def close(self) -> None:
        """End the threads, once they are done."""
        self._pool.shutdown(wait=False)


def abandoned_ends() -> Generator[None, None, None]:
    """Yield until the steps have ended that were abandoned: they hold much memory until then."""
    yield from until_done(list(_abandoned))
    _abandoned.clear()


def _replica(model: UNet) -> UNet:
    twin = copy.deepcopy(model)
    for mine, shared in zip(twin.parameters(), model.parameters(), strict=True):
        mine.data = shared.data
    return twin


def _backward(losses: Sequence[Loss], model: UNet) -> float:
    model.train()
    total = 0.0
    for loss in losses:
        value = loss(model)
        value.backward()  # type: ignore[no-untyped-call]
        total += float(value.detach())
    return total


def _add_gradients(model: UNet, other: UNet) -> None:
    pairs = zip(model.parameters(), other.parameters(), strict=True)
    known = [(a, b.grad) for a, b in pairs if b.grad is not None]
    mine = [a.grad if a.grad is not None else torch.zeros_like(a) for a, _ in known]
    torch._foreach_add_(mine, [grad for _, grad in known])
    for (parameter, _), grad in zip(known, mine, strict=True):
        parameter.grad = grad
