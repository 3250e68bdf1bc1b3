"""Averaging over mirror images: the network looks four times at one image."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

FLIPS: tuple[tuple[int, ...], ...] = ((), (-1,), (-2,), (-2, -1))


def mirrored(run: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """Return the mean logits ``(N, K, H, W)`` over ``(N, C, H, W)`` images and their mirror images.

    Errors that depend on the orientation cancel out, as when several networks are averaged.
    """
    total = run(images)
    for axes in FLIPS[1:]:
        total = total + run(images.flip(axes)).flip(axes)
    return total / len(FLIPS)
