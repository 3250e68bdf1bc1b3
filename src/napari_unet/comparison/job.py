"""The comparison as a job, and asking once more what it was made of."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from napari_unet.comparison.panel import Answer, Panel
from napari_unet.comparison.scoring import Scoring
from napari_unet.data.cases import Case, Dataset
from napari_unet.data.dataset import open_dataset
from napari_unet.errors import DataError
from napari_unet.evaluation import choose_cases
from napari_unet.events import CaseScore, Compared, Event, Note, Progress
from napari_unet.jobs import CompareJob, EvaluateJob


def compare(job: CompareJob) -> Generator[Event, None, None]:
    """Score all columns case by case; the last event is `Compared`.

    A model or a reader that fits no case is left out, and a `Note` says why.

    Raises
    ------
    DataError
        If fewer than two models and readers are given, none of them fits, the folder has no pairs,
        or the first model's split does not name its cases.
    """
    start = time.monotonic()
    if len(job.models) + len(job.readers) < 2:
        raise DataError("Name at least two models or folders of readers to compare.")
    yield Progress(0, 1, "looking through the folder")
    dataset = open_dataset(job.folder, limit=job.limit)
    cases = _cases(dataset, job)
    yield Progress(0, len(cases), "loading the models")
    panel = Panel(dataset, cases, job)
    for text in panel.notes:
        yield Note(text, warning=True)
    if not panel.columns:
        raise DataError(f"There is nothing to compare. {' '.join(panel.left_out.values())}")
    yield Note(f"{len(cases)} cases ({job.subset}), {len(panel.columns)} columns")
    scoring = Scoring(panel, job.surfaces)
    rows: list[tuple[CaseScore, ...]] = []
    for row in scoring.rows(cases):
        rows.append(row)
        left = (time.monotonic() - start) / len(rows) * (len(cases) - len(rows))
        yield Progress(len(rows), len(cases), "comparing", left)
    done = scoring.compared(rows)
    for name, why in done.left_out.items() - panel.left_out.items():
        yield Note(f"{name} is left out: {why}", warning=True)
    yield replace(done, folder=job.folder, subset=job.subset, seconds=time.monotonic() - start)


def answers(
    found: Compared, folder: str | Path, names: Sequence[str], device: str = "auto"
) -> Iterator[tuple[tuple[str, ...], Answer]]:
    """Ask models and readers once more what they say of some cases, one case at a time.

    Yields the columns' names, of which some may have gone since, and their answers.

    Raises
    ------
    DataError
        If the folder has no pairs.
    """
    dataset = open_dataset(folder)
    wanted = {c.name: c for c in dataset.cases if c.name in set(names)}
    cases = [wanted[n] for n in names if n in wanted]
    sources = list(zip(found.kinds, found.sources, strict=True))
    models, readers = (
        tuple(source for kind, source in sources if kind == of) for of in ("model", "reader")
    )
    if cases:
        job = CompareJob(str(folder), models, readers, "all", device=device)
        panel = Panel(dataset, cases, job)
        columns = tuple(c.name for c in panel.columns)
        for answer in panel.answers(cases):
            yield columns, answer


def _cases(dataset: Dataset, job: CompareJob) -> tuple[Case, ...]:
    if job.models:
        return choose_cases(dataset, EvaluateJob(job.folder, job.models[0], job.subset))
    if job.subset != "all":
        raise DataError(
            f"Without a model nothing says which cases are for {job.subset}. "
            "Compare readers on all of them instead (--subset all)."
        )
    return dataset.cases
