"""Images that are scaled to the working size, seen whole, and answered at their own size."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor

from napari_unet.config import PreprocessConfig
from napari_unet.unet.network import Network
from napari_unet.unet.pieces import Piece, placed
from napari_unet.unet.preprocess import Fit, beside, prepare_all
from napari_unet.unet.source import Stored, ahead

Prepared = tuple[tuple[int, ...], Tensor, Fit]  # index, what the network is shown, how it lies


def scaled(image: Any, own: str, leading: tuple[int, ...], network: Network) -> Iterator[Piece]:
    """Yield what a network finds in images that are shown to it as a whole.

    Parameters
    ----------
    image
        See `napari_unet.unet.predict.pieces`.
    own
        The axes that are seen, or at least normalised, together.
    leading
        The sides before them.
    network
        The network.
    """

    def read(index: tuple[int, ...]) -> list[Prepared]:
        return list(_prepared(Stored(image, index, own, network.channels), network.config))

    prepared = (one for several in ahead(read, np.ndindex(*leading)) for one in several)
    unsure = network.disagreement
    while group := list(islice(prepared, network.batch)):
        answers = network.run(torch.stack([x for _, x, _ in group]))
        for logits, (index, _, fit) in zip(answers, group, strict=True):
            yield from placed(index, _undone(logits, fit, unsure), unsure)


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
