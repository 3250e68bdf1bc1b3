"""One image file: read, segmented, cleaned, written, measured."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.cleaning import number, tidy
from napari_unet.config import CleanUp
from napari_unet.data.formats import read_image, stem_of, write_labels
from napari_unet.data.inputs import Source
from napari_unet.data.readers.memory import load
from napari_unet.data.readers.writers import writing
from napari_unet.data.scan import Scan
from napari_unet.errors import DiskError, readable
from napari_unet.events import Segmented
from napari_unet.inference.predictors import Predictor, predictor
from napari_unet.inference.records import Found, Records, set_aside
from napari_unet.labelling import label_image
from napari_unet.sizes import measure
from napari_unet.unet.predict import assembled
from napari_unet.workspace import atomic

PICTURES = (".png", ".tif")  # what picture viewers open


@dataclass(frozen=True)
class Settings:
    """What all files of a run share."""

    model: str
    name: str  # of the model, for people
    threshold: float
    probabilities: bool = False
    device: str = "auto"
    cleanup: CleanUp = field(default_factory=CleanUp)


@dataclass(frozen=True)
class Task:
    """One image, where its labels go, how they are made, and where that is noted."""

    source: Source
    target: Path
    settings: Settings
    records: Records


def read(task: Task) -> Scan:
    """Read the image into the memory.

    Raises
    ------
    DataError
        If it cannot be read, or does not fit.
    """
    scan = read_image(task.source.path, task.source.axes)
    return replace(scan, array=load(scan.array), levels=())


def attempt(task: Task) -> Segmented:
    """Read and segment an image, in one go; what goes wrong with it is told in the result.

    Raises
    ------
    DiskError
        If no result can be written any more.
    """
    try:
        return done(segment(task, read(task)))
    except DiskError as e:
        if e.final:
            raise
        return failed(task, str(e))
    except Exception as e:  # readers and networks raise anything; the rest is to be done
        return failed(task, str(readable(e)))


def done(work: Generator[float, None, Segmented]) -> Segmented:
    """Go through with `segment`."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: Segmented = end.value
            return result


def segment(task: Task, scan: Scan) -> Generator[float, None, Segmented]:
    """Segment an image that was read; yield how much of it is done, 0 to 1.

    Raises
    ------
    ModelError
        If the model cannot be read or does not fit the image.
    DataError
        If the labels cannot be written.
    """
    start = time.monotonic()
    ready = predictor(task.settings.model, task.settings.device)
    count = ready.parts(scan.array, scan.axes)
    parts = []
    for part in ready.stream(scan.array, scan.axes):
        parts.append(part)
        yield len(parts) / max(count, 1)
    found = assembled(parts, scan.spatial)
    return finish(task, scan, found, ready, start)


def finish(
    task: Task, scan: Scan, found: NDArray[np.uint8], ready: Predictor, start: float
) -> Segmented:
    """Make labels of probabilities ``(K, …)``, write them and note that."""
    settings, target = task.settings, task.target
    labels = label_image(found, settings.threshold)
    planes = "z" not in scan.axes
    spacing = scan.spacing
    classes = tidy(labels, settings.cleanup, spacing, planes)
    sizes = measure(classes, ready.card.classes, scan)
    written: NDArray[Any] = classes
    if settings.cleanup.objects != "classes":
        written, _ = number(classes, settings.cleanup.objects == "watershed", spacing, planes)
    elif len(found) == 1 and labels.ndim == 2 and target.suffix in PICTURES:
        # A binary mask is written as 0 and 255: every picture viewer then shows it.
        # A volume is not looked at in picture viewers, and its programs expect 1.
        written = classes * 255
    make_room(task)
    write_labels(target, written, scan)
    if settings.probabilities:
        _write_probabilities(target, found)
    return note(task, time.monotonic() - start, sizes)


def make_room(task: Task) -> None:
    """Give what lies where labels go, and is not ours, another name."""
    if task.target.exists() and not task.records.ours(task.target):
        with writing(task.target):
            set_aside(task.target)


def note(task: Task, seconds: float, sizes: Any) -> Segmented:
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


def _write_probabilities(target: Path, found: NDArray[np.uint8]) -> None:
    import tifffile

    path = target.with_name(f"{stem_of(target)}.probabilities.tif")
    with writing(path), atomic(path) as temporary:
        planes = found[0] if len(found) == 1 else found
        tifffile.imwrite(temporary, planes, compression="zlib", photometric="minisblack")
