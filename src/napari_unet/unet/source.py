"""The pixels of an image larger than the memory, as a network sees them, piece by piece."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
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
from napari_unet.pools import threads
from napari_unet.unet.aside import checkpoint
from napari_unet.unet.intensity import Scale
from napari_unet.unet.preprocess import beside

PIECE = 2**20  # values of which the intensities are looked at together
BUFFER = 2**26  # bytes of chunks that are kept so as not to be read twice
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
    chunks: Chunks | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The sides, without channels."""
        first = len(self.index)
        return tuple(self.image.shape[first : first + len(self.axes.removesuffix("c"))])

    def read(self, box: Box) -> NDArray[Any]:
        """Return the values in ``box``, with as many channels as there are to be."""
        piece = np.asarray(
            self.image[(*self.index, *box)]
            if self.chunks is None
            else self.chunks.read(self.image, self.index, box)
        )
        # Opacity is no colour, unless the network was trained with it.
        if self.axes.endswith("c") and piece.shape[-1] == 4 and self.channels != 4:
            piece = piece[..., :3]
        return fit_channels(piece, self.channels, "The image", self.axes)

    def in_order(self) -> Stored:
        """Return the same for reading from the first row to the last, no chunk of it twice."""
        sides = getattr(self.image, "chunksize", None) or getattr(self.image, "chunks", None)
        return self if sides is None else replace(self, chunks=Chunks(sides[len(self.index)]))

    def strips(self) -> Iterator[NDArray[Any]]:
        """Yield all of it, a few rows at a time."""
        height, *others = self.shape
        step = max(PIECE // (math.prod(others) * self.channels), 1)
        near = self.in_order()
        for start in range(0, height, step):
            checkpoint()
            yield near.read((slice(start, min(start + step, height)), *map(slice, others)))


class Chunks:
    """The rows of chunks that were read last, of which the next rows may be a part.

    An array in chunks unpacks all of a chunk for any row of it.
    """

    def __init__(self, height: int) -> None:
        self.height = int(height)
        self._place: tuple[Any, ...] = ()
        self._first = self._last = 0
        self._rows: NDArray[Any] | None = None

    def read(self, image: Any, index: tuple[int, ...], box: Box) -> NDArray[Any]:
        """Return ``image[index][box]``."""
        rows, place = box[0], (index, box[1:])
        known = place == self._place and self._first <= rows.start and rows.stop <= self._last
        if self._rows is None or not known:
            self._rows = None  # before the next ones are there
            self._first, self._last = self._whole(image, len(index), box)
            self._rows = np.asarray(image[(*index, slice(self._first, self._last), *box[1:])])
            self._place = place
        return self._rows[rows.start - self._first : rows.stop - self._first]

    def _whole(self, image: Any, axis: int, box: Box) -> tuple[int, int]:
        """Return the rows to read: of all chunks that the box touches, if that is not too much."""
        n, rows = image.shape[axis], box[0]
        first = rows.start // self.height * self.height
        last = min(-(-rows.stop // self.height) * self.height, n)
        sides = [
            len(range(*s.indices(m)))
            for s, m in zip(box[1:], image.shape[axis + 1 :], strict=False)
        ]
        size = (last - first) * math.prod(sides) * image.dtype.itemsize
        return (first, last) if size <= BUFFER else (rows.start, rows.stop)


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
        near = self if self.plane is not None else replace(self, stored=self.stored.in_order())
        cuts = [*range(box[0].start, box[0].stop, rows), box[0].stop]
        yield from ahead(near.read, [(slice(a, b), *box[1:]) for a, b in pairwise(cuts)])


def ahead(read: Callable[[P], T], places: Iterable[P]) -> Iterator[T]:
    """Map in order, the next one in a thread while the consumer works on the last."""
    waiting = iter(places)
    for first in waiting:
        found = read(first)  # here: nobody could work meanwhile
        with threads(1, "ahead") as pool:
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
