"""The audit as a job: every case is looked at once, then the rules say what was noticed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import Future

from napari_unet.card import SUFFIX
from napari_unet.data.audit import findings, leaks
from napari_unet.data.audit.facts import CaseFacts, look_at
from napari_unet.data.audit.findings import Survey
from napari_unet.data.audit.summary import statistics
from napari_unet.data.cases import Dataset
from napari_unet.data.dataset import open_dataset
from napari_unet.data.patients import UNKNOWN_SOURCE
from napari_unet.data.splits.imported import read_split
from napari_unet.data.splits.split import split_path
from napari_unet.data.splits.subset_lists import folder_subset
from napari_unet.events import AuditFinished, Event, Finding, Progress
from napari_unet.jobs import AuditJob
from napari_unet.pools import threads

THREADS = 2  # decoding lets go of Python's lock, the sums hardly
SEVERITIES = ("error", "warning", "info")


def audit(job: AuditJob) -> Generator[Event, None, None]:
    """Look at a folder's cases; `Progress`, and last `AuditFinished`. No file is changed.

    Raises
    ------
    DataError
        If the folder has no pairs, or the split cannot be read or names none of the cases.
    """
    start = time.monotonic()
    yield Progress(0, 1, "looking through the folder")
    dataset = open_dataset(job.folder, limit=job.limit)
    subsets = find_subsets(dataset, job.split)
    facts: list[CaseFacts] = []
    reading = time.monotonic()
    for found in _facts(dataset, subsets):
        facts.append(found)
        left = (time.monotonic() - reading) / len(facts) * (len(dataset) - len(facts))
        yield Progress(len(facts), len(dataset), "auditing", left)
    yield Progress(len(facts), len(dataset), "comparing")
    survey = Survey(facts, dataset.labels.names, dataset.patient_source != UNKNOWN_SOURCE)
    yield AuditFinished(
        str(dataset.root),
        len(facts),
        tuple(sorted(find_all(survey), key=lambda f: SEVERITIES.index(f.severity))),
        statistics(survey),
        time.monotonic() - start,
    )


def find_all(survey: Survey) -> Iterator[Finding]:
    """Apply all rules, those about copies first."""
    for rule in (leaks.copies, leaks.near_copies, leaks.patients, leaks.masks, *findings.RULES):
        yield from rule(survey)


def find_subsets(dataset: Dataset, split: str = "") -> Mapping[str, str]:
    """Return the subset of each case by name: as a split says, or the folders' names.

    ``split`` is a split file of any kind that `imported.read_split` knows, or the model beside
    which one lies.

    Raises
    ------
    DataError
        If the split cannot be read or names none of the cases.
    """
    if split:
        path = split_path(split) if split.endswith(SUFFIX) else split
        return read_split(path, dataset).split.subsets
    found = {c.name: folder_subset(c.name) for c in dataset.cases}
    return found if len(set(found.values()) - {""}) > 1 else {}


def _facts(dataset: Dataset, subsets: Mapping[str, str]) -> Iterator[CaseFacts]:
    """Look at one case after the other, a few ahead of whoever takes them."""
    ahead: deque[Future[CaseFacts]] = deque()
    with threads(THREADS, "audit") as pool:
        for case in dataset.cases:
            subset = subsets.get(case.name, "")
            ahead.append(pool.submit(look_at, case, dataset.labels, subset))
            if len(ahead) > THREADS:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
