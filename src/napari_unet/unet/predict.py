"""From an image of any axes to probabilities, through any function that gives logits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.config import PreprocessConfig
from napari_unet.unet.intensity import Scale
from napari_unet.unet.network import Network, Run, Tell
from napari_unet.unet.pieces import Piece, of_logits, wholes
from napari_unet.unet.preprocess import together
from napari_unet.unet.scaled import scaled
from napari_unet.unet.source import Box, Source, Stored
from napari_unet.unet.unscaled import in_patches, in_windows

Scales = dict[tuple[int, ...], Scale]  # of the pictures or volumes of an image, by their index


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
    first = leading_axes(axes, network.config)
    asked = (image, axes[first:], image.shape[:first], network)
    if network.config.mode == "whole":
        yield from scaled(*asked)
    elif network.windows is None:
        yield from in_patches(*asked)
    else:
        yield from in_windows(*asked, network.windows, tell)


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
    windows, unsure = network.windows, network.disagreement
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
            yield of_logits(index, tuple(part.start for part in place), logits, unsure)


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


def parts(axes: str, shape: tuple[int, ...], config: PreprocessConfig) -> int:
    """Return how many results `predict` yields for an image of ``shape``."""
    return math.prod(shape[: len(axes.removesuffix("c")) - len(config.size)])
