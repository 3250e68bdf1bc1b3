"""Scores of many images in a few numbers, over all of them or over groups."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.errors import DataError
from napari_unet.events import CaseScore
from napari_unet.metrics.scores import DISTANCES

SCORES = ("dice", "iou", "pixel_accuracy", "precision", "recall")
VOLUMES = ("volume", "reference_volume", "volume_difference")
MEASURES = (*SCORES, *DISTANCES, *VOLUMES)
PATIENT = "patient"


def summarise(scores: Iterable[CaseScore]) -> dict[str, Any]:
    """Return mean, median and standard deviation over images, over patients and of each class.

    Cases with an error are left out. The deviation is the sample's (``ddof = 1``), 0 for one image.
    Distances and volumes are left out where images differ in their unit.

    Returns
    -------
    dict
        ``images``, ``empty``, ``failed``, ``corrected``: numbers of cases. ``undefined``: cases
        whose distances do not exist, as only one mask has foreground; they are left out of the
        distances' means. ``unit`` and ``dims``: of distances and volumes; "" and 0 if images
        differ. ``mean``, ``median``, ``std``: each a dict of those of `MEASURES` that exist.
        ``patients``: ``count``, and ``mean``, ``median``, ``std`` of the patients' own means.
        ``classes``, if there are several: for each by its name ``images`` (in which it occurs),
        ``undefined``, ``mean``, ``median``, ``std``.
    """
    scores = list(scores)
    good = [s for s in scores if not s.error]
    spaces = {(s.unit, s.dims) for s in good}
    unit, dims = spaces.pop() if len(spaces) == 1 else ("", 0)
    keys = MEASURES if unit else SCORES
    rows = _rows((vars(s) for s in good), keys)
    groups: dict[str, list[int]] = {}
    for i, s in enumerate(good):
        groups.setdefault(s.patient or s.name, []).append(i)
    patients = np.array([_column_means(rows[i]) for i in groups.values()]).reshape(-1, len(keys))
    return {
        "images": len(good),
        "empty": sum(s.empty for s in good),
        "failed": len(scores) - len(good),
        "corrected": sum(s.corrected for s in good),
        "undefined": sum(math.isnan(s.hd95) and _measured(s.per_class.values()) for s in good),
        "unit": unit,
        "dims": dims,
        **_spread(rows, keys),
        "patients": {"count": len(groups), **_spread(patients, keys)},
        "classes": _classes(good, keys),
    }


def group(scores: Iterable[CaseScore], by: str) -> dict[str, list[CaseScore]]:
    """Return the scores by patient or by the value of a tag, in the order that people count in.

    Parameters
    ----------
    scores
        Of any number of cases.
    by
        "patient", or the name of a tag. Cases without that tag come last, under "".

    Raises
    ------
    DataError
        If no case has such a tag.
    """
    scores = list(scores)
    tags = dict.fromkeys(t for s in scores for t in s.tags)
    if by != PATIENT and scores and by not in tags:
        known = ", ".join([PATIENT, *tags])
        raise DataError(f"The cases have no tag {by!r}. They can be grouped by: {known}.")
    groups: dict[str, list[CaseScore]] = {}
    for s in scores:
        key = (s.patient or s.name) if by == PATIENT else s.tags.get(by, "")
        groups.setdefault(key, []).append(s)
    return {key: groups[key] for key in sorted(groups, key=lambda k: (not k, _natural(k)))}


def _natural(text: str) -> list[tuple[int, int, str]]:
    """Return a key by which "2" comes before "10"."""
    parts = re.findall(r"\d+|\D+", text)
    return [(0, int(p), "") if p.isdecimal() else (1, 0, p.casefold()) for p in parts]


def _classes(scores: Sequence[CaseScore], keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Summarise each class over the images in which it occurs; nothing for a lone class."""
    names = dict.fromkeys(c for s in scores for c in s.per_class)
    if len(names) < 2:
        return {}
    found = {}
    for name in names:
        values = [s.per_class[name] for s in scores if name in s.per_class]
        found[name] = {
            "images": len(values),
            "undefined": sum(math.isnan(v.get("hd95", 0.0)) for v in values),
            **_spread(_rows(values, keys), keys),
        }
    return found


def _measured(per_class: Iterable[Mapping[str, float]]) -> bool:
    """Say whether distances were measured: a class has them even where they do not exist."""
    return any("hd95" in values for values in per_class)


def _rows(values: Iterable[Mapping[str, float]], keys: Sequence[str]) -> NDArray[np.float64]:
    """Return ``(images, keys)``, NaN where there is no such number."""
    found = []
    for v in values:
        difference = v.get("volume", np.nan) - v.get("reference_volume", np.nan)
        found.append([{**v, "volume_difference": difference}.get(k, np.nan) for k in keys])
    return np.array(found, float).reshape(-1, len(keys))


def _column_means(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each column over what exists; NaN where nothing does."""
    known = ~np.isnan(rows)
    total, number = np.where(known, rows, 0.0).sum(axis=0), known.sum(axis=0)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def _spread(rows: NDArray[np.float64], keys: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return mean, median and deviation of each column in which there is any number."""
    found: dict[str, dict[str, float]] = {"mean": {}, "median": {}, "std": {}}
    for key, column in zip(keys, rows.T, strict=True):
        known = column[~np.isnan(column)]
        if len(known):
            found["mean"][key] = float(known.mean())
            found["median"][key] = float(np.median(known))
            found["std"][key] = float(known.std(ddof=1)) if len(known) > 1 else 0.0
    return found
