"""Scores of many images in a few numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.events import CaseScore

SCORES = ("dice", "iou", "pixel_accuracy", "precision", "recall")


def summarise(scores: Iterable[CaseScore]) -> dict[str, Any]:
    """Return mean, median and standard deviation over images and over patients.

    Cases with an error are left out. The deviation is the sample's (``ddof = 1``), 0 for one image.
    The result holds ``images``, ``empty``, ``failed``, ``mean``, ``median``, ``std`` (each a dict
    of the five scores) and ``patients`` with ``count``, ``mean``, ``median``, ``std`` of the
    patients' own means.
    """
    scores = list(scores)
    good = [s for s in scores if not s.error]
    rows = np.array([[getattr(s, k) for k in SCORES] for s in good], float).reshape(-1, 5)
    groups: dict[str, list[int]] = {}
    for i, s in enumerate(good):
        groups.setdefault(s.patient or s.name, []).append(i)
    by_patient = np.array([rows[i].mean(axis=0) for i in groups.values()]).reshape(-1, 5)
    return {
        "images": len(good),
        "empty": sum(s.empty for s in good),
        "failed": len(scores) - len(good),
        **_spread(rows),
        "patients": {"count": len(groups), **_spread(by_patient)},
    }


def _spread(rows: NDArray[np.float64]) -> dict[str, dict[str, float]]:
    if not len(rows):
        return {"mean": {}, "median": {}, "std": {}}
    std = rows.std(axis=0, ddof=1) if len(rows) > 1 else np.zeros(rows.shape[1])
    values = {"mean": rows.mean(axis=0), "median": np.median(rows, axis=0), "std": std}
    return {k: dict(zip(SCORES, map(float, v), strict=True)) for k, v in values.items()}
