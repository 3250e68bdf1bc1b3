"""A split in words and numbers: how many cases and patients, of which kinds, and what is wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from napari_unet.data.cases import SUBSETS, Case, Dataset
from napari_unet.data.splits.imported import Imported
from napari_unet.quantities import plural

SHOWN_TAGS = 3


def describe(checked: Imported, dataset: Dataset) -> dict[str, Any]:
    """Describe a split in plain JSON values."""
    parts: dict[str, list[Case]] = {subset: [] for subset in SUBSETS}
    for case in dataset.cases:
        if subset := checked.split.subsets.get(case.name):
            parts[subset].append(case)
    return {
        "folder": str(dataset.root),
        "subsets": {subset: _part(cases) for subset, cases in parts.items()},
        "patient_source": dataset.patient_source,
        "seed": checked.split.seed,
        "unknown": list(checked.unknown),
        "missing": list(checked.missing),
        "leaks": list(checked.leaks),
    }


def _part(cases: Sequence[Case]) -> dict[str, Any]:
    tags: dict[str, Counter[str]] = defaultdict(Counter)
    for case in cases:
        for tag, value in case.tags.items():
            tags[tag][value] += 1
    return {
        "cases": len(cases),
        "patients": len({c.patient for c in cases}),
        "tags": {tag: dict(sorted(found.items())) for tag, found in tags.items()},
    }


def describe_text(checked: Imported, dataset: Dataset) -> str:
    """Describe a split for people."""
    facts = describe(checked, dataset)
    total = sum(part["cases"] for part in facts["subsets"].values()) or 1
    lines = []
    for subset, part in facts["subsets"].items():
        share = part["cases"] / total
        people = plural(part["patients"], "patient")
        line = f"  {subset:<5} {plural(part['cases'], 'case'):>12} ({share:.0%}) of {people}"
        for tag, found in list(part["tags"].items())[:SHOWN_TAGS]:
            line += f"; {tag}: " + ", ".join(f"{n} × {value}" for value, n in found.items())
        lines.append(line)
    return "\n".join((*lines, *checked.notes()))
