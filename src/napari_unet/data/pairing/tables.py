"""Tables beside the images (CSV or TSV): which mask belongs to which image, and whose they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from napari_unet.data.pairing.names import IMAGE_WORDS, MASK_WORDS, tokens
from napari_unet.errors import DataError

SUFFIXES = (".csv", ".tsv")
LARGEST = 100_000_000  # bytes; larger tables hold something else
FILE_WORDS = ("file", "filename", "filepath", "path", "name", "id", *IMAGE_WORDS)
LOOKED_AT = 50  # rows that decide whether a column holds file names


@dataclass(frozen=True)
class Table:
    """A table's name, its columns and its rows, all as text without surrounding blanks."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]


def read_table(path: Path) -> Table:
    """Read a table; the delimiter is the one the first line has most of.

    Raises
    ------
    DataError
        If the file cannot be read, or is no table with a header and a row.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise DataError(f"{path} is too large for a table of cases.")
        text = _decode(path.read_bytes())
        first = text.partition("\n")[0]
        delimiter = max(",;\t|", key=first.count)
        lines = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(row)]
    except (OSError, csv.Error) as e:
        raise DataError(f"{path} cannot be read as a table ({e}).") from e
    if len(lines) < 2:
        raise DataError(f"{path} holds no rows.")
    columns = tuple(c.strip() for c in lines[0])
    rows = tuple(
        {c: v.strip() for c, v in zip(columns, line, strict=False) if c} for line in lines[1:]
    )
    return Table(path, tuple(c for c in columns if c), rows)


def file_columns(table: Table, is_file_name: Callable[[str], bool]) -> tuple[str, str]:
    """Return the columns that name images and masks; an empty string where there is none.

    A column counts by its content first: a ``label`` of numbers is no path to a mask. Then its
    name decides, and only between two file columns with other names the order does.
    """
    files = [c for c in table.columns if _holds(table, c, is_file_name)]
    masks = [c for c in files if set(tokens(c)) & set(MASK_WORDS)]
    images = [c for c in files if c not in masks]
    images.sort(key=lambda c: not set(tokens(c)) & set(FILE_WORDS))  # stable: known names first
    if not masks and len(images) == 2:
        masks = images[1:]
    return images[0] if images else "", masks[0] if masks else ""


def id_columns(table: Table) -> list[str]:
    """Return the columns that may name images without their suffix, by their names."""
    return [c for c in table.columns if set(tokens(c)) & set(FILE_WORDS)]


def _holds(table: Table, column: str, wanted: Callable[[str], bool]) -> bool:
    """Say whether at least half of a column's first values are what is wanted."""
    values = [v for row in table.rows if (v := row.get(column, ""))][:LOOKED_AT]
    return bool(values) and 2 * sum(map(wanted, values)) >= len(values)


def _decode(data: bytes) -> str:
    """Decode what spreadsheet programs write: UTF-8, UTF-16 with a mark, or an old code page."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")
