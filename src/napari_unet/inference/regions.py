"""A scan in a Zarr store that is larger than the memory, segmented region by region.

Regions end where the chunks of the labels do, so that several processes can write at once, and are
the same however many do. Each is seen with all of its surroundings that the network looks at, so
that regions leave no seam. The labels lie in a hidden folder until the last region is done; a run
that was stopped goes on with those that are missing.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from napari_unet.data.formats import read_image
from napari_unet.data.readers.memory import LAZY_FROM, SHARE, nbytes
from napari_unet.data.readers.writers import writing
from napari_unet.data.readers.zarr_labels import create, replace_store
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError
from napari_unet.events import ClassSize, Segmented
from napari_unet.inference import single
from napari_unet.inference.predictors import predictor
from napari_unet.inference.records import state
from napari_unet.inference.single import (
    Share,
    Task,
    cleaned,
    guarded,
    make_room,
    nobody,
    note,
    read,
)
from napari_unet.labelling import count_classes, label_image
from napari_unet.sizes import measure, pixel
from napari_unet.unet.aside import checkpoint
from napari_unet.unet.predict import Scales
from napari_unet.workspace import atomic

PIXELS = {2: 1 << 24, 3: 1 << 26}  # of a region, by the network's dimensions
BYTES = 16  # for each pixel, to clean labels up, number and measure them
COUNTED = 1 << 30  # bytes that this may take if nobody asked for a clean-up: memory stays flat
STORE, DONE = "labels", "done"  # within the hidden folder

Bounds = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Region:
    """A part of a scan: the first and last pixel along every axis but the channels'."""

    task: Task
    bounds: Bounds
    number: int


def streamed(task: Task, scan: Scan) -> bool:
    """Say whether a scan is to be segmented region by region."""
    large = nbytes(scan.array.shape, scan.array.dtype) > LAZY_FROM
    return scan.lazy and large and task.target.suffix == ".zarr"


def attempt(
    task: Task, reading: Callable[[], Scan] | None = None, share: Share = nobody
) -> Segmented:
    """Read and segment an image of any size; what goes wrong with it is told in the result.

    Raises
    ------
    DiskError, AbandonedError
        As for `single.guarded`.
    """

    def work() -> Segmented:
        scan = read(task) if reading is None else reading()
        one = segment if streamed(task, scan) else single.segment
        return one(task, scan, share)

    return guarded(task, work)


def segment(task: Task, scan: Scan, share: Share) -> Segmented:
    """Segment a scan in this process; ``share`` is told how much of it is done, 0 to 1.

    Raises
    ------
    DataError
        As for `begin`, `segment_region` and `end`.
    """
    start = time.monotonic()
    left = begin(task, scan)
    for i, region in enumerate(left, start=1):
        segment_region(region)
        share(i / len(left))
    return end(task, scan, time.monotonic() - start)


def begin(task: Task, scan: Scan) -> list[Region]:
    """Make the store for the labels, or find that of a run that was stopped; return what is left.

    Raises
    ------
    DataError
        If what is asked for needs all labels in memory and they do not fit, or the disk refuses.
    ModelError
        If the model does not fit the image.
    """
    settings = task.settings
    if settings.probabilities or settings.config.uncertainty:
        raise DataError(
            f"{task.source.path.name} is segmented piece by piece: only its labels are written, "
            "neither probabilities nor uncertainty."
        )
    if settings.cleanup and not _fits(scan):
        raise DataError(
            f"Cleaning up the labels of {task.source.path.name} needs them all in memory, and they "
            "do not fit. Leave the clean-up out."
        )
    ready = predictor(settings.model, settings.device)
    if misfit := ready.misfit(scan.array.shape, scan.axes):
        raise DataError(misfit)
    folder = _folder(task)
    with writing(task.target):
        chunks = _made(task, scan, folder)
        dims = ready.card.network.dims
        bounds = divided(scan.spatial, chunks, ready.whole_axes(scan.axes), PIXELS[dims])
        regions = [Region(task, b, i) for i, b in enumerate(bounds)]
        return [r for r in regions if not _count_file(folder, r.number).exists()]


def _made(task: Task, scan: Scan, folder: Path) -> tuple[int, ...]:
    """Make the store, unless it is there for the same image and settings; return its chunks."""
    import zarr

    wanted = {"image": state(task.source.path), "settings": dict(task.records.settings)}
    mark = folder / "mark.json"
    if mark.is_file() and json.loads(mark.read_text(encoding="utf-8")) == wanted:
        array = zarr.open_array(folder / STORE, path="0", mode="r")
    else:
        shutil.rmtree(folder, ignore_errors=True)
        (folder / DONE).mkdir(parents=True)
        array = create(folder / STORE, scan.spatial, np.uint8, scan)
        with atomic(mark) as temporary:
            temporary.write_text(json.dumps(wanted), encoding="utf-8")
    return tuple(array.chunks)


def divided(shape: Sequence[int], chunks: Sequence[int], whole: int, most: int) -> Iterator[Bounds]:
    """Yield regions of whole chunks that cover an image, in order.

    Parameters
    ----------
    shape, chunks : sequence of int
        Of the labels.
    whole : int
        So many of the last axes are not divided.
    most : int
        Pixels of a region, roughly; a chunk may hold more.
    """
    first = len(shape) - whole
    sides = [
        min(c, n) if a < first else n for a, (c, n) in enumerate(zip(chunks, shape, strict=True))
    ]
    able = {a for a in range(first) if sides[a] < shape[a]}
    while able:
        # The shortest side first: compact regions share the least of their surroundings.
        axis = min(able, key=lambda a: (sides[a], -a))
        grown = min(2 * sides[axis], shape[axis])
        if math.prod(sides) // sides[axis] * grown > most:
            able.discard(axis)
            continue
        sides[axis] = grown
        if grown == shape[axis]:
            able.discard(axis)
    cuts = [range(0, n, side) for n, side in zip(shape, sides, strict=True)]
    for corner in product(*cuts):
        yield tuple(
            (start, min(start + side, n))
            for start, side, n in zip(corner, sides, shape, strict=True)
        )


def segment_region(region: Region) -> None:
    """Segment one region, write its labels, and note how much of it each class covers.

    Raises
    ------
    DataError
        If the image cannot be read, or the labels not written.
    """
    import zarr

    task, settings = region.task, region.task.settings
    ready = predictor(settings.model, settings.device)
    source = task.source
    scan, scales = _opened(source.path, source.axes, tuple(state(source.path)))
    box = tuple(slice(a, b) for a, b in region.bounds)
    labels = np.empty([b - a for a, b in region.bounds], np.uint8)
    for piece in ready.region(scan.array, scan.axes, box, scales, settings.config):
        checkpoint()
        inside = (
            slice(p.start - b.start, p.stop - b.start) for p, b in zip(piece.box, box, strict=True)
        )
        labels[tuple(inside)] = label_image(piece.probabilities, settings.threshold)
    folder = _folder(task)
    with writing(task.target):
        zarr.open_array(folder / STORE, path="0", mode="r+")[box] = labels
        counts = list(_counts(labels, region, scan.axes, len(ready.card.classes)))
        with atomic(_count_file(folder, region.number)) as temporary:
            temporary.write_text(json.dumps(counts), encoding="utf-8")


@lru_cache(maxsize=1)
def _opened(path: Path, axes: str, changed: tuple[int, ...]) -> tuple[Scan, Scales]:
    """Return a scan, and the scales of its intensities that were measured so far."""
    return replace(read_image(path, axes), levels=()), {}


def _counts(labels: Any, region: Region, axes: str, classes: int) -> Iterator[list[int]]:
    """Yield time, class and pixels."""
    timed = axes.startswith("t")
    first = region.bounds[0][0] if timed else -1
    for i, space in enumerate(labels if timed else labels[None]):
        for number, pixels in enumerate(count_classes(space, classes).tolist(), start=1):
            yield [first + i if timed else -1, number, pixels]


def end(task: Task, scan: Scan, seconds: float) -> Segmented:
    """Put the labels in their place once all regions are done; clean up and measure if they fit.

    Raises
    ------
    DataError
        If the disk refuses.
    """
    import zarr

    folder = _folder(task)
    names = predictor(task.settings.model, task.settings.device).card.classes
    with writing(task.target):
        if _fits(scan, None if task.settings.cleanup else COUNTED):
            stored = zarr.open_array(folder / STORE, path="0", mode="r+")
            classes, written = cleaned(np.asarray(stored[...]), task.settings.cleanup, scan)
            sizes = measure(classes, names, scan)
            if task.settings.cleanup:
                shutil.rmtree(folder / STORE)
                kind = np.min_scalar_type(int(written.max(initial=0)))
                create(folder / STORE, scan.spatial, kind, scan)[...] = written
        else:
            sizes = _sizes(folder, names, scan)
        make_room(task)
        replace_store(folder / STORE, task.target)
        shutil.rmtree(folder)
    return note(task, seconds, sizes)


def _sizes(folder: Path, names: Sequence[str], scan: Scan) -> tuple[ClassSize, ...]:
    """Add up what was counted in the regions; objects that lie in several cannot be counted."""
    total: dict[tuple[int, int], int] = {}
    for file in (folder / DONE).iterdir():
        for when, label, pixels in json.loads(file.read_text(encoding="utf-8")):
            total[when, label] = total.get((when, label), 0) + pixels
    space = math.prod(scan.spatial[1:] if scan.axes.startswith("t") else scan.spatial)
    area, volume = pixel(scan)
    return tuple(
        ClassSize(names[label - 1], n, n / space, -1, n * area, n * volume, when)
        for (when, label), n in sorted(total.items())
    )


def _fits(scan: Scan, most: int | None = None) -> bool:
    """Whether all labels can be cleaned up and measured in memory, and in ``most`` bytes of it."""
    import psutil

    room = SHARE * int(psutil.virtual_memory().available)
    return BYTES * math.prod(scan.spatial) < (room if most is None else min(most, room))


def _folder(task: Task) -> Path:
    return task.target.with_name(f".{task.target.name}.unfinished")


def _count_file(folder: Path, number: int) -> Path:
    return folder / DONE / f"{number}.json"
