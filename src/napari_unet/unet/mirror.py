"""Averaging over mirror images: the network looks at one image several times."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import torch
from torch import Tensor


def flips(dims: int) -> list[tuple[int, ...]]:
    """Return the axes of every mirror image, none first: 4 in two dimensions, 8 in three."""
    axes = range(-1, -dims - 1, -1)
    return [chosen for n in range(dims + 1) for chosen in combinations(axes, n)]


def mirrored(run: Callable[[Tensor], Tensor], images: Tensor, at_once: int = 1) -> Tensor:
    """Return the mean logits ``(N, K, *S)`` over ``(N, C, *S)`` images and their mirror images.

    Errors that depend on the orientation cancel out, as when several networks are averaged.
    Mirror images of few images are run together: up to ``at_once``, if there is more than one.
    """
    all_axes = flips(images.ndim - 2)
    step = max(at_once // len(images), 1)
    total = torch.zeros(())
    for group in (all_axes[i : i + step] for i in range(0, len(all_axes), step)):
        logits = run(torch.cat([images.flip(axes) for axes in group]))
        for one, axes in zip(logits.chunk(len(group)), group, strict=True):
            total = total.to(one.device) + one.flip(axes)
    return total / len(all_axes)
