"""One image file: read, segmented, cleaned, written, measured."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.cleaning import number, tidy
from napari_unet.config import CleanUp, SegmentConfig
from napari_unet.data.formats import read_image, stem_of, write_labels
from napari_unet.data.inputs import Source
from napari_unet.data.readers.memory import LAZY_FROM, load, nbytes
from napari_unet.data.readers.writers import writing
from napari_unet.data.scan import Scan
from napari_unet.errors import DiskError, readable
from napari_unet.events import ClassSize, Segmented
from napari_unet.inference.predictors import predictor
from napari_unet.inference.records import Found, Records, set_aside
from napari_unet.inference.results import Kept
from napari_unet.labelling import label_image
from napari_unet.sizes import measure
from napari_unet.unet.aside import AbandonedError, checkpoint
from napari_unet.workspace import atomic

Share = Callable[[float], None]

PICTURES = (".png", ".tif")  # what picture viewers open


@dataclass(frozen=True)
class Settings:
    """What all files of a run share."""

    model: str
    name: str  # of the model, for people
    threshold: float
    probabilities: bool = False
    device: str = "auto"
    config: SegmentConfig = field(default_factory=SegmentConfig)
    cleanup: CleanUp = field(default_factory=CleanUp)


@dataclass(frozen=True)
class Task:
    """One image, where its labels go, how they are made, and where that is noted."""

    source: Source
    target: Path
    settings: Settings
    records: Records


def nobody(_: float) -> None:
    """Be told how much is done, and tell nobody."""


def read(task: Task) -> Scan:
    """Read the image into the memory, or as a lazy array where it is large.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    scan = read_image(task.source.path, task.source.axes)
    large = nbytes(scan.array.shape, scan.array.dtype) > LAZY_FROM
    return replace(scan, array=scan.array if large else load(scan.array), levels=())


def guarded(task: Task, work: Callable[[], Segmented]) -> Segmented:
    """Return what ``work`` makes of an image, or why it could not.

    Raises
    ------
    DiskError
        If no result can be written any more.
    AbandonedError
        If nobody waits for it any more.
    """
    try:
        return work()
    except AbandonedError:
        raise
    except DiskError as e:
        if e.final:
            raise
        return failed(task, str(e))
    except Exception as e:  # readers and networks raise anything; the rest is to be done
        return failed(task, str(readable(e)))


def segment(task: Task, scan: Scan, share: Share = nobody) -> Segmented:
    """Segment an image that was read; ``share`` is told how much of it is done, 0 to 1.

    Raises
    ------
    ModelError
        If the model cannot be read or does not fit the image.
    DataError
        If the labels cannot be written.
    """
    start, settings = time.monotonic(), task.settings
    ready = predictor(settings.model, settings.device)
    labels = np.empty(scan.spatial, np.uint8)
    planes = ready.card.network.out_channels if settings.probabilities else 0
    kept = Kept(scan.spatial, planes, settings.config.uncertainty)
    done = 0
    for piece in ready.pieces(scan.array, scan.axes, settings.config):
        checkpoint()
        labels[piece.box] = label_image(piece.probabilities, settings.threshold)
        if planes:
            kept.probabilities[:, *piece.box] = piece.probabilities
        if kept.uncertainty is not None and piece.uncertainty is not None:
            kept.uncertainty[piece.box] = piece.uncertainty
        done += math.prod(piece.shape)
        share(done / labels.size)
    sizes = _finish(task, scan, labels, ready.card.classes)
    if planes:
        found = kept.probabilities[0] if planes == 1 else kept.probabilities
        _write_picture(task.target, "probabilities", found)
    if kept.uncertainty is not None:
        _write_picture(task.target, "uncertainty", kept.uncertainty)
    return note(task, time.monotonic() - start, sizes)


def _finish(
    task: Task, scan: Scan, labels: NDArray[np.uint8], names: Sequence[str]
) -> tuple[ClassSize, ...]:
    """Clean labels up, write them, and return what they measure."""
    classes, written = cleaned(labels, task.settings.cleanup, scan)
    sizes = measure(classes, names, scan)
    lone = len(names) == 1 and written is classes
    if lone and labels.ndim == 2 and task.target.suffix in PICTURES:
        # A binary mask is written as 0 and 255: every picture viewer then shows it.
        # A volume is not looked at in picture viewers, and its programs expect 1.
        written = classes * 255
    make_room(task)
    write_labels(task.target, written, scan)
    return sizes


def cleaned(labels: NDArray[Any], cleanup: CleanUp, scan: Scan) -> tuple[NDArray[Any], ...]:
    """Return the cleaned classes, and what is written: the same, or the objects' numbers."""
    planes = "z" not in scan.axes
    classes = tidy(labels, cleanup, scan.spacing, planes)
    if cleanup.objects == "classes":
        return classes, classes
    parted = cleanup.objects == "watershed"
    return classes, number(classes, parted, scan.spacing, planes)[0]


def make_room(task: Task) -> None:
    """Give what lies where labels go, and is not ours, another name."""
    if task.target.exists() and not task.records.ours(task.target):
        with writing(task.target):
            set_aside(task.target)


def note(task: Task, seconds: float, sizes: tuple[ClassSize, ...]) -> Segmented:
    """Return what became of an image, and keep a record of it."""
    settings = task.settings
    result = Segmented(
        image=str(task.source.path),
        labels=str(task.target),
        patient=task.source.patient,
        model=settings.name,
        threshold=settings.threshold,
        seconds=seconds,
        sizes=sizes,
    )
    with writing(task.target):
        task.records.keep(task.source.path, task.target, result)
    return result


def skipped(task: Task, found: Found) -> Segmented:
    """Return what an earlier run made of an image; sizes only if its labels are as they were."""
    return replace(
        found.result,
        image=str(task.source.path),
        labels=str(task.target),
        patient=task.source.patient,
        sizes=() if found.changed else found.result.sizes,
        skipped=True,
    )


def failed(task: Task, error: str) -> Segmented:
    """Return what became of an image that could not be segmented."""
    settings = task.settings
    return Segmented(
        image=str(task.source.path),
        labels="",
        patient=task.source.patient,
        model=settings.name,
        threshold=settings.threshold,
        seconds=0.0,
        error=error,
    )


def _write_picture(target: Path, what: str, values: NDArray[np.uint8]) -> None:
    import tifffile

    path = target.with_name(f"{stem_of(target)}.{what}.tif")
    with writing(path), atomic(path) as temporary:
        tifffile.imwrite(temporary, values, compression="zlib", photometric="minisblack")
