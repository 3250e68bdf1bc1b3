"""Images of any size through windows of one size, blended so that no seam shows.

For networks whose answer depends on the window's size; others see `napari_unet.unet.windows`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, product

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_unet.unet.source import Source, ahead

OVERLAP = 0.5  # of a window's side


def starts(n: int, size: int, overlap: float = OVERLAP) -> list[int]:
    """Return the first pixels of the windows that cover ``n`` pixels, evenly spaced."""
    if n <= size:
        return [0]
    step = max(int(size * (1 - overlap)), 1)
    count = -(-(n - size) // step) + 1
    return [round(i * (n - size) / (count - 1)) for i in range(count)]


def window_weight(size: tuple[int, ...]) -> Tensor:
    """Return a Gaussian ``size`` that falls to a thousandth at the rim, where context is missing.

    The deviation is an eighth of the side, as in Isensee et al. 2021
    (doi:10.1038/s41592-020-01008-z).
    """
    weight = torch.ones(())
    for n in size:
        x = (torch.arange(n) - (n - 1) / 2) / (n / 8)
        # Bounded along each side, not in the product: at the top and bottom of an image the
        # weights of neighbours side by side would all lie at the bound, and a seam would show.
        weight = weight[..., None] * torch.exp(-0.5 * x**2).clamp(min=1e-3)
    return weight


def tiled(
    source: Source, size: tuple[int, ...], run: Callable[[Tensor], Tensor], batch: int
) -> Iterator[Tensor]:
    """Run a network over an image; yield its logits ``(K, *S)`` in parts along the first side.

    ``run`` maps ``(N, C, *size)`` to ``(N, K, *size)``, so many windows at a time. Whatever no
    window touches any more is given away, so that of a large volume only a slab is in the memory;
    the pixels of the next windows are read while these are computed.
    """
    sides = [starts(n, s) for n, s in zip(source.padded, size, strict=True)]
    corners = list(product(*sides))
    slab = _Slab(source.padded, window_weight(size))
    windows = _windows(source, sides, size)
    for i in range(0, len(corners), batch):
        part = list(islice(windows, batch))
        logits = run(torch.stack(part))
        for corner, one in zip(corners[i : i + batch], logits, strict=True):
            slab.add(corner, one)
        done = corners[i + batch][0] if i + batch < len(corners) else source.shape[0]
        if done > slab.first:
            yield slab.take(done)[:, :, *map(slice, source.shape[1:])]


def _windows(source: Source, sides: list[list[int]], size: tuple[int, ...]) -> Iterator[Tensor]:
    """Yield what a network is shown, a row of windows after the other."""

    def read(first: int) -> Tensor:
        return source.read((slice(first, first + size[0]), *map(slice, source.padded[1:])))

    for rows in ahead(read, sides[0]):
        for corner in product(*sides[1:]):
            yield rows[:, :, *_window(corner, size[1:])]


def _window(corner: tuple[int, ...], size: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(slice(c, c + s) for c, s in zip(corner, size, strict=True))


class _Slab:
    """Sums of weighted logits of an image of ``shape``, from row ``first`` on as far as needed.

    A row is what lies at one place along the first side: of a volume, a plane.
    """

    def __init__(self, shape: tuple[int, ...], weight: Tensor) -> None:
        self.weight = weight
        self.first = 0
        self._rest = shape[1:]
        self._total = torch.zeros(0)
        self._weights = torch.zeros(0, *self._rest)

    def add(self, corner: tuple[int, ...], logits: Tensor) -> None:
        """Add the logits ``(K, *size)`` of the window at ``corner``."""
        top, rows = corner[0] - self.first, len(self.weight)
        if (missing := top + rows - len(self._weights)) > 0:
            if not self._total.numel():
                self._total = torch.zeros(len(logits), 0, *self._rest)
            self._total = F.pad(self._total, (0, 0) * len(self._rest) + (0, missing))
            self._weights = F.pad(self._weights, (0, 0) * len(self._rest) + (0, missing))
        window = _window((top, *corner[1:]), tuple(self.weight.shape))
        self._total[:, *window] += logits * self.weight
        self._weights[window] += self.weight

    def take(self, end: int) -> Tensor:
        """Return the mean logits ``(K, rows, …)`` of the rows before ``end``, and forget them."""
        rows = end - self.first
        mean = self._total[:, :rows] / self._weights[:rows]
        self._total, self._weights = self._total[:, rows:], self._weights[rows:]
        self.first = end
        return mean
