"""From an image of any axes to probabilities, through any function that gives logits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_unet.config import PreprocessConfig
from napari_unet.labelling import LEVELS
from napari_unet.unet.intensity import Scale
from napari_unet.unet.model import probabilities
from napari_unet.unet.preprocess import Fit, beside, prepare_all, together
from napari_unet.unet.source import Box, Source, Stored, ahead, sources
from napari_unet.unet.tiles import tiled
from napari_unet.unet.windows import Windows

# Maps prepared images (N, C, *S) to float32 logits (N, K, *S) on the CPU.
Run = Callable[[Tensor], Tensor]
Tell = Callable[[str], None]
Scales = dict[tuple[int, ...], Scale]  # of the pictures or volumes of an image, by their index

PIXELS = 8 * 512 * 512  # of a batch on a CPU: more at a time is not faster, and takes memory
PIXELS_GPU = 4 * PIXELS
BLOCK = {2: (512, 512), 3: (32, 128, 128)}  # pixels that are handed on, and stored, together


def batch_size(config: PreprocessConfig, device: str) -> int:
    """Return how many images of the working size to run at once: 8 on a CPU, 32 elsewhere.

    Fewer, where they are larger than 512×512 pixels.
    """
    most, pixels = (8, PIXELS) if device == "cpu" else (32, PIXELS_GPU)
    return max(min(most, pixels // math.prod(config.size)), 1)


def parts(axes: str, shape: tuple[int, ...], config: PreprocessConfig) -> int:
    """Return how many results `predict` yields for an image of ``shape``."""
    return math.prod(shape[: len(axes.removesuffix("c")) - len(config.size)])


@dataclass(frozen=True)
class Network:
    """A network, and how it is asked.

    Attributes
    ----------
    run
        Gives logits for prepared images.
    channels
        How many an image is to have (see `napari_unet.data.formats.fit_channels`).
    config
        What it was trained with.
    batch
        How many images ``run`` is given at once.
    windows
        Gives logits for images of any size, for networks that can do that in patches.
    whole
        Says whether an image of so many pixels a side is shown as it is, though ``config`` asks for
        patches.
    disagreement
        Whether the last channel of the logits says instead how far views disagree, 0 to 1.
    """

    run: Run
    channels: int
    config: PreprocessConfig
    batch: int
    windows: Windows | None = None
    whole: Callable[[Sequence[int]], bool] = lambda _: False
    disagreement: bool = False


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


def predict(
    image: Any, axes: str, channels: int, config: PreprocessConfig, run: Run, batch: int
) -> Iterator[NDArray[np.uint8]]:
    """Yield the probabilities of every plane of an image, or with a 3D network of every volume.

    Parameters
    ----------
    image
        See `pieces`.
    axes
        As in `napari_unet.data.scan.Scan`.
    channels, config, run, batch
        See `Network`.

    Yields
    ------
    numpy.ndarray
        uint8 ``(K, H, W)`` or ``(K, Z, H, W)``, in the order of the leading axes, at the image's
        own resolution.

    Raises
    ------
    DataError
        As for `pieces`.
    """
    network = Network(run, channels, config, batch)
    yield from wholes(pieces(image, axes, network), axes, image.shape, len(config.size))


def pieces(image: Any, axes: str, network: Network, tell: Tell = lambda _: None) -> Iterator[Piece]:
    """Yield what a network finds in an image, piece by piece, at the image's own resolution.

    Pieces do not overlap, and come plane by plane, or with a 3D network volume by volume.

    Parameters
    ----------
    image
        An array of NumPy, dask or Zarr, one dimension per letter of ``axes``. The latter are read
        as far as needed, and ahead.
    axes
        As in `napari_unet.data.scan.Scan`.
    network
        The network.
    tell
        Is told in a sentence where less memory has to do.

    Raises
    ------
    DataError
        If the network needs a volume and the image is none, or its channels cannot be made fit.
    """
    config = network.config
    first = leading_axes(axes, config)
    own, leading = axes[first:], image.shape[:first]
    if config.mode == "whole":
        yield from _scaled(image, own, leading, network)
    elif network.windows is None:
        ones = (1,) * len(config.size)
        for index, source in sources(image, own, leading, network.channels, config, ones):
            if network.whole(source.shape):
                answers: Iterable[Tensor] = network.run(source.read(_all(source))[None])
            else:
                answers = tiled(source, config.size, network.run, network.batch)
            yield from _placed(index, answers, network)
    else:
        found = sources(image, own, leading, network.channels, config, network.windows.step)
        yield from _exact(found, network, network.windows, tell)


def leading_axes(axes: str, config: PreprocessConfig) -> int:
    """Return how many axes come before those of one picture or volume, which is seen by itself.

    Raises
    ------
    DataError
        As for `pieces`.
    """
    spatial = axes.removesuffix("c")
    # Times are no slices, even where a single slice was taken at each.
    count = len(spatial) if spatial.endswith("zyx") else 2
    return len(spatial) - together(count, config, "The image")


def region(
    image: Any, axes: str, network: Network, box: Box, scales: Scales, tell: Tell = lambda _: None
) -> Iterator[Piece]:
    """Yield what `pieces` does within a box of an image, so that others may do the rest.

    Along the axes of one picture or volume the box may begin and end anywhere if the network has
    ``windows``; if not, and for several slices that are seen together, it must hold all of it.

    Parameters
    ----------
    image, axes, network, tell
        See `pieces`.
    box
        A slice for each axis but the channels.
    scales
        Of pictures or volumes of this image, by index: what is missing is measured, and added.
    """
    config, first = network.config, leading_axes(axes, network.config)
    windows = network.windows
    if windows is None or len(box) - first != len(config.size):
        begin = tuple(part.start for part in box[:first])
        for piece in pieces(image[box[:first]], axes, network, tell):
            start = (a + b for a, b in zip(piece.start, (*begin, *(0,) * len(box)), strict=False))
            yield replace(piece, start=tuple(start))
        return
    for index in product(*(range(part.start, part.stop) for part in box[:first])):
        stored = Stored(image, index, axes[first:], network.channels)
        if index not in scales:
            scales[index] = Scale.measure(stored.strips, stored.shape, network.channels, config)
        source = Source(stored, scales[index], config, windows.step)
        for place, logits in windows.answers(source, tell, box[first:]):
            yield _piece(index, tuple(part.start for part in place), logits, network)


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


def _all(source: Source) -> Box:
    return tuple(map(slice, source.shape))


# --- scaled to the working size -----------------------------------------------------------------

Prepared = tuple[tuple[int, ...], Tensor, Fit]  # index, what the network is shown, how it lies


def _scaled(image: Any, own: str, leading: tuple[int, ...], network: Network) -> Iterator[Piece]:
    """Yield pieces of images that are shown to the network as a whole."""

    def read(index: tuple[int, ...]) -> list[Prepared]:
        return list(_prepared(Stored(image, index, own, network.channels), network.config))

    prepared = (one for several in ahead(read, np.ndindex(*leading)) for one in several)
    while group := list(islice(prepared, network.batch)):
        answers = network.run(torch.stack([x for _, x, _ in group]))
        for logits, (index, _, fit) in zip(answers, group, strict=True):
            yield from _placed(index, _undone(logits, fit, network.disagreement), network)


def _prepared(stored: Stored, config: PreprocessConfig) -> Iterator[Prepared]:
    """Yield what the network is shown of a picture or a volume."""
    made = prepare_all(stored.read(tuple(map(slice, stored.shape))), config, len(stored.shape))
    planes = len(stored.shape) > len(config.size)
    for i, (x, fit) in enumerate(made):
        if config.neighbours:
            near = beside(i, range(len(made)), config.neighbours)
            x = torch.cat([made[j][0] for j in near])
        yield (*stored.index, i) if planes else stored.index, x, fit


def _undone(logits: Tensor, fit: Fit, disagreement: bool) -> Iterator[Tensor]:
    """Yield logits at the image's own size, in parts along its first side."""
    if not disagreement:
        yield from fit.undo_in_parts(logits)
        return
    both = (fit.undo_in_parts(part) for part in (logits[:-1], logits[-1:]))
    yield from map(torch.cat, zip(*both, strict=True))


# --- at their own resolution --------------------------------------------------------------------


def _exact(
    found: Iterable[tuple[tuple[int, ...], Source]], network: Network, windows: Windows, tell: Tell
) -> Iterator[Piece]:
    """Yield pieces of images that may be shown to the network in windows of any size.

    Those that are small enough are shown as a whole, several at once.
    """
    waiting = iter(found)
    for index, source in waiting:
        most = min(windows.at_once(source.padded), network.batch)
        if not most:
            answers = windows.answers(source, tell)
            parts = (_piece(index, tuple(s.start for s in b), x, network) for b, x in answers)
            yield from joined(parts, len(index), BLOCK[len(source.shape)][0])
            continue
        group = [(index, source), *islice(waiting, most - 1)]
        shown = torch.stack([one.read(tuple(map(slice, one.padded))) for _, one in group])
        for logits, (place, one) in zip(network.run(shown), group, strict=True):
            yield from _placed(place, [logits[:, *map(slice, one.shape)]], network)


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


def _placed(index: tuple[int, ...], parts: Iterable[Tensor], network: Network) -> Iterator[Piece]:
    """Yield the pieces of an image whose logits ``(K, …)`` come in parts along its first side."""
    row = 0
    for logits in parts:
        yield _piece(index, (row, *(0,) * (logits.ndim - 2)), logits, network)
        row += logits.shape[1]


def _piece(
    index: tuple[int, ...], start: tuple[int, ...], logits: Tensor, network: Network
) -> Piece:
    uncertainty = None
    if network.disagreement:
        logits, last = logits[:-1], logits[-1]
        uncertainty = _levels(last)[(None,) * len(index)]
    found = _levels(probabilities(logits[None])[0])
    return Piece((*index, *start), found[:, *(None,) * len(index)], uncertainty)


def _levels(shares: Tensor) -> NDArray[np.uint8]:
    """Return what `napari_unet.labelling.quantise` does, on all threads."""
    levels: NDArray[np.uint8] = (shares.clamp(0, 1) * LEVELS).round_().to(torch.uint8).numpy()
    return levels
