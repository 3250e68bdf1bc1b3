"""Every setting of the program, as frozen dataclasses; see `napari_unet.schema` for how.

A module for each question that the settings answer; a `Recipe` holds those of a training.
"""

from napari_unet.config.augmentation import AugmentConfig
from napari_unet.config.cleanup import CleanUp
from napari_unet.config.network import ENCODER_DEPTH, ENCODERS, UNetConfig
from napari_unet.config.optimisation import OptimConfig
from napari_unet.config.preprocessing import PreprocessConfig
from napari_unet.config.recipe import Recipe, agree
from napari_unet.config.segmentation import SegmentConfig
from napari_unet.config.splitting import SplitConfig

__all__ = [
    "ENCODERS",
    "ENCODER_DEPTH",
    "AugmentConfig",
    "CleanUp",
    "OptimConfig",
    "PreprocessConfig",
    "Recipe",
    "SegmentConfig",
    "SplitConfig",
    "UNetConfig",
    "agree",
]
