"""Pairs as a table that a person can read, edit and give back.

Columns: ``image`` and ``mask`` (paths below the folder, with ``/``; several masks of one image with
``|`` between them), ``patient``, ``confidence``, ``reason``, ``tags`` (``kind=a; site=b``). Only
the first two are needed when a table is read.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, unquote

from napari_unet.data.cases import Case, Dataset
from napari_unet.errors import DataError
from napari_unet.workspace import atomic

COLUMNS = ("image", "mask", "patient", "confidence", "reason", "tags")
SEVERAL = "|"  # between the masks of one image: no file's name holds it on Windows
# Ours, not a tag or a patient; left out of what a table says of an image.
NO_FACTS = frozenset({"confidence", "reason", "tags"})
SAFE = "".join(chr(c) for c in range(32, 127) if chr(c) not in "%;=")


def write_pairs(path: str | Path, dataset: Dataset) -> Path:
    """Write the cases of a data set as CSV; the file appears whole or not at all.

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    path = Path(path).expanduser()
    try:
        with atomic(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(_row(case, dataset.root) for case in dataset.cases)
    except OSError as e:
        raise DataError(f"{path} could not be written ({e.strerror or e}).") from e
    return path


def _row(case: Case, root: Path) -> Iterator[str]:
    yield _below(case.image, root)
    yield SEVERAL.join(_below(mask, root) for mask in case.masks or (case.mask,))
    yield case.patient
    yield f"{case.confidence:g}"
    yield case.reason
    yield write_tags(case.tags)


def write_tags(tags: Mapping[str, str]) -> str:
    """Return tags as ``kind=a; site=b``."""
    return "; ".join(f"{_quoted(tag)}={_quoted(value)}" for tag, value in tags.items())


def read_tags(text: str) -> dict[str, str]:
    """Read what `write_tags` wrote; parts without ``=`` are passed over."""
    parts = (part.partition("=") for part in text.split(";"))
    return {unquote(tag.strip()): unquote(value.strip()) for tag, bar, value in parts if bar}


def facts_of(row: Mapping[str, str], columns: frozenset[str]) -> dict[str, str]:
    """Return what a row says of its image besides the pair, tags taken apart.

    ``columns`` are those that name files.
    """
    facts = {c: v for c, v in row.items() if c not in columns and c.casefold() not in NO_FACTS}
    return facts | read_tags(row.get("tags", ""))


def confidence_of(row: Mapping[str, str], default: float) -> float:
    """Return a row's confidence, if it has one between 0 and 1."""
    try:
        value = float(row.get("confidence", ""))
    except ValueError:
        return default
    return value if 0 <= value <= 1 else default


def _quoted(text: str) -> str:
    """Keep letters readable, and what would end a tag apart."""
    return "".join(c if c in SAFE or not c.isascii() else quote(c) for c in text)


def _below(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
