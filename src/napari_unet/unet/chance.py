"""Everything random about a training: what a seed decides, and a resumed run repeats."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import torch


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

    def state(self) -> dict[str, Any]:
        """Return where it stands, without the generator."""
        return {"queue": self.queue, "position": self.position}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to where `state` was called."""
        self.queue, self.position = state["queue"], state["position"]


@dataclass(frozen=True)
class Emphasis:
    """Some of the cases, by their indices, of which every batch holds a fixed ``share``."""

    cases: Collection[int] = ()
    share: float = 0.0


EVEN = Emphasis()


class Mixture:
    """Like `Order`, but of every batch a share comes from some of the cases, the rest from others.

    Both go round at their own pace, so that the share depends on the size of neither. What a batch
    cannot hold of a fraction, a later one gets.
    """

    def __init__(self, n: int, emphasis: Emphasis, rng: torch.Generator) -> None:
        chosen = sorted(emphasis.cases)
        rest = sorted(set(range(n)) - set(chosen))
        self.indices = (chosen, rest)
        self.orders = (Order(len(chosen), rng), Order(len(rest), rng))
        self.share, self.rng = emphasis.share, rng
        self.due = 0.0  # of the emphasised cases, what earlier batches lacked

    def take(self, count: int) -> list[int]:
        """Return the next ``count`` indices, both kinds mixed."""
        self.due += self.share * count
        many = min(int(self.due + 1e-9), count)
        self.due -= many
        taken = [
            indices[i]
            for indices, order, wanted in zip(
                self.indices, self.orders, (many, count - many), strict=True
            )
            for i in order.take(wanted)
        ]
        # Lanes and devices take the parts of a batch: each must see both kinds.
        return [taken[i] for i in torch.randperm(count, generator=self.rng).tolist()]

    def state(self) -> dict[str, Any]:
        """Return where it stands, without the generator."""
        return {"orders": [order.state() for order in self.orders], "due": self.due}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to where `state` was called."""
        for order, known in zip(self.orders, state["orders"], strict=True):
            order.restore(known)
        self.due = state["due"]


def order_of(n: int, emphasis: Emphasis, rng: torch.Generator) -> Order | Mixture:
    """Return the order of ``n`` cases: mixed, if some but not all of them are emphasised."""
    if emphasis.share and 0 < len(emphasis.cases) < n:
        return Mixture(n, emphasis, rng)
    return Order(n, rng)


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
    emphasis
        Which cases come more often than the others.
    """

    def __init__(
        self,
        seed: int,
        cases: int,
        lanes: int,
        device: str,
        rank: int = 0,
        emphasis: Emphasis = EVEN,
    ) -> None:
        self.rng = torch.Generator().manual_seed(seed)
        self.order = order_of(cases, emphasis, self.rng)
        self.rank = rank
        self.lanes = [torch.Generator().manual_seed(seed + rank * lanes + i) for i in range(lanes)]
        self.device = torch.device(device)

    def state(self) -> dict[str, Any]:
        """Return where all of them stand, as plain values and tensors."""
        state: dict[str, Any] = {
            "rank": self.rank,
            "rng": self.rng.get_state(),
            "order": self.order.state(),
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
        self.order.restore(state.get("order", state))  # earlier versions kept it in here
        if state.get("rank", 0) != self.rank:  # only the first process's state is kept
            self._scatter()
            return
        saved: Sequence[torch.Tensor] = state["lanes"]
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
