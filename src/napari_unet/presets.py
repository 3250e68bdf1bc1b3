"""Named recipes: starting points a person can choose by name and then change.

The network's cost sits in its full-resolution levels, so "auto" and "fast" enter through a
strided stem with few channels there and more below; "plain" is the textbook network.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from napari_unet.config import (
    AugmentConfig,
    OptimConfig,
    PreprocessConfig,
    Recipe,
    UNetConfig,
)
from napari_unet.errors import ConfigError


def _strided(stride: int, *channels: int) -> UNetConfig:
    return UNetConfig(
        depth=len(channels) - 1,
        channels=channels,
        norm="batch",
        residual=True,
        stem_stride=stride,  # type: ignore[arg-type]
        # Costs next to nothing, and as many images teach a little more (docs/benchmarks.md).
        supervision=2,
    )


def _volumetric(stride: int, *channels: int) -> UNetConfig:
    # Of a batch of two volumes batch norm would learn little.
    return UNetConfig(
        depth=len(channels) - 1,
        channels=channels,
        dims=3,
        norm="instance",
        residual=True,
        stem_stride=stride,  # type: ignore[arg-type]
    )


@dataclass(frozen=True)
class Rung:
    """A network, the longer side in pixels of the images it is shown, and how many it needs.

    ``views`` is the number of images from which on it does better than the next one does in the
    same time; with fewer it has not learned enough.
    """

    network: UNetConfig
    side: int
    views: int


# What "auto" chooses from by measuring, the best first and the quickest last: a small network that
# sees every case several times beats a large one that does not.
RUNGS = (
    Rung(_strided(2, 32, 64, 96, 128, 160), 256, 30_000),
    Rung(_strided(2, 32, 64, 96, 128, 160), 192, 30_000),
    Rung(_strided(4, 32, 64, 128, 256), 192, 24_000),
    Rung(_strided(4, 32, 64, 128, 192), 160, 15_000),
    Rung(_strided(4, 32, 64, 128, 192), 128, 0),
)

# Networks for small volumes, which "auto" chooses from in the same way; the working size is that of
# the volumes. The second takes a quarter of the time, and works at half the resolution.
VOLUME_RUNGS = (
    Rung(_volumetric(1, 16, 32, 64, 96), 0, 1_200),
    Rung(_volumetric(2, 24, 48, 96), 0, 0),
)

PRESETS: dict[str, Recipe] = {
    "auto": Recipe(
        network=RUNGS[1].network,
        preprocess=PreprocessConfig(mirror=True),
        optim=OptimConfig(minutes=10.0, lr=4e-3, batch=16, ema=0.99),
    ),
    "plain": Recipe(
        name="plain",
        network=UNetConfig(depth=4, base_channels=32),
        optim=OptimConfig(lr=3e-4, batch=8),
    ),
    "residual": Recipe(
        name="residual",
        network=UNetConfig(depth=4, base_channels=32, norm="batch", residual=True, dropout=0.1),
        optim=OptimConfig(lr=1e-3, batch=8),
    ),
    "attention": Recipe(
        name="attention",
        network=UNetConfig(depth=4, base_channels=32, norm="batch", attention=True),
        optim=OptimConfig(lr=1e-3, batch=8),
    ),
    "2.5d": Recipe(
        name="2.5d",
        network=UNetConfig(depth=4, base_channels=32, norm="batch", residual=True),
        preprocess=PreprocessConfig(neighbours=1),
        optim=OptimConfig(lr=1e-3, batch=8),
    ),
    "3d": Recipe(
        name="3d",
        network=_volumetric(1, 16, 32, 64, 96),
        preprocess=PreprocessConfig(size=(64, 64, 64)),
        augment=AugmentConfig(flip=False),
        optim=OptimConfig(lr=2e-3, batch=2, ema=0.99, loss="ce+dice"),
    ),
    "pretrained": Recipe(
        name="pretrained",
        network=replace(_strided(1, 32, 64, 96, 128, 160), encoder="resnet18"),
        preprocess=PreprocessConfig(mirror=True),
        optim=OptimConfig(minutes=10.0, lr=5e-4, batch=16, ema=0.99),
    ),
    # The paper says nothing of the learning rate and of how long; these train stably. Its inputs
    # are mirrored at their borders here, patch by patch; its dropout is of single values, not of
    # channels.
    "paper-2015": Recipe(
        name="paper-2015",
        network=UNetConfig(
            depth=4, base_channels=64, padding="valid", dropout=0.5, dropout_at="deepest"
        ),
        preprocess=PreprocessConfig(mode="patch", size=(388, 388)),
        augment=AugmentConfig(rotation=180, scale=0.0, elastic=0.025, intensity=0.1),
        optim=OptimConfig(
            optimizer="sgd",
            lr=1e-3,
            momentum=0.99,
            weight_decay=0.0,
            batch=1,
            schedule="constant",
            loss="bce",
            class_weights="balanced",
            border_weight=10.0,
        ),
    ),
    "lab": Recipe(
        name="lab",
        network=UNetConfig(depth=4, base_channels=32),
        preprocess=PreprocessConfig(size=(128, 128)),
        augment=AugmentConfig(flip=False, rotation=0.0, scale=0.0, elastic=0.0, intensity=0.0),
        optim=OptimConfig(
            epochs=20,
            optimizer="adam",
            lr=1e-3,
            weight_decay=0.0,
            batch=16,
            schedule="plateau",
            loss="bce",
            patience=6,
        ),
    ),
    "article": Recipe(
        name="article",
        network=UNetConfig(depth=4, base_channels=32, norm="batch"),
        preprocess=PreprocessConfig(size=(512, 512)),
        optim=OptimConfig(epochs=40, optimizer="adam", lr=1e-3, weight_decay=0.0, batch=8),
    ),
}

TITLES: dict[str, str] = {
    "auto": "Auto",
    "plain": "Plain U-Net",
    "residual": "Residual U-Net",
    "attention": "Attention U-Net",
    "2.5d": "2.5D: neighbouring slices",
    "3d": "3D U-Net",
    "pretrained": "Pretrained encoder",
    "paper-2015": "U-Net 2015",
    "lab": "Lab baseline",
    "article": "Article",
}

# Presets whose working size is fitted to the images, and the longest side that it may have.
SIZED: dict[str, int] = {"pretrained": 256}

# Shares of training, validation and test that go with a preset; 80:10:10 where none do.
SPLITS: dict[str, str] = {"lab": "70:30", "article": "80:10:10"}

DESCRIPTIONS: dict[str, str] = {
    "auto": "Fast and good on a laptop: residual blocks, strided stem, BCE + Dice, AdamW.",
    "plain": "The textbook U-Net with padding: 32 channels, four levels, no normalisation.",
    "residual": "Full resolution throughout, with residual blocks, batch norm and dropout.",
    "attention": "Attention gates weigh the skips (Oktay et al. 2018); batch norm, 32 channels.",
    "2.5d": "Planes of volumes, each seen between its neighbouring slices; residual blocks.",
    "3d": "3D U-Net for volumes: whole if they are small, else patches; thick slices pool later.",
    "pretrained": "For few cases: the left of the U is a ResNet-18 that was trained on photos. Its "
    "weights, 47 MB, are fetched once. Needs the package timm.",
    "paper-2015": "Ronneberger et al. 2015: valid convolutions, 64 channels, SGD with momentum "
    "0.99, elastic deformation, borders between touching objects count ten times. Slow on a CPU.",
    "lab": "A student's first U-Net: 128×128, 32 channels, Adam, cross-entropy, 20 epochs, no "
    "augmentation, 70:30; the learning rate falls, and training ends, when nothing improves.",
    "article": "512×512, cross-entropy and Dice, Adam, 40 epochs, 80:10:10. Slow on a CPU.",
}


def preset(name: str) -> Recipe:
    """Return the preset called ``name``.

    Raises
    ------
    ConfigError
        If there is no such preset; the message lists those there are.
    """
    try:
        return replace(PRESETS[name], name=name)
    except KeyError as e:
        raise ConfigError(f"There is no preset {name!r}; choose {', '.join(PRESETS)}.") from e


def begun_at_random(recipe: Recipe) -> Recipe:
    """Return a recipe whose encoder, if it has a pretrained one, begins with random weights."""
    return replace(recipe, optim=replace(recipe.optim, pretrained=False))


def split_of(name: str) -> str:
    """Return the shares of train, validation and test that go with a preset, as "80:10:10"."""
    return SPLITS.get(name, "80:10:10")


def improving_minutes(corrected: int) -> float:
    """Return for how long to go on training by default, when so many cases were corrected.

    Two minutes let the learning rate rise and fall; each case adds six seconds, up to ten minutes:
    a model that is near a good place gains little by more (see docs/benchmarks.md).
    """
    return min(2.0 + 0.1 * corrected, 10.0)
