"""Which part of an image the network is asked about, as which array, and how its answer goes back.

Pure geometry of arrays: ``widgets/portions.py`` reads a viewer's layers, sliders and camera and
makes a `Portion` of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Side = tuple[int, int]  # from where to where, the end left out


@dataclass(frozen=True, eq=False)
class Portion:
    """A box of an image, seen as planes (or volumes) that follow each other.

    Attributes
    ----------
    shape : tuple of int
        The image's sides, its channels left out.
    order : tuple of int
        The axes of ``shape`` as the network is given them: those that are gone through first, the
        planes' (or the volumes') last.
    box : tuple of Side
        What the network sees, for each axis of ``shape``.
    kept : tuple of Side
        What of its answer counts; inside ``box``.
    channel : int or None
        The axis of the image's array that holds its channels, if it has one.
    repeated : int
        Labels have an axis of so many equal planes where the image has its channels; 0: they have
        no such axis.
    apart : bool
        Whether planes are kept from a network that would look at their neighbours.
    mask : numpy.ndarray or None
        Boolean; as many axes as ``shape``, broadcast over ``kept``. Where it is false, labels stay
        as they are.
    """

    shape: tuple[int, ...]
    order: tuple[int, ...]
    box: tuple[Side, ...]
    kept: tuple[Side, ...]
    channel: int | None = None
    repeated: int = 0
    apart: bool = False
    mask: NDArray[np.bool_] | None = None

    @property
    def whole(self) -> bool:
        """Whether all of the image's pixels get new labels."""
        return self.mask is None and self.kept == _all(self.shape)

    @property
    def plain(self) -> bool:
        """Whether the network is given the image's array just as it is, channels last."""
        last = self.channel is None or self.channel == len(self.shape)
        natural = self.order == tuple(range(len(self.shape)))
        return last and natural and self.box == _all(self.shape) and not self.apart

    @property
    def pixels(self) -> int:
        """How many pixels the network sees."""
        return math.prod(b - a for a, b in self.box)

    @property
    def region(self) -> tuple[slice, ...]:
        """What is kept, as an index of an array of ``shape``."""
        return tuple(slice(*side) for side in self.kept)

    def take(self, array: Any) -> Any:
        """Return what the network is given, channels last: numpy of numpy, dask of dask."""
        index: list[Any] = [slice(*side) for side in self.box]
        order = list(self.order)
        if self.channel is not None:
            index.insert(self.channel, slice(None))
            order = [axis + (axis >= self.channel) for axis in order] + [self.channel]
        taken = array[tuple(index)].transpose(order)
        return taken[(*self._leading, None)] if self.apart else taken

    @property
    def _leading(self) -> tuple[Any, ...]:
        """The axes before the planes, each whole: what comes next stands before rows."""
        return (slice(None),) * (len(self.shape) - 2)

    def back(self, answer: Any) -> Any:
        """Return an answer ``(K, *order)`` to what was taken as ``(K, *kept)``.

        Lazy where the answer is, else contiguous.
        """
        found = self.piece((0,) * (answer.ndim - 1), answer)
        assert found is not None, "what is kept lies in the box"
        return np.ascontiguousarray(found[1]) if isinstance(answer, np.ndarray) else found[1]

    def piece(self, start: Sequence[int], answer: Any) -> tuple[tuple[Side, ...], Any] | None:
        """Return where a piece of an answer lies, and it, in the image's own order of axes.

        Parameters
        ----------
        start : sequence of int
            Its first pixel along the axes of what was taken.
        answer : numpy.ndarray
            ``(K, ...)``, as many axes as what was taken has without channels.

        Returns
        -------
        tuple or None
            From where to where it lies in ``shape``, and ``(K, ...)``; None if nothing is kept.
        """
        begin = list(start)
        if self.apart:
            leading = len(self.shape) - 2
            answer = answer[(slice(None), *self._leading, 0)]
            del begin[leading]
        inverse = np.argsort(self.order).tolist()
        answer = answer.transpose(0, *(axis + 1 for axis in inverse))
        where, inside = [], []
        sides = zip(inverse, self.box, self.kept, answer.shape[1:], strict=True)
        for axis, (first, _), (low, high), n in sides:
            at = first + begin[axis]
            side = max(at, low), min(at + n, high)
            if side[0] >= side[1]:
                return None
            where.append(side)
            inside.append(slice(side[0] - at, side[1] - at))
        return tuple(where), answer[(slice(None), *inside)]

    # --- labels -------------------------------------------------------------------------------

    @property
    def canvas(self) -> tuple[int, ...]:
        """The sides of the labels of the whole image."""
        shape = list(self.shape)
        if self.repeated and self.channel is not None:
            shape.insert(self.channel, self.repeated)
        return tuple(shape)

    def on_canvas(self, where: Sequence[Side]) -> tuple[slice, ...]:
        """Return a box of ``shape`` as an index of the labels."""
        index = [slice(*side) for side in where]
        if self.repeated and self.channel is not None:
            index.insert(self.channel, slice(None))
        return tuple(index)

    def spread(self, labels: Any) -> Any:
        """Return labels of a box of ``shape`` with the axis that the channels' labels have."""
        if not self.repeated or self.channel is None:
            return labels
        index: list[Any] = [slice(None)] * len(self.shape)
        index.insert(self.channel, None)
        return labels[tuple(index)]

    def gathered(self, canvas: Any) -> Any:
        """Return from the whole image's labels those of what is kept, as they were given."""
        index: list[Any] = list(self.on_canvas(self.kept))
        if self.repeated and self.channel is not None:
            index[self.channel] = 0
        return canvas[tuple(index)]

    def seen(self, array: Any) -> Any:
        """Return the pixels of what is kept in the image's own order, channels last."""
        index: list[Any] = list(self.region)
        if self.channel is None:
            return array[tuple(index)]
        index.insert(self.channel, slice(None))
        order = [axis for axis in range(len(index)) if axis != self.channel]
        return array[tuple(index)].transpose(*order, self.channel)

    def masked(self, where: Sequence[Side]) -> NDArray[np.bool_] | None:
        """Return the part of the mask that lies over a box of ``shape``, as `spread` gives it."""
        if self.mask is None:
            return None
        index = tuple(
            slice(None) if n == 1 else slice(a - low, b - low)
            for (a, b), (low, _), n in zip(where, self.kept, self.mask.shape, strict=True)
        )
        part: NDArray[np.bool_] = self.spread(self.mask[index])
        return part


def portion(
    shape: Sequence[int],
    planes: Sequence[int],
    kept: Mapping[int, Side],
    size: Sequence[int] = (),
    neighbours: int = 0,
    **more: Any,
) -> Portion:
    """Return the portion whose ``kept`` sides are given by axis; other axes are whole.

    Parameters
    ----------
    shape : sequence of int
        The image's sides without channels.
    planes : sequence of int
        The axes of the pictures, or volumes, that the network is shown.
    kept : mapping
        From where to where, by axis.
    size : sequence of int
        Of a network that looks at patches: their sides. Half a patch around what is kept is
        computed as well, so that it is seen in its surroundings. A network that looks at whole
        pictures (empty) is always shown whole ones: it knows its objects by their size in them.
    neighbours : int
        How many planes beside it the network looks at.
    more
        Further fields of `Portion`.
    """
    ndim = len(shape)
    rest = [axis for axis in range(ndim) if axis not in planes]
    sides = tuple(_within(kept.get(axis, (0, n)), n) for axis, n in enumerate(shape))
    box = list(sides)
    for axis, side in zip(planes, size or (0,) * len(planes), strict=True):
        box[axis] = _wider(sides[axis], side // 2, shape[axis]) if size else (0, shape[axis])
    if neighbours and rest and not more.get("apart"):
        box[rest[-1]] = _wider(sides[rest[-1]], neighbours, shape[rest[-1]])
    return Portion(tuple(shape), (*rest, *planes), tuple(box), sides, **more)


def all_of(shape: Sequence[int]) -> Portion:
    """Return the portion that is all of an image without channels."""
    return Portion(tuple(shape), tuple(range(len(shape))), _all(shape), _all(shape))


def _all(shape: Sequence[int]) -> tuple[Side, ...]:
    return tuple((0, n) for n in shape)


def _within(side: Side, n: int) -> Side:
    low = min(max(side[0], 0), n - 1)
    return low, min(max(side[1], low + 1), n)


def _wider(side: Side, margin: int, n: int) -> Side:
    return max(side[0] - margin, 0), min(side[1] + margin, n)
