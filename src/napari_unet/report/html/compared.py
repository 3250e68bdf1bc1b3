"""What a page tells of several models and readers on the same cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari_unet.events import Compared
from napari_unet.report.html import describe, plots, tables
from napari_unet.report.html.describe import Section
from napari_unet.report.html.evaluated import subset_words


def compared(done: Compared, folder: str) -> dict[str, Any]:
    """Return what the template of a comparison is filled with."""
    name = describe.file_name(folder or done.folder) or "images"
    clean = describe.without_paths([folder, done.folder, *map(_parent, done.sources)])
    count = len(done.scores[0]) if done.scores else 0
    settings = [
        Section(
            "Comparison",
            [
                ("Data set", name),
                ("Cases", subset_words(done.subset, count)),
                ("Took", describe.duration(done.seconds)),
                *describe.versions(),
            ],
        )
    ]
    for column, kind, source in zip(done.columns, done.kinds, done.sources, strict=False):
        if kind == "model":
            settings += describe.model_sections(describe.model(source), f"{column}: ")
    return {
        "clean": clean,
        "pictures_title": "Cases in pictures: where they differ most",
        "title": f"{_names(done.columns)} on {name}",
        "subtitle": f"Comparison on {subset_words(done.subset, count)}",
        "columns": tables.column_table(done),
        "paired": tables.paired_table(done) if done.paired else None,
        "differences": _differences(done),
        "agreement": _agreement(done),
        "left_out": [(k, clean(v)) for k, v in done.left_out.items()],
        "failed": _failures(done, clean),
        "cases": tables.compared_cases(done),
        "settings": settings,
    }


def _names(columns: Sequence[str]) -> str:
    """Return the names as people list them, or how many they are."""
    if len(columns) > 3:
        return f"{len(columns)} models and readers"
    *first, last = columns or ("Nothing",)
    return f"{', '.join(first)} and {last}" if first else last


def _parent(path: str) -> str:
    return str(Path(path).parent)


def _failures(done: Compared, clean: Callable[[str], str]) -> list[tuple[str, str]]:
    return [
        (f"{column}: {s.name}", clean(s.error))
        for column, scores in zip(done.columns, done.scores, strict=True)
        for s in scores
        if s.error
    ]


def _differences(done: Compared) -> list[tuple[str, Any]]:
    """Return a plot for every column that is paired with another."""
    by_name = dict(zip(done.columns, done.scores, strict=True))
    found = []
    for paired in done.paired:
        if paired.name in by_name and paired.against in by_name:
            pairs = zip(by_name[paired.name], by_name[paired.against], strict=True)
            each = [
                getattr(a, paired.score) - getattr(b, paired.score)
                for a, b in pairs
                if not a.error and not b.error
            ]
            words = f"{paired.name} against {paired.against}, case by case"
            found.append((words, plots.differences([v for v in each if v == v], paired)))
    return found


def _agreement(done: Compared) -> list[tuple[str, list[tuple[str, int]]]]:
    """Return a row per column: its name, then the mean Dice with each and how dark that is."""
    return [
        (name, [(f"{v:.3f}" if v == v else "–", round(10 * v) if v == v else 0) for v in row])
        for name, row in zip(done.columns, done.agreement, strict=False)
    ]
