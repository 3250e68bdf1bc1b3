"""Small pictures of cases with their reference outlined, made in a thread when they are needed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_unet.data.cases import Case, Dataset
from napari_unet.data.scan import Scan
from napari_unet.errors import UnetError
from napari_unet.widgets.background import Background
from napari_unet.widgets.case_layers import COLOURS, first_slice
from napari_unet.widgets.reading import read
from napari_unet.widgets.shelf import Key, Shelf, shelf_key

SIZE = 96  # pixels, of the longer side
MOST = 4000  # pictures that are kept
ROUND = 6  # pictures between two looks at what is needed most
Picture = NDArray[np.uint8]  # (height, width, 3)


class Thumbnails:
    """Makes pictures for those who ask; who asked last is served first."""

    ready = Signal(object)  # dict of a case's name → picture; None where there can be none

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._dataset: Dataset | None = None
        self._wanted: OrderedDict[str, Case] = OrderedDict()
        self._made: OrderedDict[Key, Picture | None] = OrderedDict()
        self._thread, self._working = Background(), False

    def set_dataset(self, dataset: Dataset | None) -> None:
        """Forget what was asked for: it was for other cases."""
        if dataset is self._dataset:
            return
        self._dataset = dataset
        self._wanted.clear()
        self._thread.drop()
        self._working = False

    def ask(self, cases: Iterable[Case]) -> None:
        """Make pictures of these cases before all others."""
        for case in reversed(list(cases)):
            self._wanted[case.name] = case
            self._wanted.move_to_end(case.name)
        while len(self._wanted) > MOST:
            self._wanted.popitem(last=False)
        self._work()

    def _work(self) -> None:
        dataset = self._dataset
        if self._working or dataset is None or not self._wanted:
            return
        cases = [self._wanted.popitem()[1] for _ in range(min(ROUND, len(self._wanted)))]
        self._working = True
        self._thread.run(
            "making thumbnails", lambda: self._make(cases, dataset), self._done, self._failed
        )

    def _make(self, cases: Sequence[Case], dataset: Dataset) -> dict[str, Picture | None]:
        """Return the pictures of some cases (in a thread)."""
        found = {}
        for case in cases:
            key = shelf_key(dataset, case)
            if key not in self._made:
                self._made[key] = picture(case, dataset, self._shelf)
            found[case.name] = self._made[key]
        while len(self._made) > MOST:
            self._made.popitem(last=False)
        return found

    def _done(self, found: dict[str, Picture | None]) -> None:
        self._working = False
        self.ready.emit(found)
        self._work()

    def _failed(self, error: Exception) -> None:
        # Bad files give no picture and no error: this is a fault of ours, shown as any other.
        self._working = False
        raise error


def picture(case: Case, dataset: Dataset, shelf: Shelf) -> Picture | None:
    """Draw a case with its reference outlined; None if its image cannot be read."""
    try:
        shown = (shelf.get(shelf_key(dataset, case)) or read(case, dataset)).shown
        image, reference = _plane(shown.scan, shown.reference)
    except UnetError:
        return None
    step = max(1, -(-max(image.shape[:2]) // SIZE))
    drawn = _grey_levels(image[::step, ::step])
    if reference is not None:
        labels = _shrunk(reference, step)
        edge = outline(labels)
        colours = np.array([rgb(c) for c in COLOURS], np.uint8)
        shift = len(colours) - 1 if shown.binary else 0  # the outline of a lone class is blue
        drawn[edge] = colours[(labels[edge].astype(int) + shift) % len(colours) - 1]
    return drawn


def _plane(scan: Scan, reference: Any) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Return the slice that says most, as ``(H, W)`` or ``(H, W, 3)``, and its reference."""
    at = first_slice(reference, scan.spatial)
    image = np.asarray(scan.array[at])
    if scan.channels:
        image = image[..., :3] if scan.colour and image.shape[-1] >= 3 else image[..., 0]
    return image, None if reference is None else np.asarray(reference[at])


def _grey_levels(image: NDArray[Any]) -> Picture:
    """Return an image as bytes in three colours, its contrast stretched but for the extremes."""
    values = np.nan_to_num(image.astype(np.float32))
    low, high = np.percentile(values, (1, 99.5))
    if high <= low:
        low, high = float(values.min()), float(values.max())
    scaled = np.clip((values - low) * (255 / max(high - low, 1e-12)), 0, 255).astype(np.uint8)
    return scaled if scaled.ndim == 3 else np.repeat(scaled[..., None], 3, axis=2)


def _shrunk(labels: NDArray[Any], step: int) -> NDArray[Any]:
    """Shrink labels so that even a single pixel is seen: the highest of each block stays."""
    height, width = (-(-n // step) for n in labels.shape)
    padded = np.zeros((height * step, width * step), labels.dtype)
    padded[: labels.shape[0], : labels.shape[1]] = labels
    blocks: NDArray[Any] = padded.reshape(height, step, width, step).max(axis=(1, 3))
    return blocks


def outline(labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Mark the labelled pixels that have a neighbour of another label."""
    padded = np.pad(labels, 1)
    around = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    edge: NDArray[np.bool_] = np.logical_or.reduce([labels != other for other in around])
    return edge & (labels > 0)


def rgb(colour: str) -> tuple[int, ...]:
    """Return a colour written as ``#rrggbb`` as three numbers."""
    return tuple(bytes.fromhex(colour.removeprefix("#")))
