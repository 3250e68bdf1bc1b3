"""How images are changed at random while the network learns from them."""

from __future__ import annotations

from dataclasses import dataclass

from napari_unet.schema import check, option


@dataclass(frozen=True)
class AugmentConfig:
    """Random changes made to every training image, in one resample of the whole batch."""

    flip: bool = option(True, "Flips", "Mirror left-right and up-down at random.")
    rotation: float = option(
        15.0, "Rotation", "Largest rotation in degrees, either way.", low=0.0, high=180.0
    )
    scale: float = option(
        0.15, "Scale", "Largest relative change of size: 0.15 is 85 to 115 %.", low=0.0, high=0.9
    )
    elastic: float = option(
        0.02,
        "Elastic",
        "Typical size of a smooth random deformation, as a share of the image's side.",
        low=0.0,
        high=0.2,
    )
    intensity: float = option(
        0.15,
        "Intensity",
        "Largest random change of brightness, contrast and gamma, and of noise.",
        low=0.0,
        high=1.0,
    )

    def __post_init__(self) -> None:
        check(self)
