"""Prepared cases, read once and kept for every epoch; and the random order they come in."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import psutil
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from napari_unet.config import PreprocessConfig
from napari_unet.data.cases import Case
from napari_unet.errors import DataError, readable
from napari_unet.events import Event, Note, Progress
from napari_unet.unet.losses import IGNORE
from napari_unet.unet.preprocess import prepare

Reader = Callable[[Case], tuple[NDArray[Any], NDArray[Any]]]

T = TypeVar("T")

READERS = 4  # threads that read files while the network computes
RAM_SHARE = 0.4  # of the memory that is free; what does not fit is mapped from temporary files
FOREGROUND_SHARE = 1 / 3  # of the patches are centred on a foreground pixel, so rare ones are seen
POINTS = 256  # foreground pixels remembered per case, for that


class Store:
    """Images as float16 ``(C, h, w)`` and labels as uint8 ``(h, w)``, ready for the network."""

    def __init__(self, config: PreprocessConfig) -> None:
        self.config = config
        self.cases: list[Case] = []
        self.images: list[Tensor] = []
        self.labels: list[Tensor] = []
        self._points: list[Tensor] = []
        self._free = psutil.virtual_memory().available * RAM_SHARE
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __len__(self) -> int:
        return len(self.cases)

    def add(self, case: Case, image: Tensor, labels: Tensor) -> None:
        """Keep one prepared image, or plane of a volume."""
        if self.config.mode == "patch":
            points = (labels != 0).logical_and(labels != IGNORE).nonzero()
            self._points.append(points[:: max(len(points) // POINTS, 1)])
        self.cases.append(case)
        self.images.append(self._keep(image.half()))
        self.labels.append(self._keep(labels))

    def close(self) -> None:
        """Delete the temporary files, if there were any."""
        self.images, self.labels = [], []
        if self._folder is not None:
            self._folder.cleanup()

    def batch(self, indices: Sequence[int], rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return float32 images ``(N, C, *size)`` and uint8 labels ``(N, *size)``."""
        pairs = [(self.images[i], self.labels[i]) for i in indices]
        if self.config.mode == "patch":
            pairs = [self._patch(i, rng) for i in indices]
        return torch.stack([p[0] for p in pairs]).float(), torch.stack([p[1] for p in pairs])

    def _patch(self, i: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Cut a random window of the working size out of case ``i``, padded where it is smaller."""
        image, labels, points = self.images[i], self.labels[i], self._points[i]
        draw = torch.rand(4, generator=rng).tolist()
        if len(points) and draw[0] < FOREGROUND_SHARE:
            point = points[int(draw[1] * len(points))].tolist()
            wanted = [p - s // 2 for p, s in zip(point, self.config.size, strict=True)]
        else:
            wanted = [
                int(d * (n - s + 1))
                for d, n, s in zip(draw[2:], labels.shape, self.config.size, strict=True)
            ]
        window, pads = [], []
        for start, n, s in zip(wanted, labels.shape, self.config.size, strict=True):
            start = min(max(start, 0), max(n - s, 0))
            window.append(slice(start, start + s))
            pads.append(max(s - n, 0))
        border = (0, pads[1], 0, pads[0])
        return (
            F.pad(image[:, window[0], window[1]], border),
            F.pad(labels[window[0], window[1]], border, value=IGNORE),
        )

    def _keep(self, tensor: Tensor) -> Tensor:
        size = tensor.numel() * tensor.element_size()
        if size <= self._free:
            self._free -= size
            return tensor.clone()
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="napari-unet-cache-")
        path = Path(self._folder.name) / f"{len(self.cases)}-{len(self.images)}.npy"
        np.save(path, tensor.numpy())
        # "c": torch wants writable memory; nothing is ever written back.
        return torch.from_numpy(np.load(path, mmap_mode="c"))


def fill(
    store: Store, cases: Sequence[Case], read: Reader, what: str
) -> Generator[Event, None, None]:
    """Read and prepare ``cases`` into ``store``; a case that cannot be read is left out, aloud.

    ``read`` gives an image and its labels ``(H, W)``; those of a volume, ``(Z, H, W)`` or with more
    axes, go into the store plane by plane.

    Raises
    ------
    DataError
        If not one case could be read; it quotes the first reason.
    """

    def load(case: Case) -> list[tuple[Tensor, Tensor]]:
        image, labels = read(case)
        return [plane(image[i], labels[i]) for i in np.ndindex(labels.shape[:-2])]

    def plane(image: NDArray[Any], labels: NDArray[Any]) -> tuple[Tensor, Tensor]:
        x, fit = prepare(image, store.config)
        # Half the memory at once: the planes of a whole volume wait to be stored.
        return x.half(), fit.labels(labels)

    failed: list[str] = []
    for i, (case, result) in enumerate(zip(cases, ahead(load, cases), strict=True)):
        if isinstance(result, Exception):
            failed.append(str(readable(result)))
            yield Note(f"{case.name} is left out: {failed[-1]}", warning=True)
        else:
            for image, labels in result:
                store.add(case, image, labels)
        yield Progress(i + 1, len(cases), what)
    if cases and not len(store):
        raise DataError(f"None of the {len(cases)} cases could be read. The first: {failed[0]}")


def ahead(load: Callable[[Case], T], cases: Sequence[Case]) -> Iterator[T | Exception]:
    """Map in order on threads, a bounded number ahead of the consumer: memory stays flat.

    What ``load`` raises is handed over in place of its result.
    """

    def safely(case: Case) -> T | Exception:
        try:
            return load(case)
        except Exception as error:
            return error

    with ThreadPoolExecutor(max_workers=READERS) as pool:
        todo = iter(cases)
        waiting = deque(pool.submit(safely, c) for c in islice(todo, 4 * READERS))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(safely, c) for c in islice(todo, 1))


def endless(n: int, rng: torch.Generator) -> Iterator[int]:
    """Yield the indices of ``n`` cases for ever, each pass in a new random order."""
    while True:
        yield from torch.randperm(n, generator=rng).tolist()
