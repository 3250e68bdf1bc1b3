"""Prepared cases, read once and kept for every epoch."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
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
from napari_unet.pools import threads
from napari_unet.unet.aside import until_done
from napari_unet.unet.borders import with_borders
from napari_unet.unet.losses import IGNORE
from napari_unet.unet.preprocess import beside, prepare_all, together

Reader = Callable[[Case], tuple[NDArray[Any], NDArray[Any]]]

T = TypeVar("T")
C = TypeVar("C")

READERS = 4  # threads that read files while the network computes
RAM_SHARE = 0.4  # of the memory that is free; what does not fit is mapped from temporary files
POINTS = 256  # pixels of each class remembered per case, to centre patches on


class Store:
    """Images as float16 ``(C, *S)`` and labels as uint8 ``S``, ready for the network.

    ``S`` is height and width, or for a working size of three numbers depth, height and width.
    """

    def __init__(self, config: PreprocessConfig) -> None:
        self.config = config
        self.cases: list[Case] = []
        self.images: list[Tensor] = []
        self.labels: list[Tensor] = []
        self._volumes: list[range] = []  # for each plane, those of its volume
        self._points: list[Tensor] = []
        self._free = psutil.virtual_memory().available * RAM_SHARE
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __len__(self) -> int:
        return len(self.cases)

    def add(self, case: Case, image: Tensor, labels: Tensor) -> None:
        """Keep a prepared image and its labels."""
        self.add_planes(case, [(image, labels)])

    def add_planes(self, case: Case, parts: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Keep the prepared planes of one volume, with their labels, in their order."""
        volume = range(len(self), len(self) + len(parts))
        for image, labels in parts:
            if self.config.mode == "patch":
                self._points.append(_points(labels))
            self._volumes.append(volume)
            self.cases.append(case)
            self.images.append(self._keep(image.half()))
            self.labels.append(self._keep(labels))

    def close(self) -> None:
        """Delete the temporary files, if there were any."""
        self.images, self.labels = [], []
        if self._folder is not None:
            self._folder.cleanup()

    def batch(self, indices: Sequence[int], rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return float32 images ``(N, C, *size)`` and uint8 labels ``(N, *size)``.

        ``C`` counts the neighbouring slices too, where the preprocessing asks for them.
        """
        if self.config.mode == "patch":
            pairs = [self._patch(i, rng) for i in indices]
        else:
            pairs = [(self._image(i), self.labels[i]) for i in indices]
        return torch.stack([p[0] for p in pairs]).float(), torch.stack([p[1] for p in pairs])

    def _image(self, i: int, window: tuple[slice, ...] = ()) -> Tensor:
        """Return image ``i``, or a window of it, with its neighbours."""
        slices = beside(i, self._volumes[i], self.config.neighbours)
        return torch.cat([self.images[j][:, *window] for j in slices])

    def _patch(self, i: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Cut a random window of the working size out of case ``i``, padded where it is smaller."""
        labels, points, size = self.labels[i], self._points[i], self.config.size
        draw = torch.rand(2 + len(size), generator=rng).tolist()
        if len(points) and draw[0] < self.config.foreground:
            point = points[int(draw[1] * len(points))].tolist()
            wanted = [p - s // 2 for p, s in zip(point, size, strict=True)]
        else:
            wanted = [
                int(d * (n - s + 1)) for d, n, s in zip(draw[2:], labels.shape, size, strict=True)
            ]
        window: list[slice] = []
        border: list[int] = []
        for start, n, s in zip(wanted, labels.shape, size, strict=True):
            start = min(max(start, 0), max(n - s, 0))
            window.append(slice(start, start + s))
            border = [0, max(s - n, 0), *border]  # torch begins with the last axis
        place = tuple(window)
        return F.pad(self._image(i, place), border), F.pad(labels[place], border, value=IGNORE)

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


def _points(labels: Tensor) -> Tensor:
    """Return places ``(n, dims)`` in the foreground, up to `POINTS` of each class."""
    found = []
    for c in torch.unique(labels).tolist():
        if c not in (0, IGNORE):
            places = (labels == c).flatten().nonzero()[:, 0]
            some = torch.linspace(0, len(places) - 1, min(len(places), POINTS))
            found.append(places[some.long()])
    if not found:
        return torch.zeros(0, labels.ndim, dtype=torch.long)
    return torch.stack(torch.unravel_index(torch.cat(found), labels.shape), dim=1)


def fill(
    store: Store,
    cases: Sequence[Case],
    read: Reader,
    what: str,
    objects: Callable[[Case], NDArray[np.integer]] | None = None,
) -> Generator[Event, None, None]:
    """Read and prepare ``cases`` into ``store``; a case that cannot be read is left out, aloud.

    ``read`` gives an image and its labels: ``(H, W)``, or ``(Z, H, W)`` for a volume, or with more
    axes. For a 2D network the planes of a volume go into the store one by one. ``objects`` gives
    the objects of a case, with ids; images then get a last channel more, where borders lie between
    them (see `borders`).

    Raises
    ------
    DataError
        If not one case could be read; it quotes the first reason.
    """
    config = store.config

    def load(case: Case) -> list[list[tuple[Tensor, Tensor]]]:
        image, labels = read(case)
        axes = together(labels.ndim, config, case.name)
        pieces = list(np.ndindex(labels.shape[:-axes]))
        ids = objects(case) if objects is not None else None
        return [
            list(parts(image[i], labels[i], ids[i] if ids is not None else None, axes))
            for i in pieces
        ]

    def parts(
        image: NDArray[Any], labels: NDArray[Any], ids: NDArray[Any] | None, axes: int
    ) -> Iterator[tuple[Tensor, Tensor]]:
        planes = labels if axes > len(config.size) else labels[None]
        for (x, fit), y in zip(prepare_all(image, config, axes), planes, strict=True):
            # Half the memory at once: the planes of a whole volume wait to be stored.
            shown = x.half() if ids is None else with_borders(x, fit, ids).half()
            yield shown, fit.labels(y)

    failed: list[str] = []
    done = 0
    for future in _coming(load, cases):
        if future is not None:
            case, error = cases[done], future.exception()
            if error is not None:
                failed.append(str(readable(error)))
                yield Note(f"{case.name} is left out: {failed[-1]}", warning=True)
            else:
                for volume in future.result():
                    store.add_planes(case, volume)
            done += 1
        yield Progress(done, len(cases), what)
    if cases and not len(store):
        raise DataError(f"None of the {len(cases)} cases could be read. The first: {failed[0]}")


def ahead(load: Callable[[C], T], cases: Sequence[C]) -> Iterator[T | Exception]:
    """Map in order on threads, a bounded number ahead of the consumer: memory stays flat.

    What ``load`` raises is handed over in place of its result.
    """
    for future in _coming(load, cases):
        if future is not None:
            error = future.exception()
            if error is not None and not isinstance(error, Exception):
                raise error
            yield future.result() if error is None else error


def _coming(load: Callable[[C], T], cases: Sequence[C]) -> Iterator[Future[T] | None]:
    """Yield each case's future, in order, once it is done; and None from time to time meanwhile."""
    with threads(READERS, "load") as pool:
        todo = iter(cases)
        waiting = deque(pool.submit(load, c) for c in islice(todo, 4 * READERS))
        while waiting:
            yield from until_done([waiting[0]])
            yield waiting.popleft()
            waiting.extend(pool.submit(load, c) for c in islice(todo, 1))
