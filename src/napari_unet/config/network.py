"""The shape of the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_unet.errors import ConfigError
from napari_unet.schema import check, option

# Encoders that were trained on ImageNet, by timm's names; all of them halve the image five times.
# No others are allowed: what a model file says is handed to timm, which reads some as addresses.
ENCODERS: dict[str, str] = {
    "": "the U-Net's own",
    "resnet18": "ResNet-18, 11 M",
    "resnet34": "ResNet-34, 21 M",
    "resnet50": "ResNet-50, 24 M",
    "efficientnet_b0": "EfficientNet-B0, 4 M",
    "mobilenetv3_large_100": "MobileNetV3, 3 M",
}
ENCODER_DEPTH = 4  # of a network with one of them, which also halves the image first


@dataclass(frozen=True)
class UNetConfig:
    """The shape of the network. The defaults are the plain U-Net with padding."""

    in_channels: int = option(1, "Input channels", "1 for grey, 3 for colour.", low=1, high=64)
    dims: Literal[2, 3] = option(
        2, "Dimensions", "2: pictures, and volumes plane by plane. 3: volumes as a whole."
    )
    out_channels: int = option(
        1,
        "Outputs",
        "1: one foreground class through a sigmoid. "
        "K ≥ 2: a softmax over background and K-1 classes.",
        low=1,
        high=256,
    )
    depth: int = option(4, "Depth", "How often the image is halved on the way down.", low=1, high=8)
    base_channels: int = option(
        32,
        "Base channels",
        "Channels of the first level; each level doubles them.",
        low=1,
        high=256,
    )
    channels: tuple[int, ...] = option(
        (),
        "Channels per level",
        "Overrides the doubling: depth + 1 numbers, the last for the bottleneck. With a pretrained "
        "encoder they are those of the decoder.",
    )
    encoder: Literal[
        "", "resnet18", "resnet34", "resnet50", "efficientnet_b0", "mobilenetv3_large_100"
    ] = option(
        "",
        "Encoder",
        "Of pictures, a network in place of the left of the U that was trained on ImageNet: it "
        "needs fewer cases. It halves the image first, as a stem stride of 2 does. Needs timm.",
        titles=ENCODERS,
    )
    padding: Literal["same", "zeros", "valid"] = option(
        "same",
        "Padding",
        "same: zero padding, and images mirrored to sides that halve evenly. zeros: uneven sides "
        "are filled with zeros inside the network instead. valid: the 2015 paper's unpadded "
        "convolutions with cropped skips.",
    )
    upsampling: Literal["transposed", "bilinear", "corners"] = option(
        "transposed",
        "Upsampling",
        "A learned 2×2 up-convolution, or bilinear and a 1×1 convolution. corners: bilinear from "
        "corner to corner, and each block passes on half the channels instead.",
    )
    norm: Literal["none", "batch", "instance", "group"] = option(
        "none", "Normalisation", "Layer placed after every 3×3 convolution."
    )
    residual: bool = option(False, "Residual blocks", "Add each block's input to its output.")
    attention: bool = option(
        False,
        "Attention gates",
        "Weigh each skip connection by what the level below has found.",
    )
    flat_levels: int = option(
        0,
        "Flat levels",
        "Of a 3D network: so many levels, from the top, neither convolve nor halve along z, for "
        "volumes whose slices are thicker than their pixels.",
        low=0,
        high=8,
    )
    supervision: int = option(
        0,
        "Deep supervision",
        "While training, so many of the decoder's coarser levels give an answer of their own, so "
        "that the deep levels learn sooner.",
        low=0,
        high=8,
    )
    dropout: float = option(
        0.0,
        "Dropout",
        "Share of channels dropped in every block while training.",
        low=0.0,
        high=0.9,
    )
    dropout_at: Literal["everywhere", "deepest"] = option(
        "everywhere",
        "Dropout at",
        "every block, or as in the 2015 paper the end of the encoder: its last block and the "
        "bottleneck.",
    )
    stem_stride: Literal[1, 2, 4] = option(
        1,
        "Stem stride",
        "2 or 4: a strided convolution first and a pixel shuffle last; several times faster.",
    )

    def __post_init__(self) -> None:
        check(self)
        if self.channels and len(self.channels) != self.depth + 1:
            raise ConfigError(
                f"channels per level: {len(self.channels)} numbers given, "
                f"but a depth of {self.depth} needs {self.depth + 1}"
            )
        if any(not 1 <= c <= 4096 for c in self.channels):
            raise ConfigError("channels per level: every number must lie between 1 and 4096")
        if self.padding == "valid" and self.stem_stride != 1:
            raise ConfigError("valid padding and a strided stem cannot be combined")
        if self.padding == "zeros" and (self.stem_stride != 1 or self.attention):
            raise ConfigError(
                "padding with zeros cannot be combined with a strided stem or attention gates"
            )
        if self.supervision and (self.padding == "valid" or self.supervision >= self.depth):
            raise ConfigError(
                f"deep supervision: {self.supervision} coarser levels do not fit a network of "
                f"depth {self.depth} with {self.padding} padding"
            )
        if self.encoder and (self.dims, self.padding) != (2, "same"):
            raise ConfigError(
                f"encoder: {self.encoder} is for 2D networks with same padding, not for "
                f"{self.dims}D with {self.padding} padding"
            )
        if self.encoder and (self.depth != ENCODER_DEPTH or self.stem_stride > 2):
            raise ConfigError(
                f"encoder: {self.encoder} halves the image by itself: a depth of {ENCODER_DEPTH} "
                "and a stem stride of 1 or 2 go with it"
            )
        if self.flat_levels > (self.depth if self.dims == 3 else 0):
            raise ConfigError(
                f"flat levels: {self.flat_levels} do not fit a {self.dims}D network of depth "
                f"{self.depth}; they need 3D, and the bottleneck is never flat"
            )

    @property
    def halvings(self) -> tuple[int, ...]:
        """How often each axis is halved on the way down, z first in 3D; length ``dims``."""
        return (self.depth - self.flat_levels,) * (self.dims - 2) + (self.depth,) * 2

    @property
    def strides(self) -> tuple[int, ...]:
        """By how much the stem shrinks each axis; z stays as it is where levels are flat."""
        stride = 2 if self.encoder else self.stem_stride
        z = 1 if self.flat_levels else stride
        return (z,) * (self.dims - 2) + (stride,) * 2

    @property
    def levels(self) -> tuple[int, ...]:
        """Channels of every level, the bottleneck last; length ``depth + 1``."""
        return self.channels or tuple(self.base_channels * 2**i for i in range(self.depth + 1))

    @property
    def rising(self) -> tuple[int, ...]:
        """Channels that every level passes up, the bottleneck last; length ``depth + 1``.

        Where nothing on the way up changes their number, it is that of the level above.
        """
        levels = self.levels
        return (levels[0], *levels[:-1]) if self.upsampling == "corners" else levels
