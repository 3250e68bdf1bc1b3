"""The audit as a job: every case is looked at once, then the rules say what was noticed."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

from napari_unet.card import SUFFIX
from napari_unet.data import findings, leaks
from napari_unet.data.cases import Case, Dataset
from napari_unet.data.dataset import open_dataset
from napari_unet.data.facts import CaseFacts, look_at
from napari_unet.data.findings import Survey, size
from napari_unet.data.names import tokens
from napari_unet.data.patients import UNKNOWN_SOURCE
from napari_unet.data.splits import load, split_path
from napari_unet.errors import DataError
from napari_unet.jobs import AuditFinished, AuditJob, Event, Finding, Progress

THREADS = 2  # decoding lets go of Python's lock, the sums hardly
SEVERITIES = ("error", "warning", "info")
SUBSET_WORDS = {
    **dict.fromkeys(("train", "training", "tr"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing", "ts"), "test"),
}


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
    subsets = find_subsets(dataset.cases, job.split)
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


def find_subsets(cases: Sequence[Case], split: str = "") -> Mapping[str, str]:
    """Return the subset of each case by name: from a split file, or from the folders' names.

    Raises
    ------
    DataError
        If the split cannot be read or names none of the cases.
    """
    if not split:
        by_folder = {c.name: _folder_subset(c.name) for c in cases}
        return by_folder if len(set(by_folder.values()) - {""}) > 1 else {}
    path = split_path(split) if split.endswith(SUFFIX) else Path(split)
    subsets = load(path).subsets
    if not any(c.name in subsets for c in cases):
        raise DataError(f"{path} names none of these cases: it was made for other data.")
    return subsets


def _folder_subset(name: str) -> str:
    """Return what the folders of a case say, such as "test" for ``test/images/7``."""
    words = (word for part in name.split("/")[:-1] for word in tokens(part))
    found = {SUBSET_WORDS[w] for w in words if w in SUBSET_WORDS}
    return found.pop() if len(found) == 1 else ""


def _facts(dataset: Dataset, subsets: Mapping[str, str]) -> Iterator[CaseFacts]:
    """Look at one case after the other, a few ahead of whoever takes them."""
    ahead: deque[Future[CaseFacts]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for case in dataset.cases:
                subset = subsets.get(case.name, "")
                ahead.append(pool.submit(look_at, case, dataset.labels, subset))
                if len(ahead) > THREADS:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()


# --- statistics ---------------------------------------------------------------------------------


def statistics(survey: Survey) -> dict[str, Any]:
    """Sum the facts up as plain JSON values: sizes, intensities, spacing, and the classes' shares.

    ``classes`` gives for each class its share of all pixels, and of the images that hold it.
    """
    read = survey.read
    shapes = Counter(size(f.shape) for f in read)
    return {
        "images": len(read),
        "sizes": dict(shapes.most_common(10)),
        "different_sizes": len(shapes),
        "types": dict(Counter(f.dtype for f in read).most_common()),
        "channels": {str(n): count for n, count in Counter(f.channels for f in read).items()},
        "intensity": {
            "lowest": min((f.low for f in read), default=None),
            "highest": max((f.high for f in read), default=None),
            "mean": _spread(f.mean for f in read),
            "spread": _spread(f.spread for f in read),
        },
        "spacing": _spacing(read),
        "classes": _classes(survey),
        "blank_masks": sum(bool(f.classes) and not f.foreground for f in survey.facts),
        "looked_at_in_part": sum(f.partial for f in read),
    }


def _spread(values: Iterable[float]) -> dict[str, float] | None:
    """Return the lowest, median and highest of some values; None without any."""
    known = sorted(values)
    if not known:
        return None
    return {"lowest": known[0], "median": median(known), "highest": known[-1]}


def _spacing(read: Sequence[CaseFacts]) -> list[dict[str, float] | None]:
    """Describe the pixel size along each axis, of the images that say so."""
    known = [f.spacing for f in read if f.spacing]
    axes = min(map(len, known), default=0)
    return [_spread(s[-axes:][i] for s in known) for i in range(axes)]


def _classes(survey: Survey) -> dict[str, dict[str, float]]:
    masks = [f.classes for f in survey.facts if f.classes]
    pixels = sum(map(sum, masks)) or 1
    return {
        name: {
            "pixels": sum(m[i] for m in masks) / pixels,
            "images": sum(m[i] > 0 for m in masks) / (len(masks) or 1),
        }
        for i, name in enumerate(("background", *survey.classes))
    }
