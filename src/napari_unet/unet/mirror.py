"""Averaging over mirror images: the network looks at one image several times."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

from torch import Tensor


def flips(dims: int) -> list[tuple[int, ...]]:
    """Return the axes of every mirror image, none first: 4 in two dimensions, 8 in three."""
    axes = range(-1, -dims - 1, -1)
    return [chosen for n in range(dims + 1) for chosen in combinations(axes, n)]


def mirrored(run: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """Return the mean logits ``(N, K, *S)`` over ``(N, C, *S)`` images and their mirror images.

    Errors that depend on the orientation cancel out, as when several networks are averaged.
    """
    all_axes = flips(images.ndim - 2)
    total = run(images)
    for axes in all_axes[1:]:
        total = total + run(images.flip(axes)).flip(axes)
    return total / len(all_axes)
