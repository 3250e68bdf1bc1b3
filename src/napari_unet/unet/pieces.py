"""What was found in the parts of an image, and how parts become a whole."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_unet.labelling import LEVELS
from napari_unet.unet.model import probabilities
from napari_unet.unet.source import Box

BLOCK = {2: (512, 512), 3: (32, 128, 128)}  # pixels that are handed on, and stored, together


@dataclass(frozen=True)
class Piece:
    """What was found in a part of an image.

    Attributes
    ----------
    start
        Its first pixel along every axis of the image but the channels'.
    probabilities
        uint8 ``(K, …)`` as from `napari_unet.labelling.quantise`, with all these axes.
    uncertainty
        uint8, from 0 where all views agree to 255; without the first axis. None if not asked for.
    """

    start: tuple[int, ...]
    probabilities: NDArray[np.uint8]
    uncertainty: NDArray[np.uint8] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Its sides along the axes of ``start``."""
        return self.probabilities.shape[1:]

    @property
    def box(self) -> Box:
        """Its place in the image."""
        both = zip(self.start, self.shape, strict=True)
        return tuple(slice(first, first + n) for first, n in both)

    def before(self, other: Piece, axis: int) -> bool:
        """Say whether another piece goes on where this one ends along ``axis``."""
        mine, others = self.box, other.box
        beside = mine[:axis] + mine[axis + 1 :] == others[:axis] + others[axis + 1 :]
        return beside and mine[axis].stop == others[axis].start

    @classmethod
    def joined(cls, parts: Sequence[Piece], axis: int) -> Piece:
        """Return pieces that go on where the one before ends along ``axis`` as one."""
        if len(parts) == 1:
            return parts[0]
        found = np.concatenate([part.probabilities for part in parts], axis=axis + 1)
        unsure = [part.uncertainty for part in parts if part.uncertainty is not None]
        return cls(parts[0].start, found, np.concatenate(unsure, axis=axis) if unsure else None)

    def part(self, axis: int, first: int, last: int) -> Piece:
        """Return what lies from ``first`` to ``last`` along ``axis``, counted from its start."""
        here = (slice(None),) * axis + (slice(first, last),)
        start = tuple(s + first * (a == axis) for a, s in enumerate(self.start))
        unsure = None if self.uncertainty is None else self.uncertainty[here]
        return Piece(start, self.probabilities[:, *here], unsure)


# --- from logits ----------------------------------------------------------------------------------


def placed(index: tuple[int, ...], parts: Iterable[Tensor], disagreement: bool) -> Iterator[Piece]:
    """Yield the pieces of an image whose logits ``(K, …)`` come in parts along its first side.

    Parameters
    ----------
    index
        Which picture or volume of the image this is.
    parts
        The logits of each part.
    disagreement
        Whether the last channel says instead how far views disagree, 0 to 1.
    """
    row = 0
    for logits in parts:
        yield of_logits(index, (row, *(0,) * (logits.ndim - 2)), logits, disagreement)
        row += logits.shape[1]


def of_logits(
    index: tuple[int, ...], start: tuple[int, ...], logits: Tensor, disagreement: bool
) -> Piece:
    """Return what logits ``(K, …)`` say of a part of an image; see `placed`."""
    uncertainty = None
    if disagreement:
        logits, last = logits[:-1], logits[-1]
        uncertainty = _levels(last)[(None,) * len(index)]
    found = _levels(probabilities(logits[None])[0])
    return Piece((*index, *start), found[:, *(None,) * len(index)], uncertainty)


def _levels(shares: Tensor) -> NDArray[np.uint8]:
    """Return what `napari_unet.labelling.quantise` does, on all threads."""
    levels: NDArray[np.uint8] = (shares.clamp(0, 1) * LEVELS).round_().to(torch.uint8).numpy()
    return levels


# --- to a whole -----------------------------------------------------------------------------------


def joined(found: Iterable[Piece], axis: int, rows: int) -> Iterator[Piece]:
    """Join pieces that follow each other along ``axis``, up to multiples of so many rows.

    What is stored in chunks is then written once. Pieces of places that lie beside each other may
    come in turns.
    """
    waiting: dict[Any, list[Piece]] = {}
    for piece in found:
        place = tuple((s.start, s.stop) for i, s in enumerate(piece.box) if i != axis)
        parts = waiting.setdefault(place, [])
        if parts and not parts[-1].before(piece, axis):
            yield Piece.joined(parts, axis)
            parts.clear()
        first = parts[0].start[axis] if parts else piece.start[axis]
        parts.append(piece)
        cut = piece.box[axis].stop // rows * rows - first
        if cut > 0:
            whole = Piece.joined(parts, axis)
            yield whole.part(axis, 0, cut)
            left = whole.part(axis, cut, whole.shape[axis])
            waiting[place] = [left] if left.shape[axis] else []
    for parts in waiting.values():
        if parts:
            yield Piece.joined(parts, axis)


def wholes(
    found: Iterable[Piece], axes: str, shape: tuple[int, ...], dims: int
) -> Iterator[NDArray[np.uint8]]:
    """Yield the probabilities of every plane, or volume if there are three ``dims``."""
    spatial = shape[: len(axes.removesuffix("c"))]
    leading, own = len(spatial) - dims, spatial[-dims:]
    gathered: NDArray[np.uint8] | None = None
    missing = math.prod(own)
    for piece in found:
        part = piece.probabilities.reshape(-1, *piece.shape[leading:])
        if part.shape[1:] == own:
            yield part
            continue
        if gathered is None:
            gathered = np.empty((len(part), *own), np.uint8)
        gathered[:, *piece.box[leading:]] = part
        missing -= part[0].size
        if not missing:
            yield gathered
            gathered, missing = None, math.prod(own)


def assembled(parts: Sequence[NDArray[np.uint8]], spatial: Sequence[int]) -> NDArray[np.uint8]:
    """Return what `predict` yielded as ``(K, …)``, with the image's own ``spatial`` sides."""
    stacked = np.stack(parts, axis=1)
    return stacked.reshape(len(stacked), *spatial)
