"""The models there are: those of the workspace, and those that came with the program."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from napari_unet.card import ModelCard, read_card
from napari_unet.errors import ModelError
from napari_unet.library import names
from napari_unet.runs import read_scores
from napari_unet.workspace import list_models


@dataclass(frozen=True)
class Entry:
    """A model file and what it says of itself; ``error`` if that cannot be read.

    ``size`` is in bytes and ``modified`` in seconds since 1970, both 0 if the file cannot be seen.
    A ``boxed`` model came with the program and cannot be changed.
    """

    name: str
    path: str
    card: ModelCard | None = None
    error: str = ""
    size: int = 0
    modified: float = 0.0
    boxed: bool = False


def entries() -> list[Entry]:
    """Return the models of the workspace, the newest first, then those that came with the program.

    What cannot be read is listed as well, with the reason.
    """
    return [read_entry(path) for path in (*list_models(), *names.boxed_files())]


def read_entry(path: str | Path) -> Entry:
    """Read a model file's card; what is wrong with it ends up in ``error``."""
    path = Path(path)
    name, boxed = names.name_of(path), names.is_boxed(path)
    try:
        found = path.stat()
    except OSError:  # what exactly is told by reading the card
        size, modified, changed = 0, 0.0, 0
    else:
        size, modified, changed = found.st_size, found.st_mtime, found.st_mtime_ns
    try:
        card = _card(path, size, changed)
    except ModelError as e:
        return Entry(name, str(path), None, str(e), size, modified, boxed)
    return Entry(name, str(path), card, "", size, modified, boxed)


def modified(path: str | Path) -> float:
    """Return when a file was last written, 0 if it cannot be seen."""
    try:
        return Path(path).stat().st_mtime
    except OSError:
        return 0.0


def scores(entry: Entry) -> dict[str, dict[str, Any]]:
    """Return the summaries of a model's scores by subset (see `napari_unet.metrics.summarise`).

    Those of its latest evaluations come before those that travel in its card.
    """
    return read_scores(entry.path, entry.card) if entry.card is not None else {}


def search(text: str, among: Iterable[Entry] | None = None) -> list[Entry]:
    """Return the models of whose name, classes, data or description every word of ``text`` is part.

    Capitals do not count. ``among`` is what to search, by default all there are.
    """
    words = text.casefold().split()
    listed = entries() if among is None else among
    return [e for e in listed if all(word in _described(e) for word in words)]


def _described(entry: Entry) -> str:
    """Return all that can be found of a model, in small letters."""
    if entry.card is None:
        return entry.name.casefold()
    card = entry.card
    told = [entry.name, card.name, card.created, *card.classes]
    told += [str(card.data.get(key, "")) for key in ("folder", "name")]
    told += map(str, card.about.values())
    return "\n".join(told).casefold()


@lru_cache(maxsize=4096)
def _card(path: Path, size: int, changed: int) -> ModelCard:
    """Read a card once for as long as its file stays as it is."""
    return read_card(path)
