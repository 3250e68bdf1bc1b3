"""Pairs and facts from tables that lie among the images, or that a person points to."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_unet.data.cases import Unpaired
from napari_unet.data.formats import SUFFIXES
from napari_unet.data.pairing import pairs, tables
from napari_unet.data.pairing.containers import may_hold_both
from napari_unet.data.pairing.found import Found
from napari_unet.data.pairing.pairs_table import SEVERAL, confidence_of, facts_of
from napari_unet.data.pairing.tables import Table
from napari_unet.data.pairing.tree import File
from napari_unet.errors import DataError

NO_COLUMNS = "a table that names none of these images"


@dataclass(frozen=True)
class Listed:
    """A table, where it lies, and its columns of images and masks (may be empty)."""

    table: Table
    rel: str
    image: str
    mask: str

    @property
    def folder(self) -> str:
        """The table's folder, relative to the root."""
        return posixpath.dirname(self.rel)


def read_tables(found: Found) -> list[Listed]:
    """Read the tables of the folder; ``metadata.csv`` at the top is the only one if it is there."""
    names = [n for n in found.tree.others if Path(n).suffix.casefold() in tables.SUFFIXES]
    listed = []
    for rel in names:
        try:
            table = tables.read_table(found.tree.root / rel)
        except DataError as e:
            found.why[rel] = str(e)
            continue
        found.why[rel] = NO_COLUMNS
        listed.append(Listed(table, rel, *tables.file_columns(table, _is_file_name)))
    chief = [t for t in listed if t.rel.casefold() == "metadata.csv"]
    return chief if any(t.image and t.mask for t in chief) else listed


def read_given(found: Found, path: Path) -> list[Listed]:
    """Read the one table of pairs that a person points to, wherever it lies.

    Raises
    ------
    DataError
        If it is no table, or has no columns ``image`` and ``mask``.
    """
    table = tables.read_table(path)
    image, mask = tables.file_columns(table, _is_file_name)
    plain = {c.casefold(): c for c in table.columns}
    image, mask = plain.get("image", image), plain.get("mask", mask)
    if not image or not mask:
        raise DataError(
            f"{path} names no pairs: it needs the columns 'image' and 'mask' (it has "
            f"{', '.join(table.columns)})."
        )
    root = found.tree.root
    rel = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    if rel in found.tree.others:
        found.why[rel] = NO_COLUMNS
    return [Listed(table, rel, image, mask)]


def _is_file_name(value: str) -> bool:
    return value.casefold().endswith(SUFFIXES)


def add_listed(found: Found, listed: Iterable[Listed]) -> None:
    """Add the pairs that tables list; what else lies where such a table is, is left out."""
    missing = list(found.missing)
    authors: dict[str, str] = {}
    for table in listed:
        if not table.image or not table.mask:
            continue
        before = len(found.pairs)
        for row in table.table.rows:
            _add_row(found, table, row)
        if len(found.pairs) == before:
            found.missing = missing  # the table belongs to other files
            continue
        missing = list(found.missing)
        found.why[table.rel] = ""
        authors[table.folder] = table.rel
    for folder, rel in authors.items():
        below = [f for f in found.left() if not folder or f"{f.folder}/".startswith(f"{folder}/")]
        found.why |= {f.rel: f"not listed in {rel}" for f in below}
        if below:
            found.notes.append(f"{len(below)} files that {rel} does not list are left out")


def _add_row(found: Found, listed: Listed, row: Mapping[str, str]) -> None:
    image = _find(found, listed, row.get(listed.image, ""), "image")
    names = [n.strip() for n in row.get(listed.mask, "").split(SEVERAL)]
    masks = [m for n in names if (m := _find(found, listed, n, "mask")) is not None]
    if image is None:
        return
    if not masks or len(masks) < len(names) or (image in masks and not may_hold_both(image)):
        if not any(names):
            found.why[image.rel] = f"{listed.rel} names no mask for it"
        return
    known = found.pairs.get(image)
    if known is None:
        reason = row.get("reason") or f"listed in {listed.rel}"
        found.add(image, masks, reason, confidence_of(row, pairs.CHOSEN))
        found.why.pop(image.rel, None)
    elif known.masks[0] is not masks[0]:
        found.why[masks[0].rel] = f"{listed.rel} names another mask before it for the same image"
    found.learn(image, facts_of(row, frozenset({listed.image, listed.mask})), listed.rel)


def _find(found: Found, listed: Listed, name: str, role: str) -> File | None:
    file = found.tree.find(name, listed.folder, role)
    if file is None and name:
        path = found.tree.root / listed.folder / name
        found.missing.append(Unpaired(path, f"named in {listed.rel}, but not there"))
    return file


def join_facts(found: Found, listed: Iterable[Listed]) -> None:
    """Take what tables without masks say of the paired images, such as whose they are."""
    by_name: dict[str, list[File]] = {}
    for image in found.pairs:
        by_name.setdefault(image.name, []).append(image)
    for table in listed:
        if table.image and table.mask:
            continue
        columns = [table.image] if table.image else tables.id_columns(table.table)
        for column in columns:
            found_rows = (
                (_image_of(found, table, row.get(column, ""), by_name), row)
                for row in table.table.rows
            )
            rows = [(image, row) for image, row in found_rows if image is not None]
            if 2 * len(rows) < min(len(table.table.rows), len(found.pairs)):
                continue
            for named, row in rows:
                found.learn(named, {c: v for c, v in row.items() if c != column}, table.rel)
            if rows:
                found.why[table.rel] = ""
                break


def _image_of(
    found: Found, listed: Listed, name: str, by_name: Mapping[str, Sequence[File]]
) -> File | None:
    if not name:
        return None
    file = found.tree.find(name, listed.folder, "image")
    if file is not None and file in found.pairs:
        return file
    same = by_name.get(posixpath.splitext(posixpath.basename(name))[0]) or by_name.get(name, ())
    return same[0] if len(same) == 1 else None
