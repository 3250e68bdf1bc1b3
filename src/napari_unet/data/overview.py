"""A data set described: for people, and as JSON."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from napari_unet.data.cases import Case, Dataset
from napari_unet.data.dataset import scattered
from napari_unet.data.formats import describe_scan
from napari_unet.data.masks.labels import describe_rule
from napari_unet.data.patients import UNKNOWN_SOURCE
from napari_unet.errors import DataError
from napari_unet.quantities import shape_words

SIZE_SAMPLE = 64  # headers that describe the sizes
SHOWN = 5  # cases and files named in a description


def describe(dataset: Dataset) -> dict[str, Any]:
    """Describe a data set in plain JSON values, for ``napari-unet inspect --json``."""
    return {
        "folder": str(dataset.root),
        "cases": len(dataset),
        "patients": dataset.patients,
        "patient_source": dataset.patient_source,
        "rule": dataset.rule,
        "reasons": dict(Counter(c.reason for c in dataset.cases).most_common()),
        "confidence": _confidence(dataset.cases),
        "channels": dataset.channels,
        "classes": list(dataset.labels.names),
        "labels": describe_rule(dataset.labels),
        "sizes": _sizes(dataset.cases),
        "tags": _tag_counts(dataset.cases),
        "notes": list(dataset.notes),
        "corrected": [c.name for c in dataset.cases if c.correction is not None],
        "left_out": [{"name": c.name, "reason": c.reason} for c in dataset.left_out],
        "unpaired": [
            {"path": _below(u.path, dataset.root), "reason": u.reason} for u in dataset.unpaired
        ],
        "first_cases": [
            {
                "name": c.name,
                "image": _below(c.image, dataset.root),
                "mask": _below(c.mask, dataset.root),
                "patient": c.patient,
                "reason": c.reason,
                "confidence": c.confidence,
                "masks": [_below(m, dataset.root) for m in c.masks or (c.mask,)],
                "tags": dict(c.tags),
            }
            for c in dataset.cases[:SHOWN]
        ],
    }


def describe_text(dataset: Dataset) -> str:
    """Describe a data set for people."""
    facts = describe(dataset)
    known = dataset.patient_source != UNKNOWN_SOURCE
    people = f" of {_counted(dataset.patients, 'patient')}" if known else ""
    lines = [
        f"{dataset.root}: {_counted(len(dataset), 'case')}{people}",
        f"  Patients: {dataset.patient_source}",
        *(
            f"  Pairs: {n} × {reason} (confidence {facts['confidence'][reason]:.2g})"
            for reason, n in list(facts["reasons"].items())[:SHOWN]
        ),
        f"  Images: {_counted(dataset.channels, 'channel')}, {_sizes_text(facts['sizes'])}",
        f"  Masks: {facts['labels']}",
    ]
    if corrected := facts["corrected"]:
        some = ", ".join(corrected[:SHOWN]) + (", …" if len(corrected) > SHOWN else "")
        lines.append(f"  Corrected by hand: {_counted(len(corrected), 'mask')} ({some})")
    for tag, counts in facts["tags"].items():
        lines.append(f"  {tag}: " + ", ".join(f"{n} × {value}" for value, n in counts.items()))
    lines += [f"  Note: {note}" for note in dataset.notes]
    lines += [f"  Left out by you: {c.name}: {c.reason}" for c in dataset.left_out]
    left_out = defaultdict(list)
    for file in facts["unpaired"]:
        left_out[file["reason"]].append(file["path"])
    for reason, paths in left_out.items():
        some = ", ".join(paths[:SHOWN]) + (", …" if len(paths) > SHOWN else "")
        lines.append(f"  Left out: {len(paths)} × {reason}: {some}")
    return "\n".join(lines)


def _confidence(cases: Sequence[Case]) -> dict[str, float]:
    """Return the lowest confidence of the pairs with each reason."""
    found: dict[str, float] = {}
    for case in cases:
        found[case.reason] = min(found.get(case.reason, 1.0), case.confidence)
    return found


def _sizes(cases: Sequence[Case]) -> dict[str, Any]:
    """Describe the images' sizes from a sample of headers: height and width, slices before them."""
    sizes: Counter[tuple[int, ...]] = Counter()
    for case, _ in zip(scattered(cases), range(SIZE_SAMPLE), strict=False):
        with suppress(DataError):
            sizes[describe_scan(case).spatial] += 1
    if not sizes:
        return {}
    by_area = sorted(sizes, key=lambda size: (math.prod(size), size))
    return {
        "smallest": list(by_area[0]),
        "largest": list(by_area[-1]),
        "different": len(sizes),
        "sampled": sizes.total(),
    }


def _sizes_text(sizes: Mapping[str, Any]) -> str:
    if not sizes:
        return "sizes unknown"
    low, high = (shape_words(sizes[key]) for key in ("smallest", "largest"))
    return f"{low} pixels" if low == high else f"{low} to {high} pixels"


def _tag_counts(cases: Sequence[Case]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for case in cases:
        for tag, value in case.tags.items():
            counts[tag][value] += 1
    return {tag: dict(found.most_common()) for tag, found in counts.items()}


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _below(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
