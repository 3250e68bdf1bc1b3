"""Segmenting arrays and files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from napari_unet.api.pulling import OnEvent, PathLike, finish
from napari_unet.config import CleanUp, SegmentConfig
from napari_unet.events import SegmentArrayFinished, SegmentFilesFinished
from napari_unet.jobs import SegmentArrayJob, SegmentFilesJob
from napari_unet.labelling import label_image


@overload
def segment(
    images: NDArray[Any],
    model: PathLike,
    *,
    channels: bool | None = ...,
    threshold: float | None = ...,
    config: SegmentConfig | None = ...,
    device: str = ...,
    on_event: OnEvent = ...,
) -> NDArray[np.uint8]: ...


@overload
def segment(
    images: PathLike | Sequence[PathLike],
    model: PathLike,
    out: PathLike,
    *,
    threshold: float | None = ...,
    probabilities: bool = ...,
    config: SegmentConfig | None = ...,
    cleanup: CleanUp | None = ...,
    subset: Literal["train", "val", "test", "all"] = ...,
    table: PathLike = ...,
    again: bool = ...,
    workers: str = ...,
    device: str = ...,
    on_event: OnEvent = ...,
) -> SegmentFilesFinished: ...


def segment(
    images: NDArray[Any] | PathLike | Sequence[PathLike],
    model: PathLike,
    out: PathLike | None = None,
    *,
    channels: bool | None = None,
    threshold: float | None = None,
    probabilities: bool = False,
    config: SegmentConfig | None = None,
    cleanup: CleanUp | None = None,
    subset: Literal["train", "val", "test", "all"] = "all",
    table: PathLike = "",
    again: bool = False,
    workers: str = "",
    device: str = "auto",
    on_event: OnEvent = None,
) -> NDArray[np.uint8] | SegmentFilesFinished:
    """Segment an array, or image files into the folder ``out``.

    Parameters
    ----------
    images
        ``(H, W)``, ``(H, W, C)`` or a stack ``(…, H, W)``; or files and folders. A model of
        volumes takes the axis before the height for the depth.
    model
        A model file, or the name of a model of the library, such as ``brain-tumor``.
    channels
        Whether an array's last axis holds channels; None: it does if it has 3 or 4 entries.
    threshold
        Probability from which on a pixel is foreground; None takes the model's own.
    probabilities
        Of files: also write the probabilities, as TIFF of 0…255.
    config
        How the network is asked: over which variants of an image its answers are averaged. Of
        files, an uncertainty is written as TIFF, as probabilities are.
    cleanup
        Of files: what is done to labels after the threshold.
    subset
        Of folders: the images that the split beside the model has there.
    table
        A CSV file to be written: for each image and class its pixels, area or volume, and the
        number of objects.
    again
        Do files anew whose labels are there already from the same image, model and settings.
    workers
        Of files: a Dask cluster to spread the work over: ``dask://host:port``,
        ``dask://file:scheduler.json`` or ``dask://local?workers=2``.

    Returns
    -------
    uint8 labels of the array's spatial shape, or what was written, what was there already and what
    failed.
    """
    if isinstance(images, np.ndarray):
        if channels is None:
            channels = images.ndim >= 3 and images.shape[-1] in (3, 4)
        how = config or SegmentConfig()
        array_job = SegmentArrayJob(str(model), images, channels, device, how)
        found = finish(array_job, SegmentArrayFinished, on_event)
        level = found.threshold if threshold is None else threshold
        return label_image(found.probabilities, level)
    if out is None:
        raise TypeError("segment() of files needs out=, the folder for the results")
    several = [images] if isinstance(images, str | Path) else images
    job = SegmentFilesJob(
        inputs=tuple(map(str, several)),
        model=str(model),
        out=str(out),
        threshold=-1.0 if threshold is None else threshold,
        probabilities=probabilities,
        device=device,
        config=config or SegmentConfig(),
        cleanup=cleanup or CleanUp(),
        subset=subset,
        table=str(table),
        again=again,
        workers=workers,
    )
    return finish(job, SegmentFilesFinished, on_event)
