"""Segmentation as a job: arrays from the viewer, or files from a folder."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from functools import lru_cache
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_unet.data.formats import read_image, stem_of, write_labels
from napari_unet.data.inputs import output_paths
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError, ModelError, readable
from napari_unet.events import (
    CaseDone,
    Event,
    Note,
    Progress,
    SegmentArrayFinished,
    SegmentFilesFinished,
)
from napari_unet.jobs import SegmentArrayJob, SegmentFilesJob
from napari_unet.labelling import label_image
from napari_unet.unet import speed
from napari_unet.unet.file import load_model
from napari_unet.unet.forward import Forward
from napari_unet.unet.mirror import mirrored
from napari_unet.unet.predict import assembled, batch_size, parts, predict
from napari_unet.workspace import atomic

QUICK = 0.3  # seconds an image: of slower networks, nobody waits for a second measurement


class Predictor:
    """A model file, ready to run; see `predictor` for one that stays warm."""

    def __init__(self, path: str | Path, device: str = "auto") -> None:
        model, self.card = load_model(path)
        device = speed.pick_device(device)
        config = self.card.preprocess
        shape = (1, self.card.network.in_channels, *config.size)
        options = speed.candidates(device, "auto", "auto")
        found = speed.choose(model, shape, options, training=False)
        self.batch = batch_size(config, device)
        lanes = (min(self.batch, torch.get_num_threads()), *shape[1:])
        if found.seconds < QUICK:
            found = speed.with_lanes(model, lanes, replace(found, seconds=nan), training=False)
        self.speed = found
        self._forward = Forward(self.speed.place(model), self.speed)

    def run(self, images: Tensor) -> Tensor:
        """Return float32 logits ``(N, K, *S)`` on the CPU for prepared ``(N, C, *S)``."""
        x = self.speed.place(images)
        mirror = self.card.preprocess.mirror
        logits = mirrored(self._forward, x, self.batch) if mirror else self._forward(x)
        return logits.cpu()

    def parts(self, image: NDArray[Any], axes: str) -> int:
        """Return how many results `stream` yields for an image."""
        return parts(axes, image.shape, self.card.preprocess)

    def stream(self, image: NDArray[Any], axes: str) -> Iterator[NDArray[np.uint8]]:
        """Yield the probabilities of each plane, or with a 3D network of each volume, in order.

        They are uint8 ``(K, H, W)`` or ``(K, Z, H, W)``, at the image's own resolution.

        Parameters
        ----------
        image : numpy.ndarray
            One dimension per letter of ``axes``; dask arrays are read piece by piece.
        axes : str
            As in `napari_unet.data.scan.Scan`.

        Raises
        ------
        ModelError
            If the image does not fit the model: its channels, or a picture where the model takes
            volumes.
        """
        if misfit := self.misfit(image.shape, axes):
            raise ModelError(misfit)
        card = self.card
        yield from predict(image, axes, card.image_channels, card.preprocess, self.run, self.batch)

    def volume(self, image: NDArray[Any], axes: str) -> NDArray[np.uint8]:
        """Return the probabilities ``(K, …)`` of an image of any axes; see `stream`.

        Raises
        ------
        ModelError
            As for `stream`.
        """
        spatial = image.shape[: len(axes.removesuffix("c"))]
        return assembled(list(self.stream(image, axes)), spatial)

    def misfit(self, shape: tuple[int, ...], axes: str) -> str:
        """Say why the model cannot segment an image, with what it was trained on; empty if it can.

        Colour is shown to a model of grey images as brightness, grey to one of colour three times.
        """
        name, wanted = self.card.name, self.card.image_channels
        found = shape[-1] if axes.endswith("c") else 1
        if self.card.network.dims == 3 and not axes.removesuffix("c").endswith("zyx"):
            return (
                f"The model {name!r} learned from volumes, but this is a single picture. "
                "Choose a model for pictures."
            )
        if found != wanted and (found, wanted) not in {(3, 1), (4, 1), (4, 3), (1, 3)}:
            return (
                f"The model {name!r} takes images of {wanted} channel{'s' * (wanted > 1)}, "
                f"but this one has {found}."
            )
        return ""


def predictor(path: str | Path, device: str = "auto") -> Predictor:
    """Return the model at ``path``, loaded anew only when the file changed."""
    path = Path(path).absolute()
    try:
        state = path.stat()
    except OSError as e:
        raise ModelError(f"There is no model file {path}.") from e
    return _predictor(path, state.st_mtime_ns, state.st_size, device)


@lru_cache(maxsize=2)
def _predictor(path: Path, changed: int, size: int, device: str) -> Predictor:
    return Predictor(path, device)


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
        yield _progress(len(done), number, start, "segmenting")
    yield SegmentArrayFinished(
        probabilities=assembled(done, job.image.shape[:spatial]),
        threshold=ready.card.threshold,
        seconds=time.monotonic() - start,
        classes=ready.card.classes,
    )


def segment_files(job: SegmentFilesJob) -> Generator[Event, None, None]:
    """Segment files one by one; the last event is `SegmentFilesFinished`.

    A file that cannot be read or segmented is reported, and the rest is done.

    Raises
    ------
    DataError
        If there is nothing to segment, or the results would fall on the images.
    """
    start = time.monotonic()
    targets = output_paths(job.inputs, Path(job.out))
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
        yield _progress(i + 1, len(targets), start, "segmenting")
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


def _progress(done: int, total: int, start: float, what: str) -> Progress:
    elapsed = time.monotonic() - start
    return Progress(done, total, what, elapsed / done * (total - done))
