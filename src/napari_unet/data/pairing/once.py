"""Pairing names that occur once: the only image and the only mask that could mean each other."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from napari_unet.data.pairing.matches import (
    Matches,
    is_mask,
    is_named_mask,
    same_name,
    without_suffix,
)
from napari_unet.data.pairing.names import without_mark
from napari_unet.data.pairing.tree import File

Fold = Callable[[str], str]
Where = Callable[[File], tuple[str, ...]]
DEEP = 5  # folders of which all combinations are tried


def take_once(
    files: list[File], matches: Matches, fold: Fold, place: Where, confidence: float
) -> list[File]:
    """Pair equal names where one place is part of the other, if nothing else has that name.

    ``data/face`` and ``face`` meet, so do ``patient 1`` and the top; two places of which each has
    something that the other lacks, as two patients' have, never do. Return what is left.
    """
    images = [f for f in files if not is_named_mask(f)]
    masks = [f for f in files if is_named_mask(f)]
    if not images or not masks:
        return files
    edges = {(i, m) for m, i in _within(masks, images, fold, place)}
    edges |= set(_within(images, masks, fold, place))
    partners = Counter(file for edge in edges for file in edge)
    used: set[File] = set()
    for image, mask in sorted(edges, key=lambda edge: edge[0].rel):
        if partners[image] == partners[mask] == 1:
            matches.add(image, mask, same_name(image, mask), confidence)
            used |= {image, mask}
    return [f for f in files if f not in used] if used else files


def _within(
    near: Iterable[File], far: Iterable[File], fold: Fold, place: Where
) -> Iterator[tuple[File, File]]:
    """Yield those of ``near`` with the only one of ``far`` whose place holds theirs."""
    holders: dict[tuple[tuple[str, ...], str], list[File]] = defaultdict(list)
    for file in far:
        for part in _parts(place(file)):
            for name in _names(file, fold):
                holders[part, name].append(file)
    for file in near:
        for name in _names(file, fold):
            found = holders.get((place(file), name), [])
            if len(found) == 1:
                yield file, found[0]


@lru_cache(maxsize=1024)
def _parts(place: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    """Return a place with any of its folders left out; for very deep ones, only leading folders."""
    if len(place) > DEEP:
        return frozenset(place[start:] for start in range(len(place) + 1))
    return frozenset(
        part for n in range(len(place) + 1) for part in itertools.combinations(place, n)
    )


def _names(file: File, fold: Fold) -> set[str]:
    """Return what a file may be called by: its name and, for a mask, that without its affix."""
    names = {file.name}
    if is_named_mask(file) and file.bare_mask:
        names.add(file.bare_mask[0])
    if is_mask(file):
        names |= {without_mark(file.name) or "", without_suffix(file) or ""}
    return {fold(name) for name in names if name}
