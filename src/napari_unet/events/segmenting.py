"""What segmenting tells: of an array piece by piece, of files what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SegmentPart:
    """Probabilities of a finished piece of an image, while the rest computes.

    ``start`` is its first pixel along every spatial axis of the job's image, ``probabilities``
    uint8 ``(K, *piece)`` as in `SegmentArrayFinished`.
    """

    start: tuple[int, ...]
    probabilities: np.ndarray


@dataclass(frozen=True)
class SegmentArrayFinished:
    """Probabilities at the image's own resolution, quantised to 0…255.

    ``probabilities`` is uint8 ``(K, ..., H, W)``: ``K = 1`` for the foreground of a binary model,
    else one plane per class, the background first. ``threshold`` is the model's own (0…1).
    ``uncertainty`` is uint8 ``(..., H, W)``, from 0 where all averaged views agree to 255; None if
    it was not asked for. If the job named a place on the disk, both lie there as Zarr arrays,
    ``store`` and ``uncertainty_store``; ``probabilities`` is then empty.
    """

    probabilities: np.ndarray
    threshold: float
    seconds: float
    classes: tuple[str, ...] = ("foreground",)
    uncertainty: np.ndarray | None = None
    store: str = ""
    uncertainty_store: str = ""


@dataclass(frozen=True)
class ClassSize:
    """How much of an image one class covers, at one time if the image has several (else -1).

    ``share`` is that of all pixels, ``objects`` the number of connected ones. The area of a picture
    (mm²) or the volume of a stack (mm³) is NaN where the file does not know how large a pixel is;
    ``pixels`` is below 0 where nothing was counted.
    """

    label: str
    pixels: int
    share: float
    objects: int
    area: float = float("nan")
    volume: float = float("nan")
    time: int = -1


@dataclass(frozen=True)
class Segmented:
    """What became of one image file: the file of its labels, and their sizes.

    ``image`` and ``labels`` are paths, ``model`` a name. ``skipped`` if it was there already from
    an earlier run, which took the ``seconds``.
    """

    image: str
    labels: str
    patient: str
    model: str
    threshold: float
    seconds: float
    sizes: tuple[ClassSize, ...] = ()
    skipped: bool = False
    error: str = ""


@dataclass(frozen=True)
class SegmentFilesFinished:
    """What was written, what failed and why, and what was there already; where the sizes are."""

    written: tuple[str, ...]
    failed: Mapping[str, str]
    seconds: float
    skipped: tuple[str, ...] = ()
    table: str = ""
