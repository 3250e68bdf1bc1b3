"""Jobs and events: what is asked of the program and what it tells while it works.

Both are frozen data, so the same generator serves the command line, Python and the viewer's engine
process. A failure is an exception, never an event. Stopping a job means to stop pulling events
(close the generator): whatever an event announced is already on disk by then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from napari_unet.config import CleanUp, Recipe, SegmentConfig, SplitConfig
from napari_unet.events import Compared, EvaluateFinished

# --- jobs -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TrainJob:
    """Train on a folder and write the model file.

    ``recipe`` wins over ``preset``. ``minutes`` or ``epochs`` above zero override the recipe's
    budget. ``limit`` (0: none) caps the number of cases; whole patients are dropped at the end.
    ``start`` is a model file whose network and weights training begins with (it is not changed).
    With a ``share`` above zero that model is improved (see `ImproveJob`): its recipe and its split
    are kept, and every batch holds this share of the ``corrected`` cases. ``encoder_weights`` is a
    file of a pretrained encoder's weights, in place of those that would be fetched.
    """

    folder: str
    model: str
    preset: str = "auto"
    recipe: Recipe | None = None
    minutes: float = 0.0
    epochs: int = 0
    split: SplitConfig = field(default_factory=SplitConfig)
    seed: int = 0
    limit: int = 0
    device: str = "auto"
    start: str = ""
    corrected: tuple[str, ...] = ()
    share: float = 0.0
    encoder_weights: str = ""

    @property
    def writes(self) -> str:
        """The model file that the training writes."""
        return self.model


@dataclass(frozen=True)
class ResumeJob:
    """Go on with a training that was stopped, crashed, or is over.

    ``model`` is the model file that the run writes; what is needed to go on lies beside it.
    ``minutes`` or ``epochs`` above zero are the new total budget, those already trained included;
    with neither, the run keeps the budget it had.
    """

    model: str
    minutes: float = 0.0
    epochs: int = 0
    device: str = "auto"

    @property
    def writes(self) -> str:
        """The model file that the training writes."""
        return self.model


@dataclass(frozen=True)
class PlanJob:
    """Tell how ``train`` would be done on this machine, without doing it."""

    train: TrainJob


@dataclass(frozen=True)
class AugmentJob:
    """Show what the augmentation of ``train`` does to some of its own images.

    The answer is a grid of ``cases`` rows: each image as the network is shown it, then
    ``variants`` changed copies with their masks.
    """

    train: TrainJob
    cases: int = 3
    variants: int = 4
    seed: int = 0


@dataclass(frozen=True)
class SegmentArrayJob:
    """Segment an array that is open in the viewer.

    ``image`` is ``(..., H, W)``, or ``(..., H, W, C)`` when ``channels`` is true; any number of
    leading axes is gone through slice by slice; with a 3D model, volume by volume, the last of them
    being the depth. In place of ``image``, which is then empty, ``store`` may name a Zarr array on
    the disk with the same axes, which is read piece by piece. ``out`` is where to write the
    probabilities, a Zarr array of uint8 ``(K, ..., H, W)``; empty: they come with the last event.
    """

    model: str
    image: np.ndarray
    channels: bool = False
    device: str = "auto"
    config: SegmentConfig = field(default_factory=SegmentConfig)
    store: str = ""
    out: str = ""


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
    subset: Literal["train", "val", "test", "all"] = "all"
    table: str = ""
    again: bool = False
    workers: str = ""


@dataclass(frozen=True)
class EvaluateJob:
    """Score a model on a folder's cases; ``csv`` (may be empty) receives the table.

    ``surfaces``: also measure how far the outlines lie apart. The ``subset`` is that of the split
    beside the model, or beside the model named by ``split``.
    """

    folder: str
    model: str
    subset: Literal["train", "val", "test", "all"] = "test"
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
    subset: Literal["train", "val", "test", "all"] = "test"
    surfaces: bool = True
    device: str = "auto"
    limit: int = 0


@dataclass(frozen=True)
class ImproveJob:
    """Go on training an existing model on corrected cases, and compare it with the new one.

    ``cases`` are names; empty: all cases of the folder whose reference was corrected. ``share`` of
    every batch is drawn from them, the rest from the cases the model knows, so that it forgets
    nothing. ``out`` is the new model's file; ``model`` is never changed. Its split is kept: nothing
    of its validation or test cases is trained on. With neither ``minutes`` nor ``epochs``, the
    time follows from the number of corrected cases. ``surfaces`` also measures distances where the
    two are compared.
    """

    model: str
    folder: str
    out: str
    cases: tuple[str, ...] = ()
    minutes: float = 0.0
    epochs: int = 0
    share: float = 0.25
    seed: int = 0
    device: str = "auto"
    surfaces: bool = True

    @property
    def writes(self) -> str:
        """The model file that the training writes."""
        return self.out


@dataclass(frozen=True)
class RankJob:
    """Tell which cases of a folder are worth correcting next, by what a model is unsure of.

    Cases without a reference are ranked as well; the ``subset`` "all" includes them, as does
    "train", which they would join. ``limit`` (0: none) caps the number of cases.
    """

    folder: str
    model: str
    subset: Literal["train", "val", "test", "all"] = "all"
    limit: int = 0
    device: str = "auto"


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


@dataclass(frozen=True)
class AuditJob:
    """Look at every pixel of a folder's cases for what would spoil training or scores.

    ``split`` is a split file (or the model beside which it lies); with none, the subsets are those
    of the folders ``train``, ``val`` and ``test``, where there are such.
    """

    folder: str
    split: str = ""
    limit: int = 0


@dataclass(frozen=True)
class FetchJob:
    """Download a data set and unpack it.

    ``source`` is a name of `napari_unet.downloads.catalog`, or the address of a file, an article on
    figshare or a file shared on Google Drive. Unless ``agreed``, the job ends after the `Offer`,
    so that a person sees size and licence first. ``out`` is the folder to be made; empty for one
    in the workspace.
    """

    source: str
    out: str = ""
    agreed: bool = False


@dataclass(frozen=True)
class ImportModelJob:
    """Put a copy of a model into the library, once it was tried.

    ``source`` may be of any format of `napari_unet.library.formats` that can be read; ``format``
    names it, empty: told by the ending. Without a ``name`` the model is called as it was.
    """

    source: str
    format: str = ""
    name: str = ""


@dataclass(frozen=True)
class ExportModelJob:
    """Write a model, a file's path or a name of the library, to ``target``.

    ``format`` is one that can be written; empty: told by the target's ending.
    """

    model: str
    target: str
    format: str = ""


@dataclass(frozen=True)
class VerifyModelJob:
    """Read all of a model, a file's path or a name of the library, and run it once."""

    model: str


Job = (
    TrainJob
    | ResumeJob
    | PlanJob
    | AugmentJob
    | SegmentArrayJob
    | SegmentFilesJob
    | EvaluateJob
    | CompareJob
    | ImproveJob
    | RankJob
    | ReportJob
    | AuditJob
    | FetchJob
    | ImportModelJob
    | ExportModelJob
    | VerifyModelJob
)

Training = TrainJob | ResumeJob | ImproveJob
