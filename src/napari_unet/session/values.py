"""What a session holds: messages, what runs, models, images, results, scores; all frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from napari_unet.events import CaseScore, EvaluateFinished, Progress
from napari_unet.jobs import Job, Training
from napari_unet.labelling import label_image
from napari_unet.metrics import summarise
from napari_unet.session.kept import Kept

Lane = Literal["train", "interactive"]
Place = Literal[
    "dataset",
    "train",
    "segment",
    "batch",
    "correct",
    "evaluate",
    "runs",
    "models",
    "augment",
]
LANES: tuple[Lane, ...] = ("train", "interactive")
PLANNED = "Split planned for training"


@dataclass(frozen=True)
class Message:
    """Something to be read in one of the widgets; an empty text clears it."""

    text: str = ""
    kind: Literal["error", "warning", "info"] = "error"


@dataclass(frozen=True)
class Busy:
    """What one lane is doing; ``place`` is the widget that asked for it.

    ``job`` is None while it is still being made. ``asked`` says what was asked of the job and has
    not happened yet, such as "Pausing".
    """

    title: str
    place: Place
    progress: Progress | None = None
    stopping: bool = False
    job: Job | None = None
    paused: bool = False
    asked: str = ""

    @property
    def trains(self) -> bool:
        """Whether a model is being trained, which can be paused."""
        return isinstance(self.job, Training)


@dataclass(frozen=True)
class ImageFacts:
    """What must be known of an open image to tell whether a model fits it.

    ``shape`` leaves out the colour channel, ``channels`` counts it (1 for grey). ``axes`` are the
    names of the axes of ``shape``, as far as they are known.
    """

    id: str
    name: str
    shape: tuple[int, ...]
    channels: int = 1
    axes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """The kept probabilities of one image, from which any threshold's labels are made.

    What they are is told in `SegmentArrayFinished`. They are either ``kept`` in memory or, where
    that is too small, in the Zarr array ``store`` on disk. ``uncertain`` is uint8 ``(..., H, W)``.
    """

    image: str
    model: str
    modified: float
    kept: Kept | None
    classes: tuple[str, ...]
    threshold: float
    store: str = ""
    uncertain: Kept | None = None
    uncertain_store: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the probabilities ``(K, ..., H, W)``."""
        return tuple((self.kept or self.probabilities).shape)

    @property
    def lazy(self) -> bool:
        """Whether everything made of the probabilities is a dask array, computed when looked at."""
        return self.kept is None

    @property
    def probabilities(self) -> Any:
        """The probabilities ``(K, ..., H, W)``: uint8, as numpy or dask array."""
        if self.kept is not None:
            return self.kept.array
        import dask.array as da

        array = da.from_zarr(self.store)  # type: ignore[no-untyped-call]
        return array.rechunk({0: -1})  # a pixel's classes together

    @property
    def uncertainty(self) -> Any:
        """How far averaged views disagree ``(..., H, W)``, None if that was not asked for."""
        if self.uncertain_store:
            import dask.array as da

            return da.from_zarr(self.uncertain_store)  # type: ignore[no-untyped-call]
        return self.uncertain.array if self.uncertain is not None else None

    @property
    def binary(self) -> bool:
        """Whether one threshold decides; else each class may have its own."""
        return self.shape[0] == 1

    @property
    def nbytes(self) -> int:
        """How many bytes of memory this takes while it rests."""
        return sum(kept.nbytes for kept in (self.kept, self.uncertain) if kept is not None)

    def rest(self) -> None:
        """Keep it compressed only: nobody works with it for now."""
        for kept in (self.kept, self.uncertain):
            if kept is not None:
                kept.rest()

    def labels(self, threshold: float, thresholds: Sequence[float] = ()) -> Any:
        """Return the label image ``(..., H, W)``: 0 is background, ``i + 1`` is ``classes[i]``.

        See `label_image`. Lazy where the result is.
        """
        planes = self.probabilities
        if not self.lazy:
            return label_image(planes, threshold, thresholds)
        args = (threshold, tuple(thresholds))
        return planes.map_blocks(label_image, *args, dtype=np.uint8, drop_axis=0)


@dataclass(frozen=True)
class Sheet:
    """The scores of one evaluation, and what they are scores of.

    ``finished`` is what the evaluation told last; None while it is not complete. ``before`` has,
    by name, the evaluation's own score of each case whose score changed since, by hand.
    """

    root: str
    model: str
    modified: float
    subset: str
    scores: tuple[CaseScore, ...] = ()
    before: Mapping[str, CaseScore] = field(default_factory=dict)
    finished: EvaluateFinished | None = None

    @property
    def complete(self) -> bool:
        """Whether every case has been evaluated."""
        return self.finished is not None

    @cached_property
    def summary(self) -> Mapping[str, Any] | None:
        """What sums up the scores as they are now; None while the evaluation is not complete.

        Made when it is asked for: it takes longer than there is between two strokes of a brush.
        """
        if self.finished is None or not self.before:
            return self.finished.summary if self.finished is not None else None
        return summarise(self.scores)

    @property
    def evaluated(self) -> EvaluateFinished | None:
        """The evaluation with the scores as they are now; None while it is not complete."""
        if self.finished is None or self.summary is None:
            return None
        return replace(self.finished, scores=self.scores, summary=self.summary)
