"""Cases that were read lately, or ahead of being asked for, within a bounded memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_unet.data.cases import Case, Dataset
from napari_unet.errors import UnetError
from napari_unet.session import Session
from napari_unet.widgets.background import Background
from napari_unet.widgets.reading import Opened, case_key, read

SHELF_BYTES = 256_000_000
AHEAD = (1, -1, 2)  # steps from the open case to those that are read before they are asked for

# A case's name and data set, its files as they are now, and how its mask is read.
Key = tuple[Any, ...]


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


class Ahead:
    """Reads in a thread what is likely to be opened next."""

    def __init__(self, session: Session, shelf: Shelf) -> None:
        self.session, self.shelf = session, shelf
        self._thread, self._wanted = Background(), threading.Event()

    def start(self) -> None:
        """Read the neighbours of the open case."""
        dataset = self.session.dataset
        near = [case for step in AHEAD if (case := self.session.neighbour(step)) is not None]
        if dataset is None or not near:
            return
        # Each round has a flag of its own: the one before stops at its next case.
        self.stop()
        self._wanted = wanted = threading.Event()
        wanted.set()
        self._thread.run(
            "reading cases ahead",
            lambda: read_ahead(near, dataset, self.shelf, wanted),
            _nothing,
            _nothing,
        )

    def stop(self) -> None:
        """Read no further: the disk is needed for what somebody waits for."""
        self._wanted.clear()


def shelf_key(dataset: Dataset, case: Case) -> Key:
    """Return what a case as it was read depends on; another key means it must be read again."""
    files = (case.image, *(case.masks or (case.mask,)), case.correction)
    stamps = tuple(_stamp(path) for path in files if path is not None)
    return case_key(dataset, case), stamps, dataset.labels, case.axes


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


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _nothing(_: object) -> None: ...
