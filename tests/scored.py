"""Scores of made-up cases, for tests of what is told of them."""

from __future__ import annotations

import numpy as np

from napari_unet.events import CaseScore
from napari_unet.metrics import score_masks

NAN = float("nan")


def masks(seed: int = 0, classes: int = 1, size: int = 24) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, classes + 1, (size, size))


def scored(n: int = 5) -> list[CaseScore]:
    return [
        score_masks(masks(i), masks(i + 100), name=f"folder/{i}", patient=f"P{i // 2}")
        for i in range(n)
    ]


def failed(name: str = "broken", error: str = "broken.png is truncated") -> CaseScore:
    return CaseScore(name, "P", NAN, NAN, NAN, NAN, NAN, empty=False, error=error)


def empty() -> CaseScore:
    nothing = np.zeros((4, 4), int)
    return score_masks(nothing, nothing, name="healthy", patient="P9")
