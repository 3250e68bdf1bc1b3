"""How a network is asked for what is in an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_unet.errors import ConfigError
from napari_unet.schema import check, option


@dataclass(frozen=True)
class SegmentConfig:
    """How a network is asked. A result that was asked for in another way is no longer fresh."""

    average: Literal["model", "none", "flips", "turns"] = option(
        "model",
        "Average over",
        "model: as the model's card says. none: the image as it is. flips: mirror images, four "
        "times the work (eight in 3D). turns: mirror images and quarter turns, twice as much.",
    )
    uncertainty: bool = option(
        False, "Uncertainty", "Also tell how far the averaged mirror images disagree."
    )
    runtime: Literal["auto", "torch", "onnx"] = option(
        "auto",
        "Computed by",
        "On a CPU. onnx: ONNX Runtime, of the extra 'onnx'. auto: torch, or ONNX Runtime where it "
        "was measured to be quicker here and to give the same.",
        titles={"torch": "PyTorch", "onnx": "ONNX Runtime"},
        compare=False,
    )

    def __post_init__(self) -> None:
        check(self)
        if self.uncertainty and self.average == "none":
            raise ConfigError(
                "uncertainty: it is how far mirror images disagree; average over flips or turns"
            )
