"""Tiny model files for tests: written in milliseconds, with known behaviour."""

from pathlib import Path

import numpy as np
import torch
from skimage.io import imsave

from napari_unet.card import ModelCard
from napari_unet.config import PreprocessConfig, UNetConfig
from napari_unet.data.cases import LabelRule
from napari_unet.unet.file import save_model
from napari_unet.unet.model import UNet
from nets import random_net


def bright_squares(root: Path, count: int, wider: int = 1) -> Path:
    """Write images of a bright square; each reference is ``wider`` pixels wider than the last."""
    for part in ("images", "masks"):
        (root / part).mkdir(parents=True)
    for i in range(count):
        image, mask = np.full((40, 40), 10, np.uint8), np.zeros((40, 40), np.uint8)
        image[5:25, 5:25] = 200
        mask[5:25, 5 : 25 + wider * i] = 255
        imsave(root / "images" / f"{i}.png", image, check_contrast=False)
        imsave(root / "masks" / f"{i}.png", mask, check_contrast=False)
    return root


def bright_model(
    path: Path,
    channels: int = 1,
    mode: str = "whole",
    size: int = 32,
    dims: int = 2,
    neighbours: int = 0,
) -> Path:
    """Write a model that calls foreground whatever is brighter than its image's mean.

    Every weight is zero but one way through the network: the first level copies the image into
    two channels, one for what lies above 0 and one for what lies below, and the head subtracts. Of
    neighbouring slices it looks at the middle one.
    """
    seen = channels * (2 * neighbours + 1)
    config = UNetConfig(in_channels=seen, depth=1, base_channels=2, dims=dims)
    centre = (1,) * dims
    net = UNet(config)
    for p in net.parameters():
        torch.nn.init.zeros_(p)
    with torch.no_grad():
        first, second = net.encoder[0].conv1.weight, net.encoder[0].conv2.weight
        own = slice(neighbours * channels, (neighbours + 1) * channels)
        first[(0, own, *centre)], first[(1, own, *centre)] = 1 / channels, -1 / channels
        last = net.decoder[0]
        for c in (0, 1):
            second[(c, c, *centre)] = 1
            last.conv1.weight[(c, c, *centre)] = 1
            last.conv2.weight[(c, c, *centre)] = 1
        net.head.weight[0, 0], net.head.weight[0, 1] = 20, -20
    sides = (size,) * dims
    preprocess = PreprocessConfig(mode, sides, neighbours=neighbours, intensity="zscore")
    save_model(path, net, ModelCard(path.name.split(".")[0], config, preprocess, LabelRule()))
    return path


def random_model(
    path: Path,
    mode: str = "patch",
    size: tuple[int, ...] = (32, 32),
    norm: str = "batch",
    intensity: str = "percentile",
) -> Path:
    """Write a model whose answers differ from pixel to pixel, and with how an image is turned."""
    config = UNetConfig(depth=1, base_channels=2, dims=len(size), norm=norm)
    scale = {"mean": (0.4,), "std": (0.2,)} if intensity == "dataset" else {}
    preprocess = PreprocessConfig(mode, size, intensity=intensity, **scale)
    card = ModelCard(path.name.split(".")[0], config, preprocess, LabelRule())
    save_model(path, random_net(config), card)
    return path
