"""Segmentation as a job: arrays from the viewer, or files from a folder."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_unet.data.formats import fit_channels, read_image, stem_of, write_labels
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
from napari_unet.labelling import label_image, quantise
from napari_unet.unet import speed
from napari_unet.unet.file import load_model
from napari_unet.unet.mirror import mirrored
from napari_unet.unet.model import probabilities
from napari_unet.unet.preprocess import Fit, prepare
from napari_unet.unet.tiles import tiled
from napari_unet.workspace import atomic

BATCH = {"cpu": 8}
BATCH_GPU = 32


class Predictor:
    """A model file, ready to run; see `predictor` for one that stays warm."""

    def __init__(self, path: str | Path, device: str = "auto") -> None:
        model, self.card = load_model(path)
        device = speed.pick_device(device)
        self.size = self.card.preprocess.size
        shape = (1, self.card.network.in_channels, *self.size)
        options = speed.candidates(device, "auto", "auto")
        self.speed = speed.choose(model, shape, options, training=False)
        self.model = self.speed.place(model)
        self.batch = BATCH.get(device, BATCH_GPU)

    def run(self, images: Tensor) -> Tensor:
        """Return float32 logits ``(N, K, H, W)`` on the CPU for prepared ``(N, C, H, W)``."""
        with torch.inference_mode():
            x = self.speed.place(images)
            return mirrored(self._logits, x) if self.card.preprocess.mirror else self._logits(x)

    def _logits(self, images: Tensor) -> Tensor:
        with self.speed.autocast():
            logits: Tensor = self.model(self.speed.place(images))
        return logits.float().cpu()

    def stream(self, images: Iterable[NDArray[Any]]) -> Iterator[NDArray[np.uint8]]:
        """Yield each image's probabilities as uint8 ``(K, H, W)``, at its own resolution.

        Raises
        ------
        ModelError
            If an image's channels do not fit the model.
        """
        todo = iter(images)
        while group := list(islice(todo, self._group)):
            prepared = [prepare(self.channels(i), self.card.preprocess) for i in group]
            yield from (quantise(p.numpy()) for p in self._probabilities(prepared))

    def volume(self, image: NDArray[Any], axes: str) -> NDArray[np.uint8]:
        """Return the probabilities ``(K, …)`` of an image of any axes, plane by plane.

        Parameters
        ----------
        image : numpy.ndarray
            One dimension per letter of ``axes``; dask arrays are read plane by plane.
        axes : str
            As in `napari_unet.data.scan.Scan`.

        Raises
        ------
        ModelError
            If the image's channels do not fit the model.
        """
        leading = image.shape[: len(axes.removesuffix("c")) - 2]
        planes = (np.asarray(image[index]) for index in np.ndindex(leading))
        stacked = np.stack(list(self.stream(planes)), axis=1)
        return stacked.reshape(len(stacked), *leading, *stacked.shape[-2:])

    @property
    def _group(self) -> int:
        return self.batch if self.card.preprocess.mode == "whole" else 1

    def _probabilities(self, prepared: list[tuple[Tensor, Fit]]) -> Iterator[Tensor]:
        if self.card.preprocess.mode == "whole":
            logits = self.run(torch.stack([x for x, _ in prepared]))
            parts = [fit.undo(one[None]) for one, (_, fit) in zip(logits, prepared, strict=True)]
        else:
            parts = [self._tiled(x)[None] for x, _ in prepared]
        for part in parts:
            yield probabilities(part)[0]

    def _tiled(self, image: Tensor) -> Tensor:
        *_, logits = tiled(image, self.size, self.run, self.batch)
        assert isinstance(logits, Tensor)
        return logits

    def channels(self, image: NDArray[Any]) -> NDArray[Any]:
        """Return the image with the channels the model takes: colour as grey, or grey as colour.

        Raises
        ------
        ModelError
            If it cannot; the message says what the model was trained on.
        """
        wanted = self.card.network.in_channels
        if image.ndim == 3 and image.shape[2] == 4 and wanted != 4:
            image = image[..., :3]  # alpha is no colour
        try:
            return fit_channels(image, wanted, "The image")
        except DataError as e:
            found = image.shape[2] if image.ndim == 3 else 1
            raise ModelError(
                f"The model {self.card.name!r} takes images of {wanted} "
                f"channel{'s' * (wanted > 1)}, but this one has {found}."
            ) from e


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
    """Segment an array slice by slice; the last event is `SegmentArrayFinished`.

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
    spatial = 3 if job.channels else 2
    if job.image.ndim < spatial or not job.image.size:
        raise DataError(f"An array of shape {job.image.shape} is no image.")
    leading = job.image.shape[: job.image.ndim - spatial]
    slices = job.image.reshape(-1, *job.image.shape[len(leading) :])
    planes = []
    for one in ready.stream(slices):
        planes.append(one)
        yield _progress(len(planes), len(slices), start, "segmenting")
    stacked = np.stack(planes, axis=1)
    yield SegmentArrayFinished(
        probabilities=stacked.reshape(len(stacked), *leading, *stacked.shape[-2:]),
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
