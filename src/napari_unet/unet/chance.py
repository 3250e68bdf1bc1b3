"""Everything random about a training: what a seed decides, and a resumed run repeats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


class Order:
    """The indices of ``n`` cases for ever, each pass in a new random order."""

    def __init__(self, n: int, rng: torch.Generator) -> None:
        self.n, self.rng = n, rng
        self.queue = torch.zeros(0, dtype=torch.long)
        self.position = 0

    def take(self, count: int) -> list[int]:
        """Return the next ``count`` indices."""
        taken: list[int] = []
        while len(taken) < count:
            if self.position == len(self.queue):
                self.queue, self.position = torch.randperm(self.n, generator=self.rng), 0
            part = self.queue[self.position : self.position + count - len(taken)]
            self.position += len(part)
            taken += part.tolist()
        return taken


class Chance:
    """The generators of random numbers, and the order of the cases that comes from them.

    Parameters
    ----------
    seed
        What all of them begin with.
    cases
        How many cases are put in order.
    lanes
        How many lanes draw changes of images. Each has a generator of its own, so that what it
        draws does not depend on the others' pace.
    device
        Where dropout draws; torch's own generators, for the CPU and this device, belong to the
        state too.
    rank
        Which of several processes this is. All take the cases in one order, but change and drop
        differently.
    """

    def __init__(self, seed: int, cases: int, lanes: int, device: str, rank: int = 0) -> None:
        self.rng = torch.Generator().manual_seed(seed)
        self.order = Order(cases, self.rng)
        self.rank = rank
        self.lanes = [torch.Generator().manual_seed(seed + rank * lanes + i) for i in range(lanes)]
        self.device = torch.device(device)

    def state(self) -> dict[str, Any]:
        """Return where all of them stand, as plain values and tensors."""
        state: dict[str, Any] = {
            "rank": self.rank,
            "rng": self.rng.get_state(),
            "queue": self.order.queue,
            "position": self.order.position,
            "lanes": [lane.get_state() for lane in self.lanes],
            "torch": torch.get_rng_state(),
        }
        if self.device.type == "cuda":
            state["device"] = torch.cuda.get_rng_state(self.device)
        elif self.device.type == "mps":
            state["device"] = torch.mps.get_rng_state()
        return state

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to where `state` was called; another device's generator is left alone."""
        self.rng.set_state(state["rng"])
        queue: Tensor = state["queue"]
        self.order.queue, self.order.position = queue, state["position"]
        if state.get("rank", 0) != self.rank:  # only the first process's state is kept
            self._scatter()
            return
        saved: Sequence[Tensor] = state["lanes"]
        for lane, known in zip(self.lanes, saved, strict=False):
            lane.set_state(known)
        torch.set_rng_state(state["torch"])
        if "device" in state and self.device.type == "cuda":
            torch.cuda.set_rng_state(state["device"], self.device)
        elif "device" in state and self.device.type == "mps":
            torch.mps.set_rng_state(state["device"])

    def _scatter(self) -> None:
        """Begin anew with what only this process draws, apart from all others."""
        start = torch.Generator().set_state(self.rng.get_state())
        seed = int(torch.randint(2**31, (1,), generator=start)) + self.rank * (len(self.lanes) + 1)
        for i, lane in enumerate(self.lanes):
            lane.manual_seed(seed + i)
        torch.manual_seed(seed + len(self.lanes))
