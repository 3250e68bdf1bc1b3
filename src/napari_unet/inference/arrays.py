"""Segmenting an array, such as a layer of the viewer, as a job."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from contextlib import closing, nullcontext
from typing import Any

import numpy as np

from napari_unet.errors import DataError
from napari_unet.events import Event, Note, Progress, SegmentArrayFinished
from napari_unet.inference.parts import Parts
from napari_unet.inference.predictors import predictor
from napari_unet.inference.progress import segmenting
from napari_unet.inference.results import Kept, Stores, beside, opened, stores
from napari_unet.jobs import SegmentArrayJob
from napari_unet.unet.aside import aside, checkpoint
from napari_unet.unet.faults import out_of_memory

NOTHING = np.zeros(0, np.uint8)


def segment_array(job: SegmentArrayJob) -> Generator[Event, None, None]:
    """Segment an array, slice by slice or as volumes; the last event is `SegmentArrayFinished`.

    The work is done in a thread: if this is closed, it stops at the next strip or batch, and there
    is no result, neither in part nor at ``job.out``.

    Raises
    ------
    DataError
        If the array is no image, or a result cannot be written.
    ModelError
        If the model cannot be read or does not fit the image.
    """
    work = _Work(job)
    yield work.progress()
    with closing(aside(work.run, work.told)) as waiting:
        finished = yield from _each(waiting)
    yield from work.told()[:-1]
    yield Progress(work.total, work.total, "segmenting", 0.0)
    yield finished


def _each(
    waiting: Generator[list[Event], None, SegmentArrayFinished],
) -> Generator[Event, None, SegmentArrayFinished]:
    """Yield events that come several at a time."""
    while True:
        try:
            events = next(waiting)
        except StopIteration as end:
            finished: SegmentArrayFinished = end.value
            return finished
        yield from events


class _Work:
    """What is done aside, and what can be told of it meanwhile."""

    def __init__(self, job: SegmentArrayJob) -> None:
        self.job = job
        self.start = time.monotonic()
        self.begun = 0.0  # when the model was ready
        self.done, self.total = 0.0, 1
        self.parts = Parts()
        self._notes: list[Event] = []

    def told(self) -> list[Event]:
        """Return what has not been told yet; the last is how far it is."""
        notes, self._notes = self._notes, []
        return [*notes, *self.parts.taken(), self.progress()]

    def progress(self) -> Progress:
        if not self.begun:
            return Progress(0, 1, "loading the model")
        if not self.done:
            return Progress(0, self.total, "segmenting")
        return segmenting(self.done, self.total, self.begun)

    def run(self) -> SegmentArrayFinished:
        """Segment; see `segment_array`."""
        job = self.job
        ready = predictor(job.model, job.device, job.soon)
        image = opened(job.store) if job.store else job.image
        spatial = image.ndim - job.channels
        if spatial < 2 or not math.prod(image.shape):
            raise DataError(f"An array of shape {image.shape} is no image.")
        axes = ("t" * spatial + "zyx")[-spatial:] + "c" * job.channels
        shape, dims = image.shape[:spatial], ready.card.network.dims
        self.total = max(ready.parts(image, axes), 1)
        self.begun = time.monotonic()
        found = ready.pieces(image, axes, job.config, self._tell)
        planes, unsure = ready.card.network.out_channels, job.config.uncertainty
        made: Any = (
            stores(job.out, shape, planes, unsure, dims)
            if job.out
            else nullcontext(Kept(shape, planes, unsure))
        )
        with made as results:
            self._gather(found, results, math.prod(shape))
        kept = results if isinstance(results, Kept) else None
        return SegmentArrayFinished(
            probabilities=NOTHING if kept is None else kept.probabilities,
            threshold=ready.card.threshold,
            seconds=time.monotonic() - self.start,
            classes=ready.card.classes,
            uncertainty=None if kept is None else kept.uncertainty,
            store=job.out,
            uncertainty_store=str(beside(job.out)) if job.out and unsure else "",
        )

    def _gather(self, found: Any, results: Kept | Stores, pixels: int) -> None:
        """Put every piece where it belongs.

        Raises
        ------
        MemoryError
            If the device has not enough for even the smallest part.
        """
        seen = 0
        try:
            for piece in found:
                checkpoint()
                results.add(piece)
                seen += math.prod(piece.shape)
                self.done = self.total * seen / pixels
                if seen < pixels:
                    self.parts.add(piece.start, piece.probabilities)
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            raise MemoryError(str(error)) from error

    def _tell(self, text: str) -> None:
        self._notes.append(Note(text, warning=True))
