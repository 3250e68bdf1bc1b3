"""Encoders that were trained on ImageNet, from timm, in place of the left of the U.

timm (https://github.com/huggingface/pytorch-image-models) is the optional extra ``encoders``. It
builds the encoder, says what its levels hold, and fits its first convolution to any number of
channels: for grey images the weights of red, green and blue are added up, so that a grey image
gives the same as it would in three equal channels.

Images are normalised as they are for every other network here: to mean 0 and deviation 1. That is
what an encoder has seen in training, too: there, ImageNet's mean and deviation were taken off.
Scans have neither that mean nor that deviation, so that taking these off would shift them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from napari_unet.errors import ModelError

MISSING = (
    "The encoder {name} needs the package timm, which is not installed: "
    "pip install 'napari-unet-workbench[encoders]'"
)


class Encoder(nn.Module):
    """The left of the U: an encoder of timm that gives what it finds at each of its levels.

    Its weights are random; see `load_pretrained`. Its first level has half the image's resolution.

    Parameters
    ----------
    name
        One of `napari_unet.config.ENCODERS`.
    in_channels
        Of the images.

    Raises
    ------
    ModelError
        If timm is not installed.
    """

    def __init__(self, name: str, in_channels: int) -> None:
        super().__init__()
        self.name, self.in_channels = name, in_channels
        self.net = _build(name, in_channels)
        self.channels: tuple[int, ...] = tuple(self.net.feature_info.channels())

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return for images ``(N, in_channels, H, W)`` every level's ``(N, C, H/2^i, W/2^i)``.

        i is 1 for the first and 5 for the last; the sides must be multiples of 32.
        """
        found: list[Tensor] = self.net(x)
        return found


def load_pretrained(encoder: Encoder, weights: dict[str, Tensor], source: str) -> None:
    """Put pretrained weights into an encoder, its first convolution fitted to its channels.

    Parameters
    ----------
    weights
        As timm names them, for images of three channels; see
        `napari_unet.unet.encoder_weights`.
    source
        What to call them if they do not fit.

    Raises
    ------
    ModelError
        If they are those of another network.
    """
    wanted = encoder.net.state_dict().keys()
    with torch.device("meta"):
        known = library(encoder.name).create_model(encoder.name).state_dict().keys()
    lacking = sorted(k for k in wanted - weights.keys() if not k.endswith("num_batches_tracked"))
    if wrong := [*lacking, *sorted(weights.keys() - known)]:
        raise _others(encoder, source, f"{len(wrong)} do not belong together, e.g. {wrong[0]}")
    mine = {k: v for k, v in weights.items() if k in wanted}
    try:
        net = _build(encoder.name, encoder.in_channels, mine)
    except RuntimeError as e:  # of a shape
        raise _others(encoder, source, str(e).splitlines()[-1].strip()) from e
    encoder.net.load_state_dict(net.state_dict())


def _others(encoder: Encoder, source: str, why: str) -> ModelError:
    return ModelError(f"{source} does not hold the weights of the encoder {encoder.name}: {why}.")


def library(name: str) -> Any:
    """Return timm, which the encoder called ``name`` needs.

    Raises
    ------
    ModelError
        If it is not installed.
    """
    try:
        return _imported()
    except ImportError as e:
        raise ModelError(MISSING.format(name=name)) from e


def _imported() -> Any:
    try:
        import timm
    except RuntimeError as e:
        if "torchvision::" not in str(e):
            raise
        # timm imports torchvision, and torchvision on Linux comes built for CUDA. Beside a torch
        # for the CPU it cannot load its own operators, and fails when it describes these two
        # (pytorch/vision#9085). timm uses neither: that somebody has named them is enough.
        for operator in ("nms", "qnms"):
            signature = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            torch.library.define(f"torchvision::{operator}", signature)
        import timm
    return timm


def _build(name: str, in_channels: int, weights: dict[str, Tensor] | None = None) -> Any:
    """Return timm's network of a name; ``weights`` are those it begins with, if not at random."""
    return library(name).create_model(
        name,
        pretrained=weights is not None,
        pretrained_cfg_overlay={"state_dict": weights} if weights is not None else None,
        features_only=True,
        in_chans=in_channels,
    )
