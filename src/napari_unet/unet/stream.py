"""A network's answer to an image that comes in strips, as if it had come whole.

Windows that overlap by a receptive field compute most pixels several times, and large ones take
gigabytes. Here every layer instead keeps the few rows that its next ones need: each row is computed
once, only a strip of activations is in memory, and the logits equal those of `UNet.forward`. It
works for networks that look at a neighbourhood only; see `streams`. Pinckaers, van Ginneken and
Litjens 2019 (arXiv:1911.04432) train with the same thought.

A row is what lies at one place along the first side: of a volume, a plane.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_unet.config import UNetConfig
from napari_unet.unet.layers import AttentionGate, Conv, DoubleConv, Smooth, Up
from napari_unet.unet.model import UNet

Op = Callable[[Tensor], Tensor]
# The next rows, in one tensor, or none. Whoever takes them empties the list: nobody else is then
# left who holds them, and their memory is free as soon as they have been used.
Rows = list[Tensor]

ROWS = 2  # the dimension along which strips of (N, C, *S) follow each other


def streams(config: UNetConfig) -> bool:
    """Say whether a network's answer depends on a neighbourhood only, so that it can be streamed.

    Instance and group norm average over the whole image.
    """
    return config.norm in ("none", "batch") and config.padding == "same"


class Stream:
    """Gives logits for strips of ``(N, C, *S)``, from the first row to the last; use it once.

    Parameters
    ----------
    model
        In evaluation mode; `streams` must hold. The image's sides must be multiples of what the
        network divides by (see `UNet.margins`).
    """

    def __init__(self, model: UNet) -> None:
        config = model.config
        self._stem = _sliding(model.stem) if config.stem_stride > 1 else None
        self._down = [
            (_Block(cast(DoubleConv, block)), _Queue(), _pooling(pool))
            for block, pool in zip(model.encoder, model.pool, strict=True)
        ]
        self._bottleneck = _Block(model.bottleneck)
        gates: list[nn.Module | None] = [*model.gate] or [None] * config.depth
        steps = zip(self._down[::-1], model.up, model.decoder, gates, strict=True)
        self._up = [
            _Ascent(skips, cast(Up, up), cast(DoubleConv, block), cast(AttentionGate | None, gate))
            for (_, skips, _), up, block, gate in steps
        ]
        self._head: Op = lambda x: model.shuffle(model.head(x))

    def __call__(self, rows: Tensor, last: bool = False) -> Tensor | None:
        """Return the logits ``(N, K, …)`` of the rows that are now certain; None if none are.

        They follow on those that were returned before, about half a receptive field behind the
        rows that were given. ``last`` says that these are the image's last rows; with them, all
        that is left comes.
        """
        x = [rows] if self._stem is None else self._stem([rows], last)
        for block, skips, pool in self._down:
            x = block(x, last)
            skips.put(x)
            x = pool(x, last)
        x = self._bottleneck(x, last)
        for ascent in self._up:
            x = ascent(x, last)
        return self._head(x.pop()).float() if x else None


class _Queue:
    """Rows that wait for what is computed from them."""

    def __init__(self) -> None:
        self._waiting: deque[Tensor] = deque()

    def put(self, rows: Rows) -> None:
        self._waiting.extend(rows)

    def take(self, n: int) -> Tensor:
        """Return the next ``n`` rows."""
        taken: list[Tensor] = []
        while n:
            rows = self._waiting.popleft()
            if rows.shape[ROWS] > n:
                self._waiting.appendleft(rows.narrow(ROWS, n, rows.shape[ROWS] - n))
                rows = rows.narrow(ROWS, 0, n)
            taken.append(rows)
            n -= rows.shape[ROWS]
        return taken[0] if len(taken) == 1 else torch.cat(taken, ROWS)


class _Sliding:
    """A layer that sees ``kernel`` rows at a time and moves on by ``step``.

    Beyond the image's first and last row it sees ``pad`` rows of zeros, or these rows again.
    """

    def __init__(self, op: Op, kernel: int, step: int = 1, pad: int = 0, again: bool = False):
        self._op, self._kernel, self._step, self._pad, self._again = op, kernel, step, pad, again
        self._tail: Rows = []

    def __call__(self, given: Rows, last: bool) -> Rows:
        parts = [*self._tail, *given]
        given.clear()
        if not parts:
            return []
        if not self._tail:
            parts = [*self._beyond(parts[0].narrow(ROWS, 0, 1)), *parts]
        if last:
            parts += self._beyond(parts[-1].narrow(ROWS, parts[-1].shape[ROWS] - 1, 1))
        rows = parts[0] if len(parts) == 1 else torch.cat(parts, ROWS)
        parts.clear()
        n = max((rows.shape[ROWS] - self._kernel) // self._step + 1, 0)
        rest = rows.narrow(ROWS, n * self._step, rows.shape[ROWS] - n * self._step)
        self._tail = [rest.clone()]  # not a view, which would keep all of the strip
        if not n:
            return []
        return [self._op(rows.narrow(ROWS, 0, (n - 1) * self._step + self._kernel))]

    def _beyond(self, row: Tensor) -> list[Tensor]:
        return [row if self._again else torch.zeros_like(row)] * self._pad


def _sliding(layer: nn.Module) -> _Sliding:
    """Return a convolution that pads all sides but the first itself."""
    conv = cast(Conv, layer)
    pads = cast(tuple[int, ...], conv.padding)
    run = F.conv3d if isinstance(conv, nn.Conv3d) else F.conv2d

    def op(x: Tensor) -> Tensor:
        y: Tensor = run(x, conv.weight, conv.bias, conv.stride, (0, *pads[1:]))
        return y

    return _Sliding(op, conv.kernel_size[0], conv.stride[0], pads[0])


def _pooling(pool: nn.Module) -> _Sliding:
    rows: int = cast(tuple[int, ...], pool.kernel_size)[0]
    return _Sliding(pool, rows, rows)


def _enlarging(smooth: Smooth) -> _Sliding:
    """Return a linear enlargement: a row comes from itself and its neighbours."""
    factor = int(cast(tuple[float, ...], smooth.scale_factor)[0])
    if factor == 1:
        return _Sliding(smooth, 1)

    def op(x: Tensor) -> Tensor:
        y: Tensor = smooth(x)
        return y.narrow(ROWS, factor, y.shape[ROWS] - 2 * factor)

    return _Sliding(op, 3, 1, 1, again=True)


class _Block:
    """A `DoubleConv`."""

    def __init__(self, block: DoubleConv) -> None:
        self._block = block
        self._first, self._second = _sliding(block.conv1), _sliding(block.conv2)
        self._straight = _Queue()

    def __call__(self, given: Rows, last: bool) -> Rows:
        block = self._block
        if block.shortcut is not None:
            self._straight.put([block.shortcut(x) for x in given])
        middle = [block.norm1(y).relu_() for y in self._first(given, last)]
        return [self._ended(block.norm2(y)) for y in self._second(middle, last)]

    def _ended(self, y: Tensor) -> Tensor:
        if self._block.shortcut is not None:
            y = y.add_(self._straight.take(y.shape[ROWS]))
        return y.relu_()


class _Ascent:
    """A step up the right of the U: enlarged, joined with what waits on the left, convolved."""

    def __init__(
        self, skips: _Queue, up: Up, block: DoubleConv, gate: AttentionGate | None
    ) -> None:
        self._skips = skips if gate is None else _Gate(skips, gate)
        self._enlarged = _Queue()
        self._block = _Block(block)
        if isinstance(up.up, nn.Sequential):
            self._project: nn.Module = up.up[0]
            self._enlarge = _enlarging(cast(Smooth, up.up[1]))
        else:
            self._project, self._enlarge = nn.Identity(), _Sliding(up.up, 1)

    def __call__(self, coarse: Rows, last: bool) -> Rows:
        up = self._enlarge([self._project(x) for x in coarse], last)
        self._enlarged.put(up)
        if isinstance(self._skips, _Gate):
            skips = self._skips(coarse, last)
        else:
            skips = [self._skips.take(x.shape[ROWS]) for x in up]
        up.clear()
        return self._block([self._joined(skips.pop()) for _ in range(len(skips))], last)

    def _joined(self, skip: Tensor) -> Tensor:
        return torch.cat([skip, self._enlarged.take(skip.shape[ROWS])], dim=1)


class _Gate:
    """An `AttentionGate` before the skips that wait."""

    def __init__(self, skips: _Queue, gate: AttentionGate) -> None:
        self._skips, self._gate = skips, gate
        self._factor = gate.skip.stride[0]
        self._enlarge = _enlarging(gate.enlarge)
        self._seen = _Queue()

    def __call__(self, coarse: Rows, last: bool) -> Rows:
        shares = self._enlarge([self._weights(x) for x in coarse], last)
        return [self._seen.take(share.shape[ROWS]) * share for share in shares]

    def _weights(self, coarse: Tensor) -> Tensor:
        gate = self._gate
        skip = self._skips.take(coarse.shape[ROWS] * self._factor)
        self._seen.put([skip])
        found: Tensor = gate.weight(F.relu(gate.skip(skip) + gate.coarse(coarse))).sigmoid()
        return found
