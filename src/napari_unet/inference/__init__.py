"""Segmentation as jobs: arrays from the viewer, or files from a folder."""

from napari_unet.inference.arrays import segment_array
from napari_unet.inference.files import segment_files
from napari_unet.inference.predictors import Predictor, predictor

__all__ = ["Predictor", "predictor", "segment_array", "segment_files"]
