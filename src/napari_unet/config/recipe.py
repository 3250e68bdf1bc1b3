"""A training as a whole: the settings that belong together, and whether they agree."""

from __future__ import annotations

from dataclasses import dataclass, field

from napari_unet.config.augmentation import AugmentConfig
from napari_unet.config.network import UNetConfig
from napari_unet.config.optimisation import OptimConfig
from napari_unet.config.preprocessing import PreprocessConfig
from napari_unet.errors import ConfigError


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


def agree(network: UNetConfig, preprocess: PreprocessConfig) -> None:
    """Raise `ConfigError` if a network cannot see what the preprocessing makes."""
    if network.dims != len(preprocess.size):
        raise ConfigError(
            f"a {network.dims}D network needs {network.dims} numbers as the working size, "
            f"not {preprocess.size}"
        )
