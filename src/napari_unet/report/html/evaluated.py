"""What a page tells of one model's scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_unet.events import Calibration, CaseScore, EvaluateFinished
from napari_unet.metrics import calibration_error, group, summarise
from napari_unet.report.html import describe, plots, tables
from napari_unet.report.html.describe import Section
from napari_unet.report.html.measures import (
    Measure,
    class_names,
    of_class,
    present,
    tags,
    units,
    values,
)

SUBSETS = {"train": "training", "val": "validation", "test": "test"}


@dataclass(frozen=True)
class Figure:
    """A number that is read first."""

    title: str
    value: str
    words: str


def evaluated(done: EvaluateFinished, folder: str) -> dict[str, Any]:
    """Return what the template of an evaluation is filled with."""
    model = describe.model(done.model)
    name = describe.file_name(folder) or "images"
    clean = describe.without_paths([folder, str(Path(done.model).parent) if done.model else ""])
    summary = done.summary or summarise(done.scores)
    history = model.run.history if model.run else ()
    settings = [_how_evaluated(done, name, summary), *describe.model_sections(model)]
    return {
        "clean": clean,
        "pictures_title": "Cases in pictures: the worst, the median and the best",
        "title": f"{model.name} on {name}",
        "subtitle": f"Segmentation scores of {subset_words(done.subset, len(done.scores))}",
        "figures": _figures(done.scores, summary),
        "summary": tables.summary_table(done.scores, summary),
        "groups": tables.group_tables(done.scores, summary),
        "remarks": _remarks(done.scores, summary),
        "failed": [(s.name, clean(s.error)) for s in done.scores if s.error],
        "spread": _spread_plots(done.scores),
        "curves": plots.curves(history),
        "calibration": _calibration(done),
        "cases": tables.case_table(done.scores, clean),
        "settings": settings,
    }


def _how_evaluated(done: EvaluateFinished, name: str, summary: Any) -> Section:
    count = f"{summary['images']} scored, {summary['failed']} failed"
    pairs = [
        ("Data set", name),
        ("Cases", f"{subset_words(done.subset, len(done.scores))} ({count})"),
        ("Threshold", f"{done.threshold:g}"),
        ("Took", describe.duration(done.seconds)),
        *describe.versions(),
    ]
    return Section("Evaluation", [p for p in pairs if p[1]])


def subset_words(subset: str, count: int) -> str:
    """Return which cases were looked at, as in "254 cases of the test set"."""
    cases = "1 case" if count == 1 else f"{count} cases"
    return cases if subset == "all" else f"{cases} of the {SUBSETS.get(subset, subset)} set"


def _figures(scores: Sequence[CaseScore], summary: Any) -> list[Figure]:
    measures = {m.key: m for m in present(scores)}
    patients = summary.get("patients", {})
    found = [_figure(measures["dice"], summary, _images(summary["images"]))]
    if 1 < patients.get("count", 0) < summary["images"]:
        found.append(_figure(measures["dice"], patients, f"{patients['count']} patients"))
    shown = [measures[key] for key in ("iou", "hd95") if key in measures]
    return found + [_figure(m, summary, _images(summary["images"])) for m in shown]


def _figure(measure: Measure, summary: Any, over: str) -> Figure:
    median = measure.of(summary, "median", 3)
    words = f"mean ± spread over {over}; median {median}"
    return Figure(measure.title, measure.spread(summary, 3), words)


def _remarks(scores: Sequence[CaseScore], summary: Any) -> list[str]:
    """Return what must be known to read the numbers rightly."""
    images, corrected = summary["images"], sum(s.corrected for s in scores)
    missing, found = summary.get("undefined", 0), units(scores)
    several = ", ".join(sorted(unit for unit, _ in found))
    said = [
        (not scores, "No case was evaluated."),
        (bool(scores) and not images, "No case could be scored."),
        (
            summary.get("empty"),
            f"In {_images(summary.get('empty', 0))} neither mask has foreground: they count as 1.",
        ),
        (
            summary.get("failed"),
            f"{_images(summary.get('failed', 0)).capitalize()} could not be scored and left out of "
            "every mean.",
        ),
        (
            missing,
            f"In {_images(missing)} only one of the masks has foreground, so no distance exists: "
            "left out of the means of distances.",
        ),
        (corrected, f"{_images(corrected).capitalize()} had a mask corrected by hand."),
        (
            len(found) > 1,
            f"Distances and sizes are in different units ({several}), so they have no them.",
        ),
    ]
    return [text for holds, text in said if holds]


def _images(number: int) -> str:
    return "1 image" if number == 1 else f"{number} images"


def _spread_plots(scores: Sequence[CaseScore]) -> list[tuple[str, Any]]:
    dices = values(scores)
    if not dices:
        return []
    found = [("How often which Dice occurs", plots.histogram(dices))]
    groups = {"all images": dices}
    if classes := class_names(scores):
        groups |= {name: of_class(scores, name) for name in classes}
        found.append(("Dice by class", plots.boxes(groups, "Dice by class")))
    for tag in tags(scores):
        groups = {"all images": dices}
        groups |= {v or tables.NO_TAG: values(of) for v, of in group(scores, tag).items()}
        found.append((f"Dice by {tag}", plots.boxes(groups, f"Dice by {tag}")))
    if len(found) == 1:
        found.append(("Dice of all images", plots.boxes(groups, "Dice of all images")))
    return found


def _calibration(done: EvaluateFinished) -> dict[str, Any] | None:
    found = done.calibration
    if found is None or not sum(found.counts):
        return None
    first = next((i for i, edge in enumerate(found.edges) if edge > 0), 0)
    doubtful = calibration_error(_from(found, first))
    return {
        "reliability": plots.reliability(found),
        "probabilities": plots.probabilities(found),
        "error": f"{calibration_error(found):.4f}",
        "doubtful": "" if math.isnan(doubtful) else f"{doubtful:.3f}",
        "from": f"{found.edges[first]:.2f}",
        "pixels": f"{sum(found.counts):,}",
    }


def _from(found: Calibration, first: int) -> Calibration:
    """Return the bins from ``first`` on: nearly all pixels are in the lowest, being background."""
    return Calibration(
        found.edges[first:],
        found.counts[first:],
        found.positives[first:],
        found.confidences[first:],
    )
