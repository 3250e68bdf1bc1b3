"""What is done to an image before the network sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_unet.errors import ConfigError
from napari_unet.schema import check, option


@dataclass(frozen=True)
class PreprocessConfig:
    """What is done to an image before the network sees it; stored with the model."""

    mode: Literal["whole", "patch"] = option(
        "whole",
        "Image or patches",
        "whole: the image is scaled to fit the working size. "
        "patch: windows of the working size at the image's own resolution.",
    )
    size: tuple[int, ...] = option(
        (192, 192),
        "Working size",
        "Height and width in pixels that the network is trained on; depth first in 3D.",
    )
    margin: Literal["keep", "cut"] = option(
        "keep",
        "Dark margin",
        "cut: of a whole image only what lies within its dark margin is scaled to the working "
        "size.",
    )
    neighbours: int = option(
        0,
        "Neighbouring slices",
        "So many slices of a volume on either side are shown with each slice, as channels (2.5D).",
        low=0,
        high=8,
    )
    foreground: float = option(
        1 / 3,
        "Foreground patches",
        "Share of the patches that are centred on a foreground pixel, so that rare ones are seen.",
        low=0.0,
        high=1.0,
    )
    intensity: Literal["zscore", "percentile", "dataset"] = option(
        "percentile",
        "Intensity",
        "zscore: each image to mean 0, deviation 1. percentile: the same after clipping to the "
        "0.5th and 99.5th percentiles. dataset: the training set's mean and deviation per channel.",
    )
    mean: tuple[float, ...] = option((), "Mean", "Per channel; used by 'dataset'.")
    std: tuple[float, ...] = option((), "Deviation", "Per channel; used by 'dataset'.")
    mirror: bool = option(
        False,
        "Mirror images",
        "Segment an image and its mirror images and average: four times the work (eight in 3D), a "
        "better result. "
        "For networks trained with flips.",
    )

    def __post_init__(self) -> None:
        check(self)
        if len(self.size) not in (2, 3):
            raise ConfigError(f"working size {self.size}: two numbers are needed, or three in 3D")
        if not all(8 <= s <= 4096 for s in self.size[-2:]) or not 1 <= self.size[0] <= 4096:
            raise ConfigError(f"working size {self.size}: must lie between 8 and 4096 pixels")
        if self.neighbours and len(self.size) == 3:
            raise ConfigError("neighbouring slices are for 2D: a 3D network sees them all")
        if len(self.mean) != len(self.std) or any(s <= 0 for s in self.std):
            raise ConfigError("mean and deviation: one positive deviation per mean is needed")
