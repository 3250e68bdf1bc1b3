"""A network's answer to an image that comes in strips, as if it had come whole.

Windows that overlap by a receptive field compute most pixels several times, and large ones take
gigabytes. Here every layer instead keeps the few rows that its next ones need: each row is computed
once, only a few rows of activations are in memory, and the logits equal those of `UNet.forward`. It
works for networks that look at a neighbourhood only; see `streams`. Pinckaers, van Ginneken and
Litjens 2019 (arXiv:1911.04432) train with the same thought.

A row is what lies at one place along the first side: of a volume, a plane.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_unet.config import UNetConfig
from napari_unet.unet.edges import WITHOUT, Edges, needs
from napari_unet.unet.layers import AttentionGate, Conv, DoubleConv, Smooth, Up
from napari_unet.unet.model import UNet

Op = Callable[[Tensor], Tensor]
# Rows that follow each other, some at a time. None of these iterators is a loop that yields: while
# it waits, a loop holds what it was given last, and of all layers that is a lot of memory.
Rows = Iterator[Tensor]

ROWS = 2  # the dimension along which rows of (N, C, *S) follow each other


def streams(config: UNetConfig) -> bool:
    """Say whether a network's answer depends on a neighbourhood only, so that it can be streamed.

    Instance and group norm average over the whole image; enlarging from corner to corner, and
    zeros within the network, depend on where the image ends. A pretrained encoder is built of
    layers that are not known here.
    """
    local = config.norm in ("none", "batch") and config.upsampling != "corners"
    return local and config.padding == "same" and not config.encoder


class Stream:
    """Gives logits for images ``(N, C, *S)`` that come in strips, from the first row to the last.

    The layers pull rows out of each other: what one has made is looked at by the next while it is
    in the processor's cache, and then forgotten.

    Parameters
    ----------
    model
        In evaluation mode; `streams` must hold. The image's sides must be multiples of what the
        network divides by (see `UNet.margins`).
    most
        How many rows a layer is given at once, at the most; 0: as many as come.
    wait
        For how many rows of the first level the coarser ones wait, so that they, too, are given
        several at once. Meanwhile, what goes straight across the U waits as well.
    edges
        Of what is shown, which sides are no borders of the image: the logits lie within them.
    """

    def __init__(self, model: UNet, most: int = 0, wait: int = 1, edges: Edges = WITHOUT) -> None:
        self._model, self._most, self._wait = model, most, wait
        self._cut, self._margin, self._needs = edges.cut, edges.margin, needs(model.config)

    def __call__(self, strips: Iterable[Tensor]) -> Rows:
        """Yield the logits ``(N, K, …)`` of all rows, in order, as soon as they are certain.

        That is about half a receptive field behind the rows that were taken from ``strips``.
        """
        model, rows = self._model, iter(strips)
        if model.config.stem_stride > 1:
            stem = cast(Conv, model.stem)
            rows = _convolved(stem, _split(rows, self._most * stem.stride[0]))
        have = self._margin // model.config.strides[-1]
        seen = map(self._cut(have, self._needs[0].down), _split(rows, self._most))
        return map(self._answer, self._level(0, seen))

    def _answer(self, rows: Tensor) -> Tensor:
        rows = self._cut(self._needs[0].up, 0)(rows)
        logits: Tensor = self._model.shuffle(self._model.head(rows))
        return logits.float()

    def _level(self, level: int, rows: Rows) -> Rows:
        """Yield what comes up the right of the U at a level, for what goes down on the left."""
        model = self._model
        if level == model.config.depth:
            return _block(model.bottleneck, rows)
        need, lower, skips = self._needs[level], self._needs[level + 1], _Queue()
        sides = cast(tuple[int, ...], model.pool[level].kernel_size)
        down = _block(cast(DoubleConv, model.encoder[level]), rows)
        down = _pooled(sides, skips.noting(down, self._cut(need.down, need.up)))
        below = map(self._cut(need.down // 2, lower.down), down)
        coarse = self._level(level + 1, _Gathered(below, self._several(level + 1)))
        coarse = map(self._cut(lower.up, need.below), _split(coarse, -(-self._most // sides[0])))
        return _block(
            cast(DoubleConv, model.decoder[-1 - level]), self._joined(level, skips, coarse)
        )

    def _several(self, level: int) -> int:
        """Return how many rows a level waits for."""
        shrunk = self._model.config.halvings[0] - self._model.config.depth + level
        return max(min(self._most, self._wait >> max(shrunk, 0)), 1)

    def _joined(self, level: int, skips: _Queue, coarse: Rows) -> Rows:
        """Yield the coarse rows, enlarged, with those beside them that went straight across."""
        up = cast(Up, self._model.up[-1 - level])
        if not self._model.config.attention:
            return skips.beside(_enlarged(up, coarse))
        gate, twice = cast(AttentionGate, self._model.gate[-1 - level]), _Queue()
        weighted = _weighted(gate, skips, twice.noting(coarse))
        # The gate has always pulled the coarse rows that the enlargement needs for the same place.
        return _Queue(_enlarged(up, twice)).beside(weighted, first=False)


class _Queue:
    """Rows that wait for what is computed from them, and after them, those that ``more`` gives."""

    def __init__(self, more: Rows | None = None) -> None:
        self._waiting: deque[Tensor] = deque()
        self._more = more

    def __iter__(self) -> _Queue:
        return self

    def __next__(self) -> Tensor:
        if self._waiting:
            return self._waiting.popleft()
        if self._more is None:
            raise StopIteration
        return next(self._more)

    def put(self, rows: Tensor) -> None:
        self._waiting.append(rows)

    def noting(self, rows: Rows, op: Op = lambda x: x) -> Rows:
        """Pass rows on, and let what is made of them wait here."""

        def note(x: Tensor) -> Tensor:
            self.put(op(x))
            return x

        return map(note, rows)

    def take(self, n: int) -> Tensor:
        """Return the next ``n`` rows."""
        taken: list[Tensor] = []
        while n:
            rows = next(self)
            if _count(rows) > n:
                self._waiting.appendleft(rows.narrow(ROWS, n, _count(rows) - n))
                rows = rows.narrow(ROWS, 0, n)
            taken.append(rows)
            n -= _count(rows)
        return _one(taken)

    def beside(self, rows: Rows, first: bool = True) -> Rows:
        """Join rows with as many from here, whose channels come first, or last."""

        def joined(x: Tensor) -> Tensor:
            own = self.take(_count(x))
            return torch.cat([own, x] if first else [x, own], dim=1)

        return map(joined, rows)


class _Gathered:
    """Rows, at least so many at a time, but for the last ones."""

    def __init__(self, rows: Rows, least: int) -> None:
        self._rows, self._least = rows, least

    def __iter__(self) -> _Gathered:
        return self

    def __next__(self) -> Tensor:
        parts = [next(self._rows)]
        while sum(map(_count, parts)) < self._least:
            if (more := next(self._rows, None)) is None:
                break
            parts.append(more)
        return _one(parts)


class _Seen:
    """What a layer has to see that looks at ``kernel`` rows at a time and moves on by ``step``.

    Beyond the image's first and last row, these are ``pad`` rows of zeros, or these rows ``again``.
    """

    def __init__(self, rows: Rows, kernel: int, step: int, pad: int, again: bool) -> None:
        self._rows, self._kernel, self._step = rows, kernel, step
        self._pad, self._again = pad, again
        self._rest: Tensor | None = None  # what the next rows are to be seen with
        self._begun = self._ended = False

    def __iter__(self) -> _Seen:
        return self

    def __next__(self) -> Tensor:
        while not self._ended:
            if (seen := self._with(next(self._rows, None))) is not None:
                return seen
        raise StopIteration

    def _with(self, more: Tensor | None) -> Tensor | None:
        """Return what can be seen with the next rows, or if there are none; None if nothing."""
        parts = [rows for rows in (self._rest, more) if rows is not None]
        if more is None:
            self._ended = True
            parts += self._beyond(parts[0], -1) if parts else []
        elif not self._begun:
            self._begun = True
            parts = self._beyond(more, 0) + parts
        if not parts:
            return None
        rows = _one(parts)
        n = max((_count(rows) - self._kernel) // self._step + 1, 0)
        rest = rows.narrow(ROWS, n * self._step, _count(rows) - n * self._step)
        self._rest = rest.clone() if _count(rest) else None  # a view would keep all rows
        return rows.narrow(ROWS, 0, (n - 1) * self._step + self._kernel) if n else None

    def _beyond(self, rows: Tensor, at: int) -> list[Tensor]:
        row = rows.narrow(ROWS, at % _count(rows), 1)
        return [row if self._again else torch.zeros_like(row)] * self._pad


def _seen(rows: Rows, kernel: int, step: int = 1, pad: int = 0, again: bool = False) -> Rows:
    return rows if kernel == 1 else _Seen(rows, kernel, step, pad, again)


def _split(rows: Rows, most: int) -> Rows:
    """Return the rows, so many at a time at the most; 0: as they come."""
    return (part for x in rows for part in torch.split(x, most, ROWS)) if most else rows


def _one(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts, ROWS)


def _count(rows: Tensor) -> int:
    return rows.shape[ROWS]


def _convolved(layer: nn.Module, rows: Rows) -> Rows:
    """Return the rows after a convolution, which pads all sides but the first itself."""
    conv = cast(Conv, layer)
    pads = cast(tuple[int, ...], conv.padding)
    run = F.conv3d if isinstance(conv, nn.Conv3d) else F.conv2d

    def op(x: Tensor) -> Tensor:
        y: Tensor = run(x, conv.weight, conv.bias, conv.stride, (0, *pads[1:]))
        return y

    return map(op, _seen(rows, conv.kernel_size[0], conv.stride[0], pads[0]))


def _block(block: DoubleConv, rows: Rows) -> Rows:
    """Return the rows after a `DoubleConv`."""
    straight = _Queue()
    if block.shortcut is not None:
        rows = straight.noting(rows, block.shortcut)

    def ended(y: Tensor) -> Tensor:
        y = block.norm2(y)
        return (y if block.shortcut is None else y.add_(straight.take(_count(y)))).relu_()

    def begun(y: Tensor) -> Tensor:
        y = block.norm1(y)
        return y.relu_()

    return map(ended, _convolved(block.conv2, map(begun, _convolved(block.conv1, rows))))


def _pooled(sides: tuple[int, ...], rows: Rows) -> Rows:
    """Return the largest of every two rows, columns, …, along the sides that are halved.

    PyTorch's own pooling also notes where these were, which takes more memory than they do.
    """

    def op(x: Tensor) -> Tensor:
        for axis in (axis for axis, side in enumerate(sides, start=2) if side == 2):
            x = torch.maximum(*torch.unflatten(x, axis, (-1, 2)).unbind(axis + 1))
        return x

    return map(op, _seen(rows, sides[0], sides[0]))


def _enlarged(up: Up, rows: Rows) -> Rows:
    """Return the rows after an `Up`."""
    if isinstance(up.up, nn.Sequential):
        return _smooth(cast(Smooth, up.up[1]), map(up.up[0], rows))
    return map(up.up, rows)


def _smooth(smooth: Smooth, rows: Rows) -> Rows:
    """Return the rows enlarged linearly: each comes from a row and its neighbours."""
    factor = int(cast(tuple[float, ...], smooth.scale_factor)[0])
    if factor == 1:
        return map(smooth, rows)

    def op(x: Tensor) -> Tensor:
        y: Tensor = smooth(x)
        return y.narrow(ROWS, factor, _count(y) - 2 * factor)

    return map(op, _seen(rows, 3, pad=1, again=True))


def _weighted(gate: AttentionGate, skips: _Queue, coarse: Rows) -> Rows:
    """Return what went straight across, weighted by an `AttentionGate`."""
    seen, factor = _Queue(), gate.skip.stride[0]

    def weights(x: Tensor) -> Tensor:
        skip = skips.take(_count(x) * factor)
        seen.put(skip)
        found: Tensor = gate.weight(F.relu(gate.skip(skip) + gate.coarse(x))).sigmoid()
        return found

    def weighted(share: Tensor) -> Tensor:
        return seen.take(_count(share)) * share

    return map(weighted, _smooth(gate.enlarge, map(weights, coarse)))
