"""The pixels of an image larger than the memory, as a network sees them, piece by piece."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_unet.config import PreprocessConfig
from napari_unet.data.formats import fit_channels
from napari_unet.unet.aside import checkpoint
from napari_unet.unet.intensity import Scale
from napari_unet.unet.preprocess import beside

PIECE = 2**22  # pixels that are read at once
Box = tuple[slice, ...]

P = TypeVar("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Stored:
    """A picture or a volume within an array of any kind that can be sliced: NumPy, dask, Zarr.

    ``index`` says which of the array's ``leading`` ones it is; ``axes`` are its own, and
    ``channels`` how many it is to have.
    """

    image: Any
    index: tuple[int, ...]
    axes: str
    channels: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The sides, without channels."""
        first = len(self.index)
        return tuple(self.image.shape[first : first + len(self.axes.removesuffix("c"))])

    def read(self, box: Box) -> NDArray[Any]:
        """Return the values in ``box``, with as many channels as there are to be."""
        piece = np.asarray(self.image[(*self.index, *box)])
        # Opacity is no colour, unless the network was trained with it.
        if self.axes.endswith("c") and piece.shape[-1] == 4 and self.channels != 4:
            piece = piece[..., :3]
        return fit_channels(piece, self.channels, "The image", self.axes)

    def rows(self, most: int) -> int:
        """Return how many rows to read at once: whole chunks, if they are not too large."""
        chunks = getattr(self.image, "chunksize", None) or getattr(self.image, "chunks", None)
        if chunks is None:
            return max(most, 1)
        chunk = int(chunks[len(self.index)])
        return max(most // chunk * chunk, most if chunk <= 2 * most else 1, 1)

    def strips(self) -> Iterator[NDArray[Any]]:
        """Yield all of it, a few rows at a time."""
        height, *others = self.shape
        step = self.rows(PIECE // max(math.prod(others) * self.channels, 1))
        for start in range(0, height, step):
            checkpoint()
            yield self.read((slice(start, min(start + step, height)), *map(slice, others)))


@dataclass(frozen=True)
class Source:
    """What a network is shown of a stored image that is not scaled, at any place.

    Beyond its last pixels the image goes on as far as ``padded``: mirrored; along sides that are
    shorter than the windows of the training, with 0, as there.

    Parameters
    ----------
    stored
        A picture or volume.
    scale
        Of its intensities.
    config
        What the network was trained with.
    step
        What the network divides by along every axis: ``padded`` is a multiple.
    plane
        Which plane of a volume this is; None for a picture, or a volume as a whole.
    """

    stored: Stored
    scale: Scale
    config: PreprocessConfig
    step: tuple[int, ...]
    plane: int | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The sides of the image."""
        return self.stored.shape[-len(self.step) :]

    @cached_property
    def padded(self) -> tuple[int, ...]:
        """The sides of what is shown, multiples of ``step``."""
        least = zip(self.shape, self.config.size, self.step, strict=True)
        return tuple(-(-max(n, size) // step) * step for n, size, step in least)

    @cached_property
    def _places(self) -> list[NDArray[np.int64]]:
        """Of which pixel of the image every pixel shown is taken; -1 for a 0."""
        found = []
        for n, size, padded in zip(self.shape, self.config.size, self.padded, strict=True):
            i = np.arange(padded)
            away = i % max(2 * (n - 1), 1)
            mirrored = np.where(away < n, away, 2 * (n - 1) - away)
            found.append(mirrored if n >= size else np.where(i < n, i, -1))
        return found

    def read(self, box: Box) -> Tensor:
        """Return ``(C, *box)``, a box of what is shown."""
        places = [where[part] for where, part in zip(self._places, box, strict=True)]
        if any(not (place >= 0).any() for place in places):
            sides = tuple(map(len, places))
            return torch.zeros(self.stored.channels * len(self._planes), *sides)
        seen = torch.cat([self._read(places, plane) for plane in self._planes])
        for axis, place in enumerate(places, start=1):
            if (place < 0).any():
                seen[(slice(None),) * axis + (torch.from_numpy(place < 0),)] = 0.0
        return seen

    @property
    def _planes(self) -> list[tuple[int, ...]]:
        if self.plane is None:  # a picture, or a volume: its own neighbour wherever there are some
            return [()] * (1 + 2 * self.config.neighbours)
        whole = range(self.stored.shape[0])
        return [(i,) for i in beside(self.plane, whole, self.config.neighbours)]

    def _read(self, places: list[NDArray[np.int64]], plane: tuple[int, ...]) -> Tensor:
        """Return ``(C, …)`` where all of a box lies within the image; elsewhere anything."""
        box = tuple(slice(int(p[p >= 0].min()), int(p.max()) + 1) for p in places)
        stored = self.stored
        if plane:
            stored = replace(stored, index=(*stored.index, *plane), axes=stored.axes[1:])
        seen = self.scale.of_values(stored.read(box), len(box))
        for axis, (place, part) in enumerate(zip(places, box, strict=True), start=1):
            if len(place) != seen.shape[axis] or place[-1] + 1 != part.stop:
                taken = torch.from_numpy(np.maximum(place - part.start, 0))
                seen = seen.index_select(axis, taken)
        return seen

    def strips(self, box: Box, rows: int) -> Iterator[Tensor]:
        """Yield ``(C, rows or fewer, …)`` of a box from its first row on, reading ahead."""
        area = math.prod(part.stop - part.start for part in box[1:])
        step = self.stored.rows(max(PIECE // area, 1)) if self.plane is None else PIECE // area
        step = max(step, 1)
        first, last = box[0].start, box[0].stop
        cuts = [first, *range((first // step + 1) * step, last, step), last]
        pieces = [(slice(a, b), *box[1:]) for a, b in pairwise(cuts)]
        for piece in ahead(self.read, pieces):
            yield from torch.split(piece, rows, dim=1)


def ahead(read: Callable[[P], T], places: Iterable[P]) -> Iterator[T]:
    """Map in order, the next one in a thread while the consumer works on the last."""
    waiting = iter(places)
    for first in waiting:
        found = read(first)  # here: nobody could work meanwhile
        with ThreadPoolExecutor(1, "ahead") as pool:
            for place in waiting:
                following = pool.submit(read, place)
                yield found
                found = following.result()
        yield found


def sources(
    image: Any,
    own: str,
    leading: Sequence[int],
    channels: int,
    config: PreprocessConfig,
    step: tuple[int, ...],
) -> Iterator[tuple[tuple[int, ...], Source]]:
    """Yield every picture or volume of an array with its index along the axes before its own.

    Parameters
    ----------
    own
        The axes that are seen, or at least normalised, together.
    leading
        The sides before them.
    """
    for index in np.ndindex(*leading):
        stored = Stored(image, index, own, channels)
        scale = Scale.measure(stored.strips, stored.shape, channels, config)
        if len(stored.shape) == len(step):
            yield index, Source(stored, scale, config, step)
            continue
        for plane in range(stored.shape[0]):
            yield (*index, plane), Source(stored, scale, config, step, plane)
