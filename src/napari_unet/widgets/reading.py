"""Reading cases from their files, in threads, and keeping those that are likely wanted next."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from napari_unet.data.cases import Case, Dataset
from napari_unet.errors import UnetError
from napari_unet.widgets.by_hand import what_counts
from napari_unet.widgets.case_layers import Shown, first_slice

AXES = {
    "t": "times",
    "z": "slices",
    "y": "rows",
    "x": "columns",
    "c": "channels",
    "case": "cases",
}
POSSIBLE = {
    3: ("zyx", "tyx", "cyx", "yxc"),
    4: ("tzyx", "ztyx", "zyxc", "tyxc", "zcyx", "tcyx", "czyx", "ctyx"),
    5: ("tzyxc", "tzcyx", "tczyx", "ztcyx"),
}
SHELF_BYTES = 256_000_000

# A case's name and data set, its files as they are now, and how its mask is read.
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Opened:
    """A case as it was read; ``warning`` says what is wrong with its reference."""

    case: Case
    shown: Shown
    warning: str = ""
    nbytes: int = 0


@dataclass
class Shelf:
    """Cases that were read lately or ahead; the oldest go when their bytes are too many.

    Threads put cases here and the viewer takes them, so every access is locked.
    """

    limit: int = SHELF_BYTES
    _kept: OrderedDict[Key, Opened] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: Key) -> Opened | None:
        """Return a case if it is here."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Key, opened: Opened) -> None:
        """Keep a case, unless it alone would take more than half of the room."""
        if opened.nbytes > self.limit // 2:
            return
        with self._lock:
            self._kept[key] = opened
            self._kept.move_to_end(key)
            while self.nbytes > self.limit:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget all cases."""
        with self._lock:
            self._kept.clear()

    @property
    def nbytes(self) -> int:
        """How much memory the cases take."""
        return sum(o.nbytes for o in self._kept.values())

    def __len__(self) -> int:
        return len(self._kept)


def case_key(dataset: Dataset, case: Case) -> str:
    """Return what identifies a case among everything that can be open in a viewer."""
    return f"{dataset.root}::{case.name}"


def shelf_key(dataset: Dataset, case: Case) -> Key:
    """Return what a case as it was read depends on; another key means it must be read again."""
    files = (case.image, *(case.masks or (case.mask,)), case.correction)
    stamps = tuple(_stamp(path) for path in files if path is not None)
    return case_key(dataset, case), stamps, dataset.labels, case.axes


def read(case: Case, dataset: Dataset) -> Opened:
    """Read a case as it is stored (in a thread); a reference that cannot be used is left out.

    Raises
    ------
    DataError
        If the image cannot be read.
    """
    from napari_unet.data.formats import read_original, read_reference, read_scan

    scan = read_scan(case)
    reference, warning, corrected = None, scan.note, case.correction is not None
    try:
        try:
            reference = read_reference(case, dataset.labels)
        except UnetError as error:
            if not corrected:
                raise
            reference, warning, corrected = read_original(case, dataset.labels), str(error), False
        if reference.shape != scan.spatial:
            warning = f"{case.name}: the image is {scan.spatial} and its mask {reference.shape}."
            reference = None
    except UnetError as error:
        warning = str(error)
    binary = dataset.labels.classes == 1
    start = first_slice(reference, scan.spatial)
    key, colours = case_key(dataset, case), dataset.labels.colours
    said = what_counts(case.correction if corrected else None)
    shown = Shown(key, case.name, scan, reference, binary, start, colours=colours, corrected=said)
    return Opened(case, shown, warning, _nbytes(scan.array) + _nbytes(reference))


def describe(shown: Shown) -> str:
    """Say how an image is understood: its size, axes, what a pixel measures, what is guessed."""
    scan = shown.scan
    shape = " × ".join(f"{n}" for n in scan.spatial)
    words = [AXES.get(axis, axis) for axis in shown.axis_labels or scan.axes.removesuffix("c")]
    parts = [f"{shape} ({', '.join(words)})"]
    if scan.channels:
        parts.append("in colour" if scan.colour else f"{scan.array.shape[-1]} channels")
    if scan.spacing is not None:
        unit = scan.units[-1] if scan.units else "units"
        parts.append(f"a pixel is {' × '.join(f'{s:.3g}' for s in scan.spacing)} {unit}")
    if scan.lazy:
        parts.append("read piece by piece")
    return "; ".join([*parts, *([scan.guess] if scan.guess else [])])


def other_axes(opened: Opened) -> tuple[str, ...]:
    """Return what an image's axes may be instead, as letters; none where there is no doubt.

    Time and slices cannot be told apart by looking at sizes, and few slices look like channels.
    """
    doubtful = opened.shown.scan.guess or opened.case.axes
    return POSSIBLE.get(len(opened.shown.scan.axes), ()) if doubtful else ()


def axes_in_words(axes: str) -> str:
    """Return letters of axes as words, such as "slices, rows, columns"."""
    return ", ".join(AXES[axis] for axis in axes)


def read_ahead(
    cases: Iterable[Case], dataset: Dataset, shelf: Shelf, wanted: threading.Event
) -> None:
    """Put cases on the shelf (in a thread) as long as they are ``wanted``.

    What is wrong with one is said when it is opened.
    """
    for case in cases:
        if not wanted.is_set():
            return
        key = shelf_key(dataset, case)
        if shelf.get(key) is None:
            try:
                shelf.put(key, read(case, dataset))
            except UnetError:
                continue


def _nbytes(array: Any) -> int:
    """Return what an array takes of the memory; one that stays on the disk takes next to none."""
    return int(array.nbytes) if isinstance(array, np.ndarray) else 0


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
