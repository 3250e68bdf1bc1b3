"""Every setting of the program, as frozen dataclasses; see `napari_unet.schema` for how."""

from __future__ import annotations

from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class SplitConfig:
    """How cases are divided; patients are never parted."""

    train: float = option(80.0, "Train", "Share for training.", low=0.0)
    val: float = option(10.0, "Validation", "Share for choosing the best epoch.", low=0.0)
    test: float = option(10.0, "Test", "Share kept unseen for the final scores.", low=0.0)
    seed: int = option(0, "Split seed", "The same seed gives the same split.", low=0)
    stratify: str = option(
        "",
        "Spread evenly",
        "A tag, such as tumor_type, whose values every part gets its share of; empty: the tag with "
        "the fewest values.",
    )
    folds: int = option(
        0, "Folds", "Cross-validation: the patients in so many parts; 0: none.", low=0, high=1000
    )
    fold: int = option(1, "Fold", "The part that is kept for the test, from 1 on.", low=1)
    file: str = option(
        "",
        "Split file",
        "A split to keep to: JSON, a table with a column 'subset', or lists train.txt, test.txt.",
    )

    def __post_init__(self) -> None:
        check(self)
        if self.train <= 0:
            raise ConfigError("split: the training share must be above zero")
        if self.folds == 1 or (self.fold > max(self.folds, 1) and not self.file):
            raise ConfigError(
                f"split: fold {self.fold} of {self.folds}; there must be two folds or more, and "
                "the fold must be one of them"
            )

    @classmethod
    def parse(cls, text: str, seed: int = 0) -> SplitConfig:
        """Read ``"80:10:10"`` or ``"70:30"``.

        Two numbers mean train and test, as in "70:30"; the cases that choose the best epoch are
        then taken from the training share (an eighth of it).
        """
        try:
            parts = [float(p) for p in text.replace("/", ":").split(":")]
        except ValueError:
            parts = []
        if len(parts) == 2:
            val = parts[0] / 8
            parts = [parts[0] - val, val, parts[1]]
        if len(parts) != 3 or any(not 0 <= p < float("inf") for p in parts):
            raise ConfigError(f"split {text!r}: write it like 80:10:10 or 70:30")
        train, val, test = parts
        return cls(train, val, test, seed)


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


def agree(network: UNetConfig, preprocess: PreprocessConfig) -> None:
    """Raise `ConfigError` if a network cannot see what the preprocessing makes."""
    if network.dims != len(preprocess.size):
        raise ConfigError(
            f"a {network.dims}D network needs {network.dims} numbers as the working size, "
            f"not {preprocess.size}"
        )


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


@dataclass(frozen=True)
class CleanUp:
    """What is done to labels after the threshold, in this order; to every class by itself."""

    smooth: float = option(
        0.0,
        "Smooth outline",
        "In pixels: each takes the class that prevails so far around it. 0 is off.",
        low=0.0,
        high=20.0,
    )
    fill_holes: bool = option(
        False, "Fill holes", "Background that is enclosed by a class becomes part of it."
    )
    largest: bool = option(
        False, "Largest object only", "Of every class, only the largest connected object stays."
    )
    min_size: int = option(
        0, "Smallest object", "In pixels (voxels of volumes); smaller objects go.", low=0
    )
    objects: Literal["classes", "components", "watershed"] = option(
        "classes",
        "Number objects",
        "classes: every pixel holds its class. components: every connected object has a number of "
        "its own. watershed: the same, and objects that touch are parted at their waists.",
    )

    def __post_init__(self) -> None:
        check(self)

    def __bool__(self) -> bool:
        """Say whether anything is done."""
        return self.tidies or self.objects != "classes"

    @property
    def tidies(self) -> bool:
        """Whether pixels change their class."""
        return bool(self.smooth > 0 or self.fill_holes or self.largest or self.min_size > 1)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a training run does, apart from the data."""

    name: str = "auto"
    network: UNetConfig = field(default_factory=UNetConfig)
    preprocess: PreprocessConfig = field(default_factory=PreprocessConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)

    def __post_init__(self) -> None:
        agree(self.network, self.preprocess)
        if self.optim.border_weight and (self.network.dims == 3 or self.preprocess.neighbours):
            raise ConfigError("a border weight is for pictures: in 3D and 2.5D there is none")
