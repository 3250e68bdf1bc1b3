"""Which models have the very same weights, whatever they are called."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from napari_unet.card import ModelCard, checksum
from napari_unet.errors import ModelError
from napari_unet.header import opened
from napari_unet.library.listing import Entry, entries, read_entry

_SAMPLE = 16_384  # bytes, at the end: the last layer's weights, which any training changes


def duplicates(among: Iterable[Entry] | None = None) -> list[list[Entry]]:
    """Return the groups of models that do the very same: of one card's settings and equal weights.

    ``among`` is what to look at, by default all there are. Most files are told apart by their last
    bytes; only of those that may be equal, everything is read, once for as long as they stay as
    they are.
    """
    usable = [e for e in (entries() if among is None else among) if e.card is not None]
    groups = _grouped(usable, _glance)
    return [same for group in groups for same in _grouped(group, _all)]


def same_as(path: str | Path) -> Entry | None:
    """Return the model of the library that does the very same as the one in a file, if any.

    Raises
    ------
    ModelError
        If the file is no model.
    """
    mine = read_entry(path)
    if mine.card is None:
        raise ModelError(mine.error)
    others = [e for e in entries() if e.path != mine.path]
    groups = [g for g in duplicates([mine, *others]) if g[0] is mine]
    return groups[0][1] if groups else None


def _grouped(listed: list[Entry], key: Callable[[Entry], Any]) -> list[list[Entry]]:
    """Return those that share a key with others; what cannot be read is like nothing else."""
    groups: dict[Any, list[Entry]] = defaultdict(list)
    for entry in listed if len(listed) > 1 else []:
        try:
            groups[key(entry)].append(entry)
        except ModelError:
            continue  # gone, or damaged, since it was listed
    return [group for group in groups.values() if len(group) > 1]


def _glance(entry: Entry) -> Any:
    assert entry.card is not None
    return _decides(entry.card), _end(entry.path, entry.size, entry.modified)


def _all(entry: Entry) -> str:
    return _checksum(entry.path, entry.size, entry.modified)


def _decides(card: ModelCard) -> Any:
    """Return what of a card decides what the model does, besides its weights."""
    return repr((card.network, card.preprocess, card.labels, card.threshold))


@lru_cache(maxsize=4096)
def _end(path: str, size: int, modified: float) -> tuple[int, bytes]:
    """Return how many bytes of weights there are, and a digest of the last."""
    with opened(path) as (file, header):
        file.seek(max(header.start, header.size - _SAMPLE))
        return header.body, hashlib.sha256(file.read(_SAMPLE)).digest()


@lru_cache(maxsize=4096)
def _checksum(path: str, size: int, modified: float) -> str:
    return checksum(path)
