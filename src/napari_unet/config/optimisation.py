"""How the network is fitted: loss, optimiser, budget, and the device that computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_unet.schema import check, option


@dataclass(frozen=True)
class OptimConfig:
    """How the network is fitted."""

    epochs: int = option(40, "Epochs", "Passes over the training cases.", low=1, high=100_000)
    minutes: float = option(
        0.0, "Minutes", "Time to train; 0 counts epochs instead.", low=0.0, high=100_000.0
    )
    batch: int = option(16, "Batch", "Images per step.", low=1, high=4096)
    optimizer: Literal["adamw", "adam", "sgd"] = option(
        "adamw", "Optimiser", "AdamW, Adam, or SGD."
    )
    lr: float = option(2e-3, "Learning rate", "At the start.", low=0.0, high=10.0)
    momentum: float = option(0.9, "Momentum", "Of SGD; 0.99 in the 2015 paper.", low=0.0, high=1.0)
    weight_decay: float = option(1e-2, "Weight decay", "Of AdamW and SGD.", low=0.0, high=1.0)
    schedule: Literal["polynomial", "constant", "plateau"] = option(
        "polynomial",
        "Schedule",
        "polynomial: falls with the elapsed share of the budget. "
        "plateau: falls to a third when the validation loss stops improving.",
    )
    accumulate: int = option(
        1,
        "Accumulation",
        "Parts into which each batch is divided, one after the other, to save memory.",
        low=1,
        high=4096,
    )
    loss: Literal["bce", "dice", "bce+dice", "ce+dice", "focal", "focal+dice", "tversky"] = option(
        "bce+dice",
        "Loss",
        "Cross-entropy, Dice, or their sum; 'ce' and 'bce' are chosen by the number of classes. "
        "focal and tversky: for foreground that is rare.",
    )
    class_weights: Literal["equal", "balanced"] = option(
        "equal",
        "Class weights",
        "balanced: in the cross-entropy, rare classes count more, by the square root of how rare "
        "they are.",
    )
    border_weight: float = option(
        0.0,
        "Border weight",
        "How much more the cross-entropy counts pixels between touching objects; 10 in the 2015 "
        "paper, 0 is off.",
        low=0.0,
        high=1000.0,
    )
    patience: int = option(
        0,
        "Early stopping",
        "Epochs without a better validation Dice before training stops; 0 never stops early.",
        low=0,
    )
    ema: float = option(
        0.0,
        "Weight averaging",
        "Decay per step of a running mean of the weights, which is what is kept; 0 is off.",
        low=0.0,
        high=0.99999,
    )
    pretrained: bool = option(
        True,
        "Pretrained",
        "Where an encoder is chosen, begin with the weights that it learned on ImageNet, which are "
        "fetched once; off: with random ones.",
    )
    seed: int = option(
        0, "Seed", "Same seed, epochs, number format and lanes: the same run on a CPU.", low=0
    )
    device: str = option("auto", "Device", "auto, cpu, cuda, cuda:1, mps …")
    precision: Literal["auto", "float32", "bfloat16", "float16"] = option(
        "auto", "Number format", "auto measures which is fastest on this device."
    )
    channels_last: Literal["auto", "yes", "no"] = option(
        "auto", "Channels last", "Memory layout; auto measures which is faster."
    )
    lanes: int = option(
        0,
        "Lanes",
        "Threads of a CPU that each take whole images; 0 measures whether that is faster.",
        low=0,
        high=64,
    )

    def __post_init__(self) -> None:
        check(self)
