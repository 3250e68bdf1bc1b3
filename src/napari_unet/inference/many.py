"""Images as pieces of work for other processes: small ones whole, large ones region by region."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_unet.data.scan import Scan
from napari_unet.errors import DataError, DiskError, readable
from napari_unet.events import Segmented
from napari_unet.inference import regions
from napari_unet.inference.regions import Region
from napari_unet.inference.single import Task, failed, guarded, read


def work(piece: Task | Region) -> Segmented | None:
    """Do what another process was given: an image, or a region of one."""
    if isinstance(piece, Task):
        return regions.attempt(piece)
    regions.segment_region(piece)
    return None


class Many:
    """Images to be done by other processes: the large ones region by region.

    Attributes
    ----------
    pieces : list
        What there is to do, for `work`.
    refused : list of Segmented
        Large images of which it is known already that they fail.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.pieces: list[Task | Region] = []
        self.refused: list[Segmented] = []
        self._left: dict[Path, int] = {}
        self._begun: dict[Path, tuple[float, Scan]] = {}
        self._regions = self._done = 0
        for task in tasks:
            if task.target.suffix == ".zarr":
                self._divide(task)
            else:
                self.pieces.append(task)

    @property
    def share(self) -> float:
        """How much of the large images is done, 0 to 1, as if they were one."""
        return self._done / self._regions if self._regions and any(self._left.values()) else 0.0

    def take(self, piece: Task | Region, outcome: Any) -> Segmented | None:
        """Take in what came of a piece; return what became of its image, once that is known.

        Raises
        ------
        DiskError
            If no result can be written any more.
        """
        if isinstance(outcome, DiskError) and outcome.final:
            raise outcome
        task = piece if isinstance(piece, Task) else piece.task
        if isinstance(piece, Region):
            self._done += 1
            if task.target not in self._left:
                return None  # it failed already
        if isinstance(outcome, Exception):
            self._left.pop(task.target, None)
            return failed(task, str(readable(outcome)))
        if isinstance(piece, Task):
            found: Segmented = outcome
            return found
        self._left[task.target] -= 1
        if self._left[task.target]:
            return None
        start, scan = self._begun[task.target]
        return guarded(task, lambda: regions.end(task, scan, time.monotonic() - start))

    def _divide(self, task: Task) -> None:
        try:
            scan = read(task)
            left = regions.begin(task, scan) if regions.streamed(task, scan) else []
        except DataError as e:
            self.refused.append(failed(task, str(e)))
            return
        if not left:
            # Small, or all but put together.
            self.pieces.append(task)
            return
        self.pieces += left
        self._left[task.target] = len(left)
        self._begun[task.target] = time.monotonic(), scan
        self._regions += len(left)
