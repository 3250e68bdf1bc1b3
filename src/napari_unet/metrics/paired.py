"""Two columns of scores on the same cases: how much they differ, and how sure that is.

Images of one patient resemble each other, so that patients, not images, are what chance draws: the
interval resamples patients with all of their images (the cluster bootstrap of Field and Welsh 2007,
J. R. Statist. Soc. B 69:369), and the test compares the patients' mean differences.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from napari_unet.events import CaseScore, Paired
from napari_unet.metrics.scores import DISTANCES

RESAMPLES = 9999
CONFIDENCE = 0.95
SAME = 1e-9  # differences below this are those of rounding


def paired(
    before: Iterable[CaseScore],
    after: Iterable[CaseScore],
    score: str = "dice",
    name: str = "new",
    against: str = "old",
    seed: int = 0,
) -> Paired:
    """Compare two columns of scores case by case.

    Parameters
    ----------
    before, after
        Scores of the same cases, matched by name. Cases that are missing from one, have an error or
        no such score are left out.
    score
        A field of `CaseScore`; of distances less is better.
    name, against
        What ``after`` and ``before`` are called.
    seed
        Of the bootstrap, so that the same scores give the same interval.

    Returns
    -------
    Paired
        ``mean`` is NaN without any case, ``low`` and ``high`` with fewer than two patients. ``p``
        is two-sided, by the signed-rank test of Wilcoxon 1945 without the patients that do not
        differ; 1 if none does.
    """
    old = {s.name: s for s in before}
    pairs = [(old[s.name], s) for s in after if s.name in old]
    differences, people = [], []
    for a, b in pairs:
        difference = getattr(b, score) - getattr(a, score)
        if not (a.error or b.error or math.isnan(difference)):
            differences.append(difference if abs(difference) > SAME else 0.0)
            people.append(b.patient or b.name)
    values = np.array(differences, float)
    _, patient = np.unique(np.array(people, str), return_inverse=True)
    images = np.bincount(patient).astype(np.int64)
    sums = np.bincount(patient, weights=values).astype(np.float64)
    low, high = _interval(sums, images, seed)
    gain = -values if score in DISTANCES else values
    return Paired(
        name,
        against,
        score,
        n=len(values),
        mean=float(values.mean()) if len(values) else math.nan,
        low=low,
        high=high,
        p=_signed_rank(sums / images),
        better=int((gain > 0).sum()),
        worse=int((gain < 0).sum()),
        equal=int((gain == 0).sum()),
        patients=len(images),
    )


def _interval(
    sums: NDArray[np.float64], images: NDArray[np.int64], seed: int
) -> tuple[float, float]:
    """Return the bounds of the mean over images, by the percentiles of resampled patients."""
    if len(images) < 2:
        return math.nan, math.nan
    if not sums.any():
        return 0.0, 0.0
    from scipy.stats import bootstrap

    found = bootstrap(
        (sums, images),
        lambda total, number, axis: total.sum(axis=axis) / number.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=max(1, 1_000_000 // len(images)),
        confidence_level=CONFIDENCE,
        method="percentile",
        random_state=np.random.default_rng(seed),
    )
    low, high = found.confidence_interval
    return float(low), float(high)


def _signed_rank(differences: NDArray[np.float64]) -> float:
    """Return the p-value of Wilcoxon's test, over what is not 0."""
    differences = differences[np.abs(differences) > SAME]
    if not len(differences):
        return 1.0
    from scipy.stats import wilcoxon

    return float(wilcoxon(differences).pvalue)
