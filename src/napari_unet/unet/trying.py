"""A model file, read and run once, to see that it can be."""

from __future__ import annotations

from pathlib import Path

import torch

from napari_unet.config import UNetConfig
from napari_unet.errors import ModelError
from napari_unet.unet.file import load_model
from napari_unet.unet.grid import grids

Shape = tuple[int, ...]


def tried(path: Path) -> tuple[int, Shape, Shape]:
    """Return the number of a model's weights, and the shapes of an image and of its answer.

    Both are ``(C, *S)``; the image is empty, and as small as the network takes.

    Raises
    ------
    ModelError
        As for `napari_unet.unet.file.load_model`, or if the answer is not finite.
    """
    network, card = load_model(path)
    image = torch.zeros(1, card.network.in_channels, *least(card.network))
    with torch.inference_mode():
        answer = network(image)
    if not bool(torch.isfinite(answer).all()):
        raise ModelError(f"{path.name} runs, but what it says of an empty image is no number.")
    weights = sum(p.numel() for p in network.parameters())
    return weights, tuple(image.shape[1:]), tuple(answer.shape[1:])


def least(config: UNetConfig) -> Shape:
    """Return the sides of the smallest image that a network takes, and is defined on."""
    return tuple(sum(grid.margins(1)) + 1 for grid in grids(config))
