"""Images of any size through a network that looks at a neighbourhood only: exactly, in windows.

A window is as large as the memory allows. It is shown with as much around it as the network can
look at, and of the answer only the window itself is taken: each pixel comes from one window, with
all of its context, so that there is nothing to blend and no seam. Within a window the image goes
through the network in strips (see `napari_unet.unet.stream`), so that a window may be as long as
the image, and of the columns beside it every level computes only what it needs (see
`napari_unet.unet.edges`). On a CPU two windows go on side by side, each with half of the threads.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor

from napari_unet.config import UNetConfig
from napari_unet.quantities import size_words
from napari_unet.unet.abreast import Abreast
from napari_unet.unet.aside import checkpoint
from napari_unet.unet.edges import WITHOUT, Edges
from napari_unet.unet.faults import free, give_back, out_of_memory
from napari_unet.unet.memory import available
from napari_unet.unet.mirror import Consensus, View
from napari_unet.unet.model import UNet
from napari_unet.unet.source import Box, Source
from napari_unet.unet.speed import Speed
from napari_unet.unet.stream import Stream
from napari_unet.unet.summary import context

BUDGET = 120 << 20  # bytes that activations may take on a CPU: more at a time is hardly faster
WHOLE = 4  # times the budget, up to which images are not divided: it saves what is computed twice
SHARE = 0.25, 0.5  # of the free memory of a CPU's host, and of a GPU, that they may take
LANES = 2  # windows that are computed at once on a CPU: of more, each would have to be narrower
WORTH = 4  # times what is seen around it, a window has to be for that
LEAST = 4 << 20  # a budget below which less would not help
STRIP = 16  # rows of a picture that are read at once on a CPU, and coarse levels wait for
PIECE = {2: 16, 3: 2}  # rows that a layer is given at once on a CPU, so that they stay in its cache
ALIKE = 6  # tensors like the first level's that are in memory at once, at the most
WIDE = 512  # windows at least this wide are multiples of it, as are the chunks that are written


def total_stride(config: UNetConfig) -> tuple[int, ...]:
    """Return what a network divides by along every axis."""
    return tuple(2**h * s for h, s in zip(config.halvings, config.strides, strict=True))


def budget(device: str) -> int:
    """Return how many bytes the activations of a network may take at once."""
    if torch.device(device).type == "cpu":
        return int(min(BUDGET, SHARE[0] * available(device)))
    return int(SHARE[1] * available(device))


def takes_whole(config: UNetConfig) -> bool:
    """Say whether a network that is no one for windows is shown images as they are.

    Filling uneven sides itself, it was made for images of any size, and depends on where they end.
    """
    return config.padding == "zeros" and config.norm in ("none", "batch")


def fits_whole(config: UNetConfig, sides: Sequence[int], views: int, device: str) -> bool:
    """Say whether the free memory suffices for an image of so many pixels a side at once."""
    share = SHARE[0 if torch.device(device).type == "cpu" else 1]
    costs = Costs.of(config, views)
    return (costs.pixel + costs.kept) * math.prod(sides) <= share * available(device)


@dataclass(frozen=True)
class Costs:
    """What a pixel takes in bytes, roughly.

    ``pixel`` while it goes through the network, ``kept`` of a row that has gone through and waits
    for the next ones, ``seen`` of what is shown and answered.
    """

    pixel: float
    kept: float
    seen: float

    @classmethod
    def of(cls, config: UNetConfig, views: int) -> Costs:
        """Estimate them, in float32."""
        area, shares = math.prod(config.strides), 0.0
        for i, channels in enumerate(config.levels[:-1]):
            halved = sum(max(i - (config.depth - h), 0) for h in config.halvings)
            shares += channels / 2**halved
        outputs = config.out_channels + 1
        seen = 4.0 * config.in_channels + 4.0 * outputs * (3 if views > 1 else 1)
        return cls(4.0 * ALIKE * config.levels[0] / area + seen, 4.0 * shares / area, seen)


class Windows:
    """Gives a network's logits for a `Source` of any size.

    Parameters
    ----------
    model
        In evaluation mode, placed as ``speed`` says; `napari_unet.unet.stream.streams` must hold.
    speed
        How to compute.
    views
        What to average over.
    disagreement
        Whether a channel more says how far the views disagree.
    """

    def __init__(
        self, model: UNet, speed: Speed, views: Sequence[View], disagreement: bool = False
    ) -> None:
        if speed.device == "cpu":  # rows then lie together in the memory
            speed = replace(speed, channels_last=True)
        self.model, self.speed = model, speed
        self.views, self.disagreement = views, disagreement
        self.step = total_stride(model.config)
        self.halo = tuple(
            -(-n // step) * step for n, step in zip(context(model.config), self.step, strict=True)
        )
        self._costs = Costs.of(model.config, len(views))
        self.budget = budget(speed.device)

    @property
    def in_memory(self) -> bool:
        """Whether a window is read as a whole, because it is looked at more than once."""
        return len(self.views) > 1

    def at_once(self, sides: Sequence[int]) -> int:
        """Return how many images of these sides fit into the memory at once; 0: not even one."""
        whole = self._costs.pixel + self._costs.kept
        return int(WHOLE * self.budget / (whole * math.prod(sides)))

    def answers(
        self,
        source: Source,
        tell: Callable[[str], None] = lambda _: None,
        within: Box | None = None,
    ) -> Iterator[tuple[Box, Tensor]]:
        """Yield boxes of the image, which do not overlap, with their logits ``(K, *box)``.

        Where memory runs out, what is left is done in smaller windows, and ``tell`` is told. Of the
        whole image only what lies ``within`` a box is asked for, if one is given.

        Raises
        ------
        RuntimeError, MemoryError
            If not even small windows fit.
        """
        limits = within or tuple(slice(0, n) for n in source.shape)
        waiting = deque(self._shared(self._around(limits, source)))
        with Abreast(self.lanes) as abreast:
            while waiting:
                windows = [_Window(core, self._window(source, core)) for core in self._few(waiting)]
                try:
                    for i, (box, logits) in abreast.steps([w.answers for w in windows]):
                        windows[i].row = box[0].stop
                        yield from _within(box, logits, limits)
                except (RuntimeError, MemoryError) as error:
                    if not out_of_memory(error) or self.budget < LEAST:
                        raise
                    self.budget //= 2
                # From here on the exception no longer holds what it failed with.
                left = [w.left for w in windows if w.row < w.core[0].stop]
                windows.clear()
                if left:
                    waiting.extendleft(left[::-1])
                    free(self.speed.device)
                    size = size_words(self.budget)
                    tell(f"The memory was not enough: going on in windows of {size}.")
                if waiting:
                    give_back()

    @property
    def lanes(self) -> int:
        """How many windows are computed at once."""
        return min(LANES, torch.get_num_threads()) if self.speed.device == "cpu" else 1

    def _shared(self, core: Box) -> list[Box]:
        """Return a box in as many parts as are computed at once, unless they were too small."""
        first = 0 if self.in_memory else 1
        axis = max(range(first, len(core)), key=lambda a: core[a].stop - core[a].start)
        side = _rounded(core[axis].stop - core[axis].start, self.lanes, self.step[axis])
        return _cut(core, axis, side) if side > WORTH * self.halo[axis] else [core]

    def _few(self, waiting: deque[Box]) -> list[Box]:
        """Take the next boxes that are computed at once, divided into what the memory holds."""
        found: list[Box] = []
        while waiting and len(found) < self.lanes:
            core = waiting.popleft()
            parts = self.divided(core)
            if len(parts) > 1:
                waiting.extendleft(parts[::-1])
            else:
                found.append(core)
        return found

    def _around(self, limits: Box, source: Source) -> Box:
        """Return the smallest box around another that the network divides without a rest."""
        cut = []
        for part, n, padded, step in zip(
            limits, source.shape, source.padded, self.step, strict=True
        ):
            stop = padded if part.stop == n else -(-part.stop // step) * step
            cut.append(slice(part.start // step * step, min(stop, padded)))
        return tuple(cut)

    def divided(self, core: Box) -> list[Box]:
        """Return a box divided into windows that fit into the memory, as few as can be.

        A window that is streamed from the image is as long as the box.
        """
        sides = [part.stop - part.start for part in core]
        counts = [1] * len(sides)
        pieces = sides[:]
        while self._bytes(pieces) * self.lanes > self.budget:
            able = [a for a in range(not self.in_memory, len(sides)) if pieces[a] > self.step[a]]
            if not able:
                break
            axis = max(able, key=lambda a: pieces[a])
            counts[axis] += 1
            pieces[axis] = _rounded(sides[axis], counts[axis], self.step[axis])
        boxes = [core]
        for axis, piece in enumerate(pieces):
            boxes = [part for box in boxes for part in _cut(box, axis, piece)]
        return boxes

    def _bytes(self, core: Sequence[int]) -> float:
        """Return what a window of these sides takes, with what is around it."""
        height, *others = (n + 2 * halo for n, halo in zip(core, self.halo, strict=True))
        area, waiting = math.prod(others), min(self._least_strip() + self.halo[0], height)
        rows = PIECE[len(self.step)] * self.model.config.strides[0]
        need = area * (rows * self._costs.pixel + waiting * self._costs.kept)
        return need + (area * height * self._costs.seen if self.in_memory else 0)

    def _least_strip(self) -> int:
        step = self.step[0]
        return max(STRIP // step, 1) * step if len(self.step) == 2 else step

    def _strip(self, seen: Box) -> int:
        """Return how many rows to take at once: on a GPU as many as fit."""
        rows = self._least_strip()
        if self.speed.device == "cpu":
            return rows
        area = math.prod(part.stop - part.start for part in seen[1:])
        return max(rows, int(self.budget / (area * self._costs.pixel)) // rows * rows)

    def _window(self, source: Source, core: Box) -> Iterator[tuple[Box, Tensor]]:
        """Yield the logits of a window, from the first row on."""
        around = zip(core, self.halo, source.padded, strict=True)
        seen = tuple(slice(max(c.start - h, 0), min(c.stop + h, n)) for c, h, n in around)
        rows = self._strip(seen)
        if self.in_memory:
            answers: Iterable[Tensor] = [self._consensus(source.read(seen), rows)]
            found = seen
        else:
            inner = [(s.start > 0, s.stop < n) for s, n in zip(seen, source.padded, strict=True)]
            edges = Edges(inner[1:], self.halo[-1])
            answers = self._stream(source.strips(seen, rows), rows, edges)
            found = tuple(
                slice(c.start if before else s.start, c.stop if after else s.stop)
                for c, s, (before, after) in zip(core, seen, inner, strict=True)
            )
        row = seen[0].start
        for logits in answers:
            box = (slice(row, row + logits.shape[1]), *found[1:])
            row = box[0].stop
            yield from _within(box, logits, core)

    def _consensus(self, image: Tensor, rows: int) -> Tensor:
        """Return the mean answer to the views of ``(C, *S)``."""
        found = Consensus(self.disagreement)
        for view in self.views:
            turned = view.of(image)
            parts = self._stream(torch.split(turned, rows, dim=1), rows)
            found.add(view.back(torch.cat(list(parts), dim=1))[None])
        return found.mean()[0]

    def _stream(
        self, strips: Iterable[Tensor], rows: int, edges: Edges = WITHOUT
    ) -> Iterator[Tensor]:
        """Yield the logits ``(K, …)`` of an image that comes in strips of so many rows."""
        most, wait = 0, 1
        if self.speed.device == "cpu":
            most, wait = PIECE[len(self.step)], rows // self.model.config.strides[0]
        stream = Stream(self.model, most, wait, edges)
        answers = stream(self.speed.place(strip[None]) for strip in strips)
        while (logits := self._next(answers)) is not None:
            yield logits[0].cpu()

    def _next(self, answers: Iterator[Tensor]) -> Tensor | None:
        checkpoint()
        with torch.inference_mode(), self.speed.autocast():
            return next(answers, None)


class _Window:
    """A window, its answers, and the first of its rows that is missing."""

    def __init__(self, core: Box, answers: Iterator[tuple[Box, Tensor]]) -> None:
        self.core, self.answers, self.row = core, answers, core[0].start

    @property
    def left(self) -> Box:
        """What is missing of it."""
        return (slice(self.row, self.core[0].stop), *self.core[1:])


def _cut(box: Box, axis: int, side: int) -> list[Box]:
    """Return parts of a box that are so long along an axis."""
    cuts = [*range(box[axis].start, box[axis].stop, side), box[axis].stop]
    return [(*box[:axis], slice(a, b), *box[axis + 1 :]) for a, b in pairwise(cuts)]


def _rounded(side: int, count: int, step: int) -> int:
    """Return the side of so many windows, a multiple of what it has to be."""
    n = -(-side // count)
    whole = math.lcm(step, WIDE) if n > WIDE else step
    return -(-n // whole) * whole


def _within(box: Box, logits: Tensor, limits: Box) -> Iterator[tuple[Box, Tensor]]:
    """Yield what of a box lies within limits, if anything does."""
    both = zip(box, limits, strict=True)
    cut = tuple(slice(max(b.start, m.start), min(b.stop, m.stop)) for b, m in both)
    if all(c.start < c.stop for c in cut):
        parts = zip(cut, box, strict=True)
        yield cut, logits[:, *(slice(c.start - b.start, c.stop - b.start) for c, b in parts)]
