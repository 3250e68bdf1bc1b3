"""The network as a package's weights are loaded into it elsewhere."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from napari_unet.config import UNetConfig
from napari_unet.unet.model import UNet

FLAT = 1e-6  # deviation below which an image, of values from 0 to 1, is flat


class Standardised(UNet):
    """A U-Net that brings each image to mean 0 and deviation 1 by itself.

    bioimage.io has a step for this, too. But where another step comes before it, bioimageio.core
    measures mean and deviation before that one, not after it.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``(N, K, *S)`` for images ``(N, C, *S)``, whose channels share a scale."""
        axes = tuple(range(1, x.ndim))
        x = x - x.mean(axes, keepdim=True)
        return super().forward(x / x.square().mean(axes, keepdim=True).sqrt().clamp(min=FLAT))


def unet(standardise: bool = False, **config: Any) -> UNet:
    """Return the network of a configuration, in which lists may stand for tuples."""
    plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in config.items()}
    return (Standardised if standardise else UNet)(UNetConfig(**plain))
