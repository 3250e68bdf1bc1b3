"""Scores: counting passes over two masks and distances between their surfaces, then pure functions.

Conventions, used everywhere in the program:

- Both masks without foreground: Dice, IoU, precision and recall are 1, since there was nothing to
  find and nothing was claimed, and distances are 0. Such images are counted apart as *empty*.
- Only one with foreground: distances do not exist (NaN). They are left out of means, and counted.
- Any other 0/0 (precision when nothing was predicted, recall when there was nothing to find) is 0.
- Several classes: every score of an image is the mean over the classes that occur in its reference
  or its prediction; the background is no class. Pixel accuracy is that of the label image.
"""

from napari_unet.metrics.agreement import Agreement, agreement
from napari_unet.metrics.calibration import Histogram, calibration_error
from napari_unet.metrics.counts import (
    Counts,
    count,
    dice,
    iou,
    mean_present,
    pixel_accuracy,
    precision,
    recall,
)
from napari_unet.metrics.paired import paired
from napari_unet.metrics.scores import DISTANCES, score_counts, score_masks
from napari_unet.metrics.summary import MEASURES, SCORES, VOLUMES, group, summarise
from napari_unet.metrics.surfaces import Distances, surface_distances

__all__ = [
    "DISTANCES",
    "MEASURES",
    "SCORES",
    "VOLUMES",
    "Agreement",
    "Counts",
    "Distances",
    "Histogram",
    "agreement",
    "calibration_error",
    "count",
    "dice",
    "group",
    "iou",
    "mean_present",
    "paired",
    "pixel_accuracy",
    "precision",
    "recall",
    "score_counts",
    "score_masks",
    "summarise",
    "surface_distances",
]
