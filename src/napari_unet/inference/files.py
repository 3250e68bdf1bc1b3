"""Segmenting image files into a folder, as a job."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.formats import read_image, stem_of, write_labels
from napari_unet.data.inputs import find_sources, output_paths
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError, ModelError, readable
from napari_unet.events import CaseDone, Event, Note, Progress, SegmentFilesFinished
from napari_unet.inference.predictors import predictor
from napari_unet.inference.progress import segmenting
from napari_unet.jobs import SegmentFilesJob
from napari_unet.labelling import label_image
from napari_unet.workspace import atomic


def segment_files(job: SegmentFilesJob) -> Generator[Event, None, None]:
    """Segment files one by one; the last event is `SegmentFilesFinished`.

    A file that cannot be read or segmented is reported, and the rest is done.

    Raises
    ------
    DataError
        If there is nothing to segment, or the results would fall on the images.
    """
    start = time.monotonic()
    sources = find_sources(job.inputs, Path(job.out))
    targets = output_paths(sources, Path(job.out))
    yield Progress(0, len(targets), "loading the model")
    ready = predictor(job.model, job.device)
    threshold = job.threshold if job.threshold >= 0 else ready.card.threshold
    yield Note(f"{len(targets)} images, {ready.speed.words()}, threshold {threshold:g}")
    written, failed = [], {}
    for i, (source, target) in enumerate(targets.items()):
        try:
            scan = read_image(source)
            found = ready.volume(scan.array, scan.axes)
            _write(target, found, threshold, job.probabilities, scan)
        except (DataError, ModelError, MemoryError) as e:
            failed[str(source)] = str(readable(e))
            yield CaseDone(str(source), error=failed[str(source)])
        else:
            written.append(str(target))
            yield CaseDone(str(source), path=str(target))
        yield segmenting(i + 1, len(targets), start)
    yield SegmentFilesFinished(tuple(written), failed, time.monotonic() - start)


def _write(
    target: Path,
    found: NDArray[np.uint8],
    threshold: float,
    with_probabilities: bool,
    scan: Scan,
) -> None:
    labels = label_image(found, threshold)
    # A binary mask is written as 0 and 255: every picture viewer then shows it.
    # A volume is not looked at in picture viewers, and its programs expect 1.
    shown = len(found) == 1 and labels.ndim == 2
    write_labels(target, labels * 255 if shown else labels, scan)
    if with_probabilities:
        import tifffile

        with atomic(target.with_name(f"{stem_of(target)}.probabilities.tif")) as path:
            planes = found[0] if len(found) == 1 else found
            tifffile.imwrite(path, planes, compression="zlib", photometric="minisblack")
