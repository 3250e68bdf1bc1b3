"""Jobs that score one model, or several and human readers, and that report of it."""

from __future__ import annotations

from dataclasses import dataclass

from napari_unet.data.cases import Subset
from napari_unet.events import Compared, EvaluateFinished


@dataclass(frozen=True)
class EvaluateJob:
    """Score a model on a folder's cases; ``csv`` (may be empty) receives the table.

    ``surfaces``: also measure how far the outlines lie apart. The ``subset`` is that of the split
    beside the model, or beside the model named by ``split``.
    """

    folder: str
    model: str
    subset: Subset = "test"
    threshold: float = -1.0
    csv: str = ""
    limit: int = 0
    device: str = "auto"
    surfaces: bool = True
    split: str = ""


@dataclass(frozen=True)
class CompareJob:
    """Score several models and human readers on the same cases of a folder.

    ``readers`` are folders of masks, named like the folder's images or masks, or what nnU-Net
    predicted for a data set that was exported to it; "NAME=DIR" says what to call one. The
    ``subset`` is that of the split beside the first model; with no model, only "all" is possible.
    """

    folder: str
    models: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    subset: Subset = "test"
    surfaces: bool = True
    device: str = "auto"
    limit: int = 0


@dataclass(frozen=True)
class ReportJob:
    """Write scores as one HTML file, ``out``, that can be read anywhere.

    What was ``evaluated`` or ``compared`` is told of, with pictures of the best, the median and the
    worst cases, so many of each: their images are read from ``folder``, and the model is run on
    them.
    """

    out: str
    folder: str
    evaluated: EvaluateFinished | None = None
    compared: Compared | None = None
    pictures: int = 3
    device: str = "auto"
