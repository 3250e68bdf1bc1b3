"""Segmenting image files into a folder, as a job."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from napari_unet.card import ModelCard, read_card
from napari_unet.data.inputs import find_sources, output_paths
from napari_unet.data.readers.writers import writing
from napari_unet.data.scan import Scan
from napari_unet.events import (
    CaseDone,
    Event,
    Note,
    Progress,
    Segmented,
    SegmentFilesFinished,
)
from napari_unet.inference import regions, single
from napari_unet.inference.cluster import Cluster, connected
from napari_unet.inference.many import Many, work
from napari_unet.inference.predictors import predictor
from napari_unet.inference.progress import segmenting
from napari_unet.inference.records import Records, fingerprint
from napari_unet.inference.single import Settings, Task
from napari_unet.inference.spread import spread
from napari_unet.jobs import SegmentFilesJob
from napari_unet.pools import threads
from napari_unet.schema import to_json
from napari_unet.sizes import write_csv
from napari_unet.unet.aside import aside


def segment_files(job: SegmentFilesJob) -> Generator[Event, None, None]:
    """Segment files one by one; the last event is `SegmentFilesFinished`.

    A file that cannot be read or segmented is reported, and the rest is done. What is there already
    from the same image, model and settings is reported, and not done again. The table of sizes is
    written however the job ends.

    Raises
    ------
    DataError
        If there is nothing to segment, the results would fall on the images, or the disk is full.
    ModelError
        If the model cannot be read.
    """
    start = time.monotonic()
    yield Progress(0, 1, "looking for images")
    card = read_card(job.model)
    tasks = plan(job, card)
    results: list[Segmented] = []
    with _table(job.table, results):
        todo = yield from _skip(tasks, results, job.again)
        if todo:
            yield from _spread(todo, job.workers, results) if job.workers else _run(todo, results)
    yield SegmentFilesFinished(
        tuple(r.labels for r in results if not r.error and not r.skipped),
        {r.image: r.error for r in results if r.error},
        time.monotonic() - start,
        tuple(r.labels for r in results if r.skipped),
        job.table,
    )


def plan(job: SegmentFilesJob, card: ModelCard) -> list[Task]:
    """Return what there is to do, as if nothing were done yet; make sure it can be written.

    Raises
    ------
    DataError
        If there is nothing to segment, or the results cannot be where they are wanted.
    """
    out = Path(job.out).expanduser().absolute()
    sources = find_sources(job.inputs, out, job.model, job.subset)
    targets = output_paths(sources, out)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    threshold = job.threshold if job.threshold >= 0 else card.threshold
    settings = Settings(
        model=str(Path(job.model).expanduser().absolute()),  # workers are at home elsewhere
        name=card.name,
        threshold=threshold,
        probabilities=job.probabilities,
        device=job.device,
        config=job.config,
        cleanup=job.cleanup,
    )
    asked = to_json(job.config)
    del asked["runtime"]  # decides how long it takes, not what comes out
    decisive = {
        "model": fingerprint(job.model),
        "threshold": threshold,
        "probabilities": job.probabilities,
        "config": asked,
        "cleanup": to_json(job.cleanup),
    }
    records = Records(out, decisive)
    return [Task(s, targets[s.path], settings, records) for s in sources]


@contextmanager
def _table(path: str, results: Sequence[Segmented]) -> Iterator[None]:
    """Write the table of sizes at the end, whatever that is: nothing done is lost."""
    try:
        yield
    finally:
        if path and results:
            with writing(Path(path)):
                write_csv(path, results)


def _skip(
    tasks: Sequence[Task], results: list[Segmented], again: bool
) -> Generator[Event, None, list[Task]]:
    """Report what is there already; return the rest."""
    todo, corrected = [], 0
    for task in tasks:
        found = None if again else task.records.find(task.source.path, task.target)
        if found is None:
            todo.append(task)
            continue
        corrected += found.changed
        result = single.skipped(task, found)
        results.append(result)
        yield CaseDone(result.image, path=result.labels, segmented=result)
    if len(todo) < len(tasks):
        yield Note(f"{len(tasks) - len(todo)} of {len(tasks)} images were segmented before.")
    if corrected:
        yield Note(
            f"{corrected} of these label images were changed since. They stay as they are, without "
            "sizes; doing everything again keeps them under a dated name.",
            warning=True,
        )
    return todo


def _run(tasks: Sequence[Task], results: list[Segmented]) -> Generator[Event, None, None]:
    """Segment images in this process, each while the next one is read."""
    yield Progress(0, len(tasks), "loading the model")
    settings = tasks[0].settings
    ready = predictor(settings.model, settings.device)
    yield Note(f"{len(tasks)} images, {ready.speed.words()}, threshold {settings.threshold:g}")
    far = _Far(len(tasks))
    for task, reading in _ahead(tasks):

        def one(task: Task = task, reading: Future[Scan] = reading) -> Segmented:
            return regions.attempt(task, reading.result, far.take)

        # Aside, so that a large image can be stopped, and tells how far it is.
        result = yield from aside(one, far.progress)
        far.next()
        results.append(result)
        yield finished(result)
        yield far.progress()


class _Far:
    """How far a run is, in images and parts of one."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.share = total, 0, 0.0
        self.start = time.monotonic()

    def take(self, share: float) -> None:
        """Note how much of the present image is done."""
        self.share = 0.99 * share  # it is to be written, too

    def next(self, images: int = 1) -> None:
        """Note that an image is done."""
        self.done, self.share = self.done + images, 0.0

    def progress(self) -> Progress:
        """Return what there is to tell."""
        if not (done := self.done + self.share):
            return Progress(0, self.total, "segmenting")
        return segmenting(done, self.total, self.start)


def _spread(
    tasks: Sequence[Task], workers: str, results: list[Segmented]
) -> Generator[Event, None, None]:
    """Segment images in the processes of a Dask cluster."""
    cluster = Cluster.parse(workers)
    yield Progress(0, len(tasks), "connecting to the cluster")
    settings = tasks[0].settings
    with connected(cluster, settings.model) as client:
        count = len(client.scheduler_info()["workers"])
        yield Note(
            f"{len(tasks)} images, {count} worker{'s' * (count != 1)} of {cluster}, threshold "
            f"{settings.threshold:g}"
        )
        far = _Far(len(tasks))
        many = Many(tasks)
        yield from map(finished, many.refused)
        far.next(len(many.refused))
        results += many.refused
        for outcome in spread(client, work, many.pieces):
            if outcome is not None and (result := many.take(*outcome)) is not None:
                far.next()
                results.append(result)
                yield finished(result)
            far.take(many.share)
            yield far.progress()


def finished(result: Segmented) -> CaseDone:
    """Return the event for an image that was segmented, or failed."""
    return CaseDone(result.image, path=result.labels, error=result.error, segmented=result)


def _ahead(tasks: Sequence[Task]) -> Iterator[tuple[Task, Future[Scan]]]:
    """Yield every task with its image, which is read while the one before is worked on.

    No more than one is read ahead: images may be large.
    """
    with threads(1, "read") as pool:
        coming = pool.submit(single.read, tasks[0])
        for i, task in enumerate(tasks):
            here = coming
            here.exception()  # waits: only one image beside the one that is worked on
            if i + 1 < len(tasks):
                coming = pool.submit(single.read, tasks[i + 1])
            yield task, here
