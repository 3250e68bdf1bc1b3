"""The report as a job: pictures of telling cases are made one by one, then the file is written."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator

from napari_unet.errors import DiskError, JobError, UnetError
from napari_unet.events import EvaluateFinished, Event, Note, Progress, ReportFinished
from napari_unet.jobs import ReportJob
from napari_unet.pictures import rows, telling
from napari_unet.report import PictureRow
from napari_unet.report.html import BUDGET, Drawn, draw_case, write_html

ORDER = ("worst", "median", "best")


def report(job: ReportJob) -> Generator[Event, None, None]:
    """Write the report; last comes `ReportFinished`.

    A case that cannot be drawn is left out, and the report says so; without the folder or the model
    there are no pictures, but all numbers.

    Raises
    ------
    JobError
        If there is nothing to report on.
    DiskError
        If the file cannot be written.
    """
    start = time.monotonic()
    finished = job.evaluated or job.compared
    if finished is None:
        raise JobError("Nothing was evaluated or compared yet, so there is nothing to report on.")
    gallery = Gallery()
    if job.evaluated is not None and job.pictures:
        yield from _evaluated(job, job.evaluated, gallery)
    yield Progress(0, 1, "writing the report")
    try:
        size = write_html(job.out, finished, job.folder, gallery.drawn, gallery.notes)
    except OSError as e:
        raise DiskError(f"{job.out} could not be written ({e.strerror or e}).") from e
    yield ReportFinished(job.out, size, len(gallery.drawn), time.monotonic() - start)


class Gallery:
    """The pictures of a report, up to `BUDGET` bytes, and what is to be said of those missing."""

    def __init__(self) -> None:
        self.drawn: list[Drawn] = []
        self.notes: list[str] = []
        self._size = 0

    def add(self, drawn: Drawn) -> bool:
        """Take a case in; False if there is no more room."""
        if self._size + drawn.size > BUDGET:
            self.notes.append("More pictures were left out to keep this file small.")
            return False
        self._size += drawn.size
        self.drawn.append(drawn)
        return True


def _evaluated(
    job: ReportJob, done: EvaluateFinished, gallery: Gallery
) -> Generator[Event, None, None]:
    """Draw the worst, the median and the best cases."""
    chosen = telling(done.scores, job.pictures)
    chosen.sort(key=lambda c: (ORDER.index(c[0]), c[1].dice))
    yield Progress(0, len(chosen), "drawing cases")
    made = _safely(rows(job.folder, done, [s for _, s in chosen], job.device))
    for i, row in enumerate(made):
        if isinstance(row, UnetError):
            # `rows` ends where the folder or the model cannot be read at all.
            gallery.notes.append(f"Not drawn: {row}")
            yield Note(f"Not drawn: {row}", warning=True)
        elif not gallery.add(draw_case(row, chosen[i][0])):
            break
        yield Progress(i + 1, len(chosen), "drawing cases")


def _safely(rows: Iterator[PictureRow | UnetError]) -> Iterator[PictureRow | UnetError]:
    """Yield the rows, and at their end the error that kept the others from being made, if any."""
    try:
        yield from rows
    except UnetError as e:
        yield e
