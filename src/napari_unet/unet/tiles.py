"""Images of any size through windows of one size, blended so that no seam shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

OVERLAP = 0.5  # of a window's side


def starts(n: int, size: int, overlap: float = OVERLAP) -> list[int]:
    """Return the first pixels of the windows that cover ``n`` pixels, evenly spaced."""
    if n <= size:
        return [0]
    step = max(int(size * (1 - overlap)), 1)
    count = -(-(n - size) // step) + 1
    return [round(i * (n - size) / (count - 1)) for i in range(count)]


def window_weight(size: tuple[int, int]) -> Tensor:
    """Return a Gaussian ``size`` that falls to a thousandth at the rim, where context is missing.

    The deviation is an eighth of the side, as in Isensee et al. 2021
    (doi:10.1038/s41592-020-01008-z).
    """
    sides = []
    for n in size:
        x = (torch.arange(n) - (n - 1) / 2) / (n / 8)
        # Bounded along each side, not in the product: at the top and bottom of an image the
        # weights of neighbours side by side would all lie at the bound, and a seam would show.
        sides.append(torch.exp(-0.5 * x**2).clamp(min=1e-3))
    return sides[0][:, None] * sides[1][None]


def tiled(
    image: Tensor, size: tuple[int, int], run: Callable[[Tensor], Tensor], batch: int
) -> Iterator[Tensor | tuple[int, int]]:
    """Run a network over ``(C, H, W)``; yield (windows done, windows), then logits ``(K, H, W)``.

    ``run`` maps ``(N, C, *size)`` to ``(N, K, *size)``. An image smaller than a window is padded
    with 0, as in training.
    """
    h, w = image.shape[-2:]
    image = F.pad(image, (0, max(size[1] - w, 0), 0, max(size[0] - h, 0)))
    corners = list(product(starts(image.shape[-2], size[0]), starts(image.shape[-1], size[1])))
    weight = window_weight(size)
    total, weights = torch.zeros(0), torch.zeros(image.shape[-2:])
    for i in range(0, len(corners), batch):
        part = corners[i : i + batch]
        windows = torch.stack([image[:, y : y + size[0], x : x + size[1]] for y, x in part])
        logits = run(windows)
        if not total.numel():
            total = torch.zeros(logits.shape[1], *image.shape[-2:])
        for (y, x), one in zip(part, logits, strict=True):
            total[:, y : y + size[0], x : x + size[1]] += one * weight
            weights[y : y + size[0], x : x + size[1]] += weight
        yield i + len(part), len(corners)
    yield (total / weights)[:, :h, :w]
