"""How well several readers agree: the mean Dice of every two of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.metrics.counts import count, dice, mean_present

Masks = Sequence[NDArray[Any] | None]


class Agreement:
    """Adds up, case by case, how well ``columns`` label images agree in pairs."""

    def __init__(self, columns: int, classes: int = 1) -> None:
        self.classes = classes
        self._total = np.zeros((columns, columns))
        self._cases = np.zeros((columns, columns), np.int64)

    def add(self, masks: Masks, unknown: NDArray[np.bool_] | None = None) -> None:
        """Take in one case: a label image of each column, None where a column has none.

        Pixels that are ``unknown`` are not looked at.
        """
        if unknown is not None:
            masks = [None if m is None else m[~unknown] for m in masks]
        there = [(i, m) for i, m in enumerate(masks) if m is not None]
        for (i, a), (j, b) in combinations(there, 2):
            counts = count(a, b, self.classes)
            value = float(mean_present(dice(counts), counts))
            for at in ((i, j), (j, i)):
                self._total[at] += value
                self._cases[at] += 1

    def matrix(self) -> tuple[tuple[float, ...], ...]:
        """Return the mean Dice of every two columns: NaN where they share no case."""
        with np.errstate(invalid="ignore"):
            means = self._total / self._cases
        np.fill_diagonal(means, 1.0)
        return tuple(tuple(math.nan if math.isnan(v) else float(v) for v in r) for r in means)


def agreement(columns: Sequence[Masks], classes: int = 1) -> tuple[tuple[float, ...], ...]:
    """Return the mean Dice between every two columns, each a label image per case.

    A case counts as its own Dice, the mean over its classes; None stands for a missing mask.
    """
    found = Agreement(len(columns), classes)
    for masks in zip(*columns, strict=True):
        found.add(masks)
    return found.matrix()
