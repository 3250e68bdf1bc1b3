"""The report as a job: pictures of telling cases are made one by one, then the file is written."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace

from napari_unet.comparison import Answer, answers
from napari_unet.errors import DiskError, JobError, UnetError
from napari_unet.events import (
    CaseScore,
    Compared,
    EvaluateFinished,
    Event,
    Note,
    Progress,
    ReportFinished,
)
from napari_unet.jobs import ReportJob
from napari_unet.pictures import picture_row, rows, telling
from napari_unet.report.html import (
    BUDGET,
    Drawn,
    difference,
    draw_case,
    draw_columns,
    write_html,
)

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
    if job.pictures and isinstance(finished, Compared):
        yield from _fill(gallery, *_compared(job, finished))
    elif job.pictures and isinstance(finished, EvaluateFinished):
        yield from _fill(gallery, *_evaluated(job, finished))
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


Cases = Iterator[Drawn | UnetError]


def _fill(gallery: Gallery, number: int, cases: Cases) -> Generator[Event, None, None]:
    """Draw case by case, until the last one or until there is no more room."""
    yield Progress(0, number, "drawing cases")
    for i, drawn in enumerate(_safely(cases)):
        if isinstance(drawn, UnetError):
            gallery.notes.append(f"Not drawn: {drawn}")
            yield Note(f"Not drawn: {drawn}", warning=True)
        elif not gallery.add(drawn):
            break
        yield Progress(i + 1, number, "drawing cases")


def _safely(cases: Cases) -> Cases:
    """Yield the cases, and at last the error that kept all others from being made, if any."""
    try:
        yield from cases
    except UnetError as e:
        yield e


def _evaluated(job: ReportJob, done: EvaluateFinished) -> tuple[int, Cases]:
    """Return how many cases are to be drawn, and these: the worst, the median and the best."""
    chosen = telling(done.scores, job.pictures)
    chosen.sort(key=lambda c: (ORDER.index(c[0]), c[1].dice))

    def cases() -> Cases:
        made = rows(job.folder, done, [score for _, score in chosen], job.device)
        for (word, _), row in zip(chosen, made, strict=True):
            yield row if isinstance(row, UnetError) else draw_case(row, word)

    return len(chosen), cases()


def _compared(job: ReportJob, done: Compared) -> tuple[int, Cases]:
    """Return how many cases are to be drawn, and these: where the columns differ most."""
    lines = sorted(zip(*done.scores, strict=True), key=lambda line: -difference(line))
    chosen = {line[0].name: line for line in lines[: 3 * job.pictures] if difference(line)}

    def cases() -> Cases:
        for names, answer in answers(done, job.folder, list(chosen), job.device):
            scores = dict(zip(done.columns, chosen[answer.case.name], strict=True))
            try:
                yield _columns(answer, names, scores)
            except UnetError as e:
                yield e

    return len(chosen), cases()


def _columns(answer: Answer, names: Sequence[str], scores: Mapping[str, CaseScore]) -> Drawn:
    """Draw where those columns agree with the reference that have an answer to a case."""
    if answer.scan is None:
        raise JobError(str(answer.labels[0]))
    titles, found = [], []
    for name, labels in zip(names, answer.labels, strict=True):
        if isinstance(labels, str) or name not in scores or labels.shape != answer.reference.shape:
            continue
        titles.append(f"{name}: Dice {scores[name].dice:.3f}")
        row = picture_row(scores[name], answer.scan.array, answer.reference, labels)
        found.append(replace(row, caption=f"Dice up to {difference(scores.values()):.3f} apart"))
    if not found:
        raise JobError(f"{answer.case.name}: nobody has an answer that could be drawn.")
    return draw_columns(found, titles)
