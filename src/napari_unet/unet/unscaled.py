"""Images that are shown to a network at their own resolution: whole, or piece by piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from napari_unet.unet.network import Network, Tell
from napari_unet.unet.pieces import BLOCK, Piece, joined, of_logits, placed
from napari_unet.unet.source import sources
from napari_unet.unet.tiles import tiled
from napari_unet.unet.windows import Windows


def in_patches(image: Any, own: str, leading: tuple[int, ...], network: Network) -> Iterator[Piece]:
    """Yield what is found in windows of the training's size, which are blended.

    Images that the network takes as a whole are shown so instead. Parameters are those of
    `napari_unet.unet.scaled.scaled`.
    """
    config = network.config
    ones = (1,) * len(config.size)
    for index, source in sources(image, own, leading, network.channels, config, ones):
        if network.whole(source.shape):
            shown = source.read(tuple(map(slice, source.shape)))
            answers: Iterable[Tensor] = network.run(shown[None])
        else:
            answers = tiled(source, config.size, network.run, network.batch)
        yield from placed(index, answers, network.disagreement)


def in_windows(
    image: Any,
    own: str,
    leading: tuple[int, ...],
    network: Network,
    windows: Windows,
    tell: Tell,
) -> Iterator[Piece]:
    """Yield pieces of images that may be shown to the network in windows of any size.

    Those that are small enough are shown as a whole, several at once. Parameters are those of
    `in_patches`; the windows; and who is told in a sentence where less memory has to do.
    """
    waiting = sources(image, own, leading, network.channels, network.config, windows.step)
    unsure = network.disagreement
    for index, source in waiting:
        most = min(windows.at_once(source.padded), network.batch)
        if not most:
            answers = windows.answers(source, tell)
            parts = (of_logits(index, tuple(s.start for s in b), x, unsure) for b, x in answers)
            yield from joined(parts, len(index), BLOCK[len(source.shape)][0])
            continue
        group = [(index, source), *islice(waiting, most - 1)]
        shown = torch.stack([one.read(tuple(map(slice, one.padded))) for _, one in group])
        for logits, (place, one) in zip(network.run(shown), group, strict=True):
            yield from placed(place, [logits[:, *map(slice, one.shape)]], unsure)
