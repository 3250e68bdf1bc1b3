"""Averaging over mirror images and quarter turns: the network looks at one image several times."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby

import torch
from torch import Tensor

from napari_unet.unet.model import probabilities


@dataclass(frozen=True)
class View:
    """An image mirrored along ``axes`` and then, if ``turned``, by a quarter within its slices."""

    axes: tuple[int, ...] = ()
    turned: bool = False

    def of(self, images: Tensor) -> Tensor:
        """Return ``(…, *S)`` as it is seen here."""
        seen = images.flip(self.axes)
        return seen.rot90(1, (-2, -1)) if self.turned else seen

    def back(self, seen: Tensor) -> Tensor:
        """Undo `of`."""
        return (seen.rot90(-1, (-2, -1)) if self.turned else seen).flip(self.axes)


AS_IT_IS = (View(),)


def flips(dims: int) -> list[tuple[int, ...]]:
    """Return the axes of every mirror image, none first: 4 in two dimensions, 8 in three."""
    axes = range(-1, -dims - 1, -1)
    return [chosen for n in range(dims + 1) for chosen in combinations(axes, n)]


def views(dims: int, turns: bool = False) -> tuple[View, ...]:
    """Return every mirror image; with ``turns`` also turned, which makes twice as many."""
    ways = (False, True) if turns else (False,)
    return tuple(View(axes, turned) for turned in ways for axes in flips(dims))


def averaged(
    run: Callable[[Tensor], Tensor],
    images: Tensor,
    seen: Sequence[View],
    at_once: int = 1,
    disagreement: bool = False,
) -> Tensor:
    """Return the mean logits ``(N, K, *S)`` over views of ``(N, C, *S)`` images.

    Errors that depend on the orientation cancel out, as when several networks are averaged.
    Views of few images are run together: up to ``at_once``, if there is more than one. With
    ``disagreement`` a channel more says how far the views disagree (see `Consensus`).
    """
    if len(seen) == 1 and not disagreement and seen[0] == View():
        return run(images)
    found = Consensus(disagreement)
    for group in _groups(seen, max(at_once // len(images), 1)):
        logits = run(torch.cat([view.of(images) for view in group]))
        for one, view in zip(logits.chunk(len(group)), group, strict=True):
            found.add(view.back(one))
    return found.mean()


def _groups(seen: Sequence[View], most: int) -> Iterator[list[View]]:
    """Yield views that are of one shape, ``most`` at a time."""
    for _, alike in groupby(seen, key=lambda view: view.turned):
        views = list(alike)
        yield from (views[i : i + most] for i in range(0, len(views), most))


class Consensus:
    """The mean of several answers to one image.

    With ``disagreement``, `mean` has a channel more, 0 (all agree) to 1: twice the standard
    deviation of the probability, over the answers; of several classes, of half the sum of their
    variances, which is the same where there are two.
    """

    def __init__(self, disagreement: bool = False) -> None:
        self.disagreement, self.number = disagreement, 0
        self._logits = self._first = self._second = torch.zeros(())

    def add(self, logits: Tensor) -> None:
        """Add an answer, ``(N, K, *S)``."""
        self.number += 1
        self._logits = _sum(self._logits, logits)
        if self.disagreement:
            p = probabilities(logits)
            self._first, self._second = _sum(self._first, p), _sum(self._second, p.square())

    def mean(self) -> Tensor:
        """Return the mean logits ``(N, K, *S)``, or with disagreement ``(N, K + 1, *S)``."""
        logits = self._logits / self.number
        if not self.disagreement:
            return logits
        n = self.number
        variance = (self._second / n - (self._first / n).square()).sum(dim=1, keepdim=True)
        share = variance / min(logits.shape[1], 2)
        return torch.cat([logits, 2 * share.clamp(0, 0.25).sqrt()], dim=1)


def _sum(total: Tensor, more: Tensor) -> Tensor:
    # In place once there is a tensor of our own: large windows are added up many times.
    return total.add_(more) if total.ndim else more.clone()
