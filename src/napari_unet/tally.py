"""Counts that follow a brush: after a change only the changed part is counted again.

A `Tally` keeps one code for each pixel, which says what prediction and reference are there. The
numbers of pixels with each code are all that scores need; a changed box takes its old codes out of
them and puts its new ones in. What was changed need therefore not be told exactly: a box that is
too large costs time, and one that nobody told of is found by going over everything, but the
numbers are always those of the codes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.errors import DataError
from napari_unet.metrics import Counts

Box = tuple[slice, ...]

# What is wrong or right at a pixel.
BACKGROUND, RIGHT, ADDED, MISSED, CONFUSED = range(5)

PART = 1 << 20  # pixels that are counted at once
# Looking for each code is quicker than `numpy.bincount` where there are few codes and many pixels.
FEW, MANY = 8, 20_000


class Tally:
    """Counts agreement of two label images that change.

    Parameters
    ----------
    prediction, reference
        Bool or integer arrays of one shape, which are looked at and never copied. With
        ``classes == 1`` everything that is not 0 is foreground; else values are 0 (background) to
        ``classes``.
    classes
        Number of foreground classes.
    ignore
        The reference's value of pixels that are not counted, if there is one.
    count
        Whether to count at once. Else both images are taken to be empty until `update` was
        given every box of `parts`.

    Raises
    ------
    DataError
        If the shapes differ.
    """

    def __init__(
        self,
        prediction: NDArray[Any],
        reference: NDArray[Any],
        classes: int = 1,
        ignore: int | None = None,
        count: bool = True,
    ) -> None:
        if prediction.shape != reference.shape:
            sizes = ("×".join(map(str, a.shape)) for a in (prediction, reference))
            raise DataError("The prediction is {} but the reference is {} pixels.".format(*sizes))
        self.prediction, self.reference = prediction, reference
        self.classes, self.ignore = classes, ignore
        self.version = 0  # another one after every change
        # Of several classes a label may be none of them; the last code of the reference is ignored.
        self._states = classes + 1 + (classes > 1)
        self._codes = np.zeros_like(prediction, dtype=_code_type(classes))
        self._numbers = np.zeros((self._states + 1) * self._states, np.int64)
        self._numbers[0] = prediction.size
        self._looked_at: tuple[int | None, ...] = (None,) * prediction.ndim
        self._in_sight = self._numbers.copy()
        self._outcomes = _outcomes(self._states)
        if count:
            for part in self.parts():
                self.update(part)

    @staticmethod
    def memory(shape: Sequence[int], classes: int = 1) -> int:
        """Return how many bytes a tally of images of a shape takes."""
        return math.prod(shape) * _code_type(classes).itemsize

    def parts(self) -> Iterator[Box]:
        """Yield boxes that together are the whole, each quickly counted."""
        return _parts(tuple(slice(0, n) for n in self._codes.shape))

    def update(self, box: Box) -> tuple[Box, ...]:
        """Count a box anew, and return what of it has changed: boxes, none if nothing has."""
        sides = zip(box, self._codes.shape, strict=True)
        clipped = tuple(slice(max(0, s.start), min(n, s.stop)) for s, n in sides)
        changed = tuple(part for part in _parts(clipped) if self._update(part))
        self.version += bool(changed)
        return changed

    @property
    def counts(self) -> Counts:
        """What `metrics.count` returns of the whole.

        Raises
        ------
        DataError
            If there are labels that are no class.
        """
        return self._counts(self._numbers)

    def look(self, index: tuple[int | None, ...]) -> None:
        """Count one slice apart: an index for each axis across it, None for those along it."""
        if index != self._looked_at:
            self._looked_at = index
            self._in_sight = self._histogram(self._codes[_slice(index)])

    @property
    def in_sight(self) -> Counts:
        """The counts of the slice that is looked at; see `counts`."""
        return self._counts(self._in_sight)

    def outcomes(self, box: Box) -> NDArray[np.uint8]:
        """Return for each pixel of a box what is right or wrong there."""
        codes: NDArray[Any] = self._codes[box]
        if codes.dtype != np.uint8:
            outcomes: NDArray[np.uint8] = self._outcomes[codes]
            return outcomes
        # Indexing makes eight bytes of each code first; this takes a quarter of its time.
        table = self._outcomes.tobytes().ljust(256, b"\0")
        translated = bytearray(np.ascontiguousarray(codes).data).translate(table)
        return np.frombuffer(translated, np.uint8).reshape(codes.shape)

    # --- inside -------------------------------------------------------------------------------

    def _update(self, part: Box) -> bool:
        new, old = self._encode(part), self._codes[part]
        if np.array_equal(new, old):
            return False
        self._numbers += self._histogram(new) - self._histogram(old)
        if (seen := _seen(self._looked_at, part)) is not None:
            self._in_sight += self._histogram(new[seen]) - self._histogram(old[seen])
        old[...] = new
        return True

    def _encode(self, part: Box) -> NDArray[Any]:
        reference = self.reference[part]
        codes = self._state(reference)
        if self.ignore is not None:
            codes[reference == self.ignore] = self._states
        both: NDArray[Any] = codes * self._states + self._state(self.prediction[part])
        return both

    def _state(self, labels: NDArray[Any]) -> NDArray[Any]:
        """Return the class of each pixel, and one more for what is no class."""
        kind, none = self._codes.dtype, self.classes + 1
        states: NDArray[Any] = labels != 0
        if self.classes > 1 and labels.dtype.kind == "i":
            states = np.where((labels < 0) | (labels > none), none, labels)
        elif self.classes > 1:
            states = np.minimum(labels, none, dtype=np.result_type(labels, np.uint8))
        return states.astype(kind)

    def _histogram(self, codes: NDArray[Any]) -> NDArray[np.int64]:
        n = len(self._numbers)
        if n > FEW or codes.size < MANY:
            counted: NDArray[np.int64] = np.bincount(codes.ravel(order="K"), minlength=n)
            return counted
        numbers = np.array([np.count_nonzero(codes == code) for code in range(1, n)], np.int64)
        return np.concatenate(([codes.size - numbers.sum()], numbers))

    def _counts(self, numbers: NDArray[np.int64]) -> Counts:
        matrix = numbers.reshape(self._states + 1, self._states)[:-1]
        n = self.classes + 1
        for name, strange in (("prediction", matrix[:, n:]), ("reference", matrix[n:])):
            if strange.any():
                raise DataError(
                    f"The {name} holds labels that are no class: there are only {self.classes}."
                )
        matrix = matrix[:n, :n]
        tp = matrix.diagonal()[1:]
        fp = matrix.sum(axis=0)[1:] - tp
        fn = matrix.sum(axis=1)[1:] - tp
        total = int(matrix.sum())
        return Counts(tp.copy(), fp, fn, total - tp - fp - fn, int(matrix.trace()), total)


def _code_type(classes: int) -> np.dtype[Any]:
    states = classes + 1 + (classes > 1)
    return np.min_scalar_type((states + 1) * states - 1)


def _outcomes(states: int) -> NDArray[np.uint8]:
    """Return what is right or wrong by code."""
    reference, prediction = np.divmod(np.arange((states + 1) * states), states)
    both = np.where(reference == prediction, RIGHT, CONFUSED)
    one = np.where(prediction > 0, ADDED, np.where(reference > 0, MISSED, BACKGROUND))
    outcome = np.where((reference > 0) & (prediction > 0), both, one)
    outcome[reference == states] = BACKGROUND
    return outcome.astype(np.uint8)


def _parts(box: Box) -> Iterator[Box]:
    """Yield a box in pieces of at most `PART` pixels."""
    sides = [s.stop - s.start for s in box]
    if min(sides, default=1) <= 0:
        return
    if math.prod(sides) <= PART:
        yield box
        return
    axis = next(i for i, n in enumerate(sides) if n > 1)
    middle = box[axis].start + sides[axis] // 2
    for side in (slice(box[axis].start, middle), slice(middle, box[axis].stop)):
        yield from _parts((*box[:axis], side, *box[axis + 1 :]))


def _slice(index: tuple[int | None, ...]) -> tuple[int | slice, ...]:
    return tuple(slice(None) if i is None else i for i in index)


def _seen(index: tuple[int | None, ...], part: Box) -> tuple[int | slice, ...] | None:
    """Return which pixels of a part lie in a slice, None if none do."""
    if not all(i is None or s.start <= i < s.stop for i, s in zip(index, part, strict=True)):
        return None
    return _slice(
        tuple(None if i is None else i - s.start for i, s in zip(index, part, strict=True))
    )
