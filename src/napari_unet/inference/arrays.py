"""Segmenting an array, such as a layer of the viewer, as a job."""

from __future__ import annotations

import time
from collections.abc import Generator

from napari_unet.errors import DataError
from napari_unet.events import Event, Progress, SegmentArrayFinished
from napari_unet.inference.predictors import predictor
from napari_unet.inference.progress import segmenting
from napari_unet.jobs import SegmentArrayJob
from napari_unet.unet.predict import assembled


def segment_array(job: SegmentArrayJob) -> Generator[Event, None, None]:
    """Segment an array, slice by slice or as volumes; the last event is `SegmentArrayFinished`.

    Raises
    ------
    DataError
        If the array is no image.
    ModelError
        If the model cannot be read or does not fit the image.
    """
    start = time.monotonic()
    yield Progress(0, 1, "loading the model")
    ready = predictor(job.model, job.device)
    spatial = job.image.ndim - job.channels
    if spatial < 2 or not job.image.size:
        raise DataError(f"An array of shape {job.image.shape} is no image.")
    axes = ("t" * spatial + "zyx")[-spatial:] + "c" * job.channels
    number = ready.parts(job.image, axes)
    done = []
    for one in ready.stream(job.image, axes):
        done.append(one)
        yield segmenting(len(done), number, start)
    yield SegmentArrayFinished(
        probabilities=assembled(done, job.image.shape[:spatial]),
        threshold=ready.card.threshold,
        seconds=time.monotonic() - start,
        classes=ready.card.classes,
    )
