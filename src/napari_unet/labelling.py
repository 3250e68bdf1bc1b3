"""From probabilities to labels: the one rule that the viewer, the shell and the scores share."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVELS = 255  # probabilities are kept as 0…255: a quarter of float32, exact to 0.2 %
OWN = -1.0  # in place of a class's threshold: it must be likelier than the background
BLOCK = 1 << 18  # pixels that are gone through at once: what is written then stays in the cache


def quantise(probabilities: NDArray[Any]) -> NDArray[np.uint8]:
    """Return probabilities 0…1 as whole numbers 0…255."""
    levels: NDArray[np.uint8] = np.rint(np.clip(probabilities, 0.0, 1.0) * LEVELS).astype(np.uint8)
    return levels


def label_image(
    probabilities: NDArray[np.uint8], threshold: float, thresholds: Sequence[float] = ()
) -> NDArray[np.uint8]:
    """Label every pixel.

    Parameters
    ----------
    probabilities
        ``(K, …)`` as from `quantise`. One plane: pixels of at least ``threshold`` become 1. Several
        planes, the background first: each pixel takes the likeliest class.
    threshold
        0 to 1; used for one plane only.
    thresholds
        For several planes: what each class but the background must reach, 0 to 1, or `OWN`. A pixel
        takes the likeliest of the classes that reach theirs, else the background. None given, or
        all of them `OWN`: the likeliest of all.

    Raises
    ------
    ValueError
        If ``thresholds`` are not as many as there are classes.
    """
    if len(probabilities) == 1:
        # A comparison with a number outside uint8's range would be refused by numpy.
        foreground: NDArray[np.bool_] = probabilities[0] >= _level(threshold)
        return foreground.view(np.uint8)
    thresholds = tuple(thresholds) or (OWN,) * (len(probabilities) - 1)
    if len(thresholds) != len(probabilities) - 1:
        raise ValueError(f"{len(thresholds)} thresholds for {len(probabilities) - 1} classes")
    levels = tuple(None if t < 0 else _level(t) for t in thresholds)
    labels: NDArray[np.uint8] = np.zeros(probabilities.shape[1:], np.uint8)
    for part in _blocks(labels.shape):
        _likeliest(probabilities[:, *part], labels[part], levels)
    return labels


def entropy(probabilities: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return how undecided the network is at every pixel, 0 (sure) to 255 (it cannot tell).

    Shannon's entropy of ``(K, …)`` as from `quantise`, as a share of the largest one there can be:
    one bit for a lone class, the logarithm of K for K planes.
    """
    shares = np.arange(LEVELS + 1) / LEVELS
    parts = -shares * np.log(np.maximum(shares, 1 / LEVELS))
    lone = len(probabilities) == 1
    bits = (parts + parts[::-1]) / math.log(2) if lone else parts / math.log(len(probabilities))
    table = (bits * LEVELS).astype(np.float32)
    entropies: NDArray[np.uint8] = np.empty(probabilities.shape[1:], np.uint8)
    for part in _blocks(entropies.shape):
        total = table[probabilities[:, *part]].sum(axis=0)
        # The planes were rounded one by one, so that their sum may be a little over one.
        entropies[part] = np.rint(np.minimum(total, LEVELS))
    return entropies


def count_classes(labels: NDArray[Any], classes: int) -> NDArray[np.int64]:
    """Return how many pixels hold 1, 2 … ``classes``; length ``classes``."""
    counts = np.zeros(classes, np.int64)
    for part in _blocks(labels.shape):
        counts += [np.count_nonzero(labels[part] == c + 1) for c in range(classes)]
    return counts


def _level(threshold: float) -> np.uint8:
    """Return the lowest kept level that reaches a threshold."""
    level = math.ceil(round(threshold * LEVELS, 6))
    return np.uint8(min(max(level, 0), LEVELS))


def _blocks(shape: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """Yield slices along the first axis that hold about `BLOCK` pixels each."""
    if not shape:
        yield ()
        return
    step = max(1, BLOCK // max(math.prod(shape[1:]), 1))
    yield from ((slice(start, start + step),) for start in range(0, shape[0], step))


def _likeliest(
    probabilities: NDArray[np.uint8], labels: NDArray[np.uint8], levels: Sequence[np.uint8 | None]
) -> None:
    """Write the likeliest class that reaches its level into ``labels``, which are 0.

    Without an index or a branch per pixel: a class that wins writes its number as the maximum of
    what is there, since those before it have smaller ones. Of equals the first one wins.
    """
    best = np.zeros_like(labels)
    for number, level in enumerate(levels, start=1):
        here = probabilities[number]
        wins = here > probabilities[0] if level is None else here >= level
        wins &= (here > best) | (labels == 0)
        mask = np.negative(wins.view(np.uint8))  # 255 where it wins
        np.maximum(labels, mask & np.uint8(number), out=labels)
        np.maximum(best, mask & here, out=best)
