"""Jobs that segment: an array that is open, or files of any number."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from napari_unet.config import CleanUp, SegmentConfig
from napari_unet.data.cases import Subset


@dataclass(frozen=True)
class SegmentArrayJob:
    """Segment an array that is open in the viewer.

    ``image`` is ``(..., H, W)``, or ``(..., H, W, C)`` when ``channels`` is true; any number of
    leading axes is gone through slice by slice; with a 3D model, volume by volume, the last of them
    being the depth. In place of ``image``, which is then empty, ``store`` may name a Zarr array on
    the disk with the same axes, which is read piece by piece. ``out`` is where to write the
    probabilities, a Zarr array of uint8 ``(K, ..., H, W)``; empty: they come with the last event.
    ``soon`` says that somebody waits, and that it is not much: how to compute is then not measured
    first.
    """

    model: str
    image: np.ndarray
    channels: bool = False
    device: str = "auto"
    config: SegmentConfig = field(default_factory=SegmentConfig)
    store: str = ""
    out: str = ""
    soon: bool = False


@dataclass(frozen=True)
class SegmentFilesJob:
    """Segment image files into the folder ``out``, one label image each.

    ``inputs`` are files or folders (their images, masks excluded); of folders ``subset`` may take
    those only that the split beside the model has there. ``threshold`` below zero takes the model's
    own. ``table`` (may be empty) receives the sizes as CSV. What is there already from the same
    image, model and settings is skipped, unless it is to be done ``again``. ``workers`` names a
    Dask cluster to spread the work over, such as ``dask://host:8786``; empty: this process does it.
    """

    inputs: tuple[str, ...]
    model: str
    out: str
    threshold: float = -1.0
    probabilities: bool = False
    device: str = "auto"
    config: SegmentConfig = field(default_factory=SegmentConfig)
    cleanup: CleanUp = field(default_factory=CleanUp)
    subset: Subset = "all"
    table: str = ""
    again: bool = False
    workers: str = ""
