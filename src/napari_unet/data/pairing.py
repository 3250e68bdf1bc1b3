"""Which mask belongs to which image, in any folder, with the reason for every pair.

The rules are tried from the surest to the weakest; each takes what the ones before it left. Keys
are compared whole, never by their beginning: ``1`` is not ``10``. Every step goes once through the
files and looks up keys in a dictionary, so the time grows linearly with the number of files. Pixels
are looked at only where nothing else can tell two folders apart.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from napari_unet.data import matching, matlab, tables
from napari_unet.data.cases import Unpaired
from napari_unet.data.formats import SUFFIXES, reading
from napari_unet.data.names import natural, normal, without_word
from napari_unet.data.tables import Table
from napari_unet.data.tree import File, Tree, scan
from napari_unet.errors import DataError

NO_MASK = "no mask found for it"
NO_IMAGE = "no image found for it"
NO_FORMAT = "not an image format that is read here"
NO_COLUMNS = "a table that names none of these images"


@dataclass(frozen=True)
class Pairing:
    """What was found in a folder.

    Attributes
    ----------
    pairs : tuple of (Path, Path, str)
        Image, mask (the same file if it holds both) and why they belong together.
    unpaired : tuple of Unpaired
        Every other file and why it takes no part.
    rule : str
        The reasons, the most frequent first, as a summary.
    notes : tuple of str
        What a person should know or check.
    facts : mapping of Path to mapping
        What tables and MATLAB files say of an image: column or field name to value.
    facts_from : str
        Where the facts come from, in words.
    """

    pairs: tuple[tuple[Path, Path, str], ...]
    unpaired: tuple[Unpaired, ...] = ()
    rule: str = ""
    notes: tuple[str, ...] = ()
    facts: Mapping[Path, Mapping[str, str]] = field(default_factory=dict)
    facts_from: str = ""


def find_pairs(root: str | Path) -> Pairing:
    """Pair the images and masks of a folder and everything below it.

    Raises
    ------
    DataError
        If the folder is missing or may not be read. A folder without pairs is no error here.
    """
    found = _Found(scan(Path(root)))
    _add_matlab(found)
    listed = _read_tables(found)
    _add_listed(found, listed)
    _add_matches(found)
    _join_facts(found, listed)
    return found.result()


def mask_key(path: str | Path) -> str:
    """Return what masks of the same case share, given the path below their folder.

    That is the path without its suffix and without an affix such as ``_mask``.
    """
    path = Path(path)
    stem = normal(path.stem)
    bare = without_word(stem, "mask")
    return path.with_name(bare[0] if bare and bare[0] else stem).as_posix()


class _Found:
    """What has been paired so far."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.pairs: dict[File, tuple[File, str]] = {}
        self.taken: set[File] = set()
        self.why: dict[str, str] = {}  # file left out, relative -> reason
        self.missing: list[Unpaired] = []
        self.notes: list[str] = []
        self.facts: dict[File, dict[str, str]] = {}
        self.sources: list[str] = []

    def add(self, image: File, mask: File, reason: str) -> None:
        self.pairs[image] = (mask, reason)
        self.taken |= {image, mask}

    def left(self) -> list[File]:
        return [f for f in self.tree.files if f not in self.taken and f.rel not in self.why]

    def learn(self, image: File, facts: Mapping[str, str], source: str) -> None:
        self.facts.setdefault(image, {}).update({k: v for k, v in facts.items() if v})
        if source not in self.sources:
            self.sources.append(source)

    def result(self) -> Pairing:
        root = self.tree.root
        pairs = sorted(self.pairs.items(), key=lambda item: natural(item[0].rel))
        reasons = Counter(reason for _, (_, reason) in pairs)
        unpaired = [Unpaired(root / rel, self.why.get(rel, NO_FORMAT)) for rel in self.tree.others]
        for file in self.tree.files:
            if file not in self.taken:
                default = NO_IMAGE if matching.is_named_mask(file) else NO_MASK
                unpaired.append(Unpaired(file.path, self.why.get(file.rel, default)))
        return Pairing(
            tuple((i.path, m.path, reason) for i, (m, reason) in pairs),
            tuple(u for u in (*unpaired, *self.missing) if u.reason),
            "; ".join(reason for reason, _ in reasons.most_common()),
            tuple(self.notes),
            {f.path: facts for f, facts in self.facts.items()},
            " and ".join(self.sources),
        )


# --- MATLAB files -------------------------------------------------------------------------------


def _add_matlab(found: _Found) -> None:
    """Pair the files that hold an image and its mask; note whose the others are."""
    for file in found.tree.files:
        if file.suffix not in matlab.SUFFIXES:
            continue
        try:
            with reading(file.path, "an image"):
                header = matlab.header(file.path)
        except DataError as e:
            found.why[file.rel] = str(e)
            continue
        if header.image and header.mask:
            found.add(file, file, "image and mask in one MATLAB file")
        elif not header.image and not header.mask:
            found.why[file.rel] = "holds neither an image nor a mask"
        if header.image and (header.patient or header.tags):
            found.learn(file, {"PID": header.patient, **header.tags}, "the MATLAB files")


# --- names --------------------------------------------------------------------------------------


def _add_matches(found: _Found) -> None:
    """Pair by names what is left; guesses are made only where nothing else was found."""
    matches = matching.match(found.left(), guess=not found.pairs)
    found.notes += matches.notes
    found.why |= {file.rel: why for file, why in matches.spare.items()}
    for image, mask, reason in matches.pairs:
        found.add(image, mask, reason)


# --- tables -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Listed:
    """A table, where it lies, and its columns of images and masks (may be empty)."""

    table: Table
    rel: str
    image: str
    mask: str

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.rel)


def _read_tables(found: _Found) -> list[_Listed]:
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
        listed.append(_Listed(table, rel, *tables.file_columns(table, _is_file_name)))
    chief = [t for t in listed if t.rel.casefold() == "metadata.csv"]
    return chief if any(t.image and t.mask for t in chief) else listed


def _is_file_name(value: str) -> bool:
    return posixpath.splitext(value)[1].casefold() in SUFFIXES


def _add_listed(found: _Found, listed: Iterable[_Listed]) -> None:
    """Add the pairs that tables list; what else lies where such a table is, is left out."""
    missing = list(found.missing)
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
    authors = {t.folder: t.rel for t in listed if not found.why[t.rel]}
    for folder, rel in authors.items():
        below = [f for f in found.left() if not folder or f"{f.folder}/".startswith(f"{folder}/")]
        found.why |= {f.rel: f"not listed in {rel}" for f in below}
        if below:
            found.notes.append(f"{len(below)} files that {rel} does not list are left out")


def _add_row(found: _Found, listed: _Listed, row: Mapping[str, str]) -> None:
    image = _find(found, listed, row.get(listed.image, ""), "image")
    mask = _find(found, listed, row.get(listed.mask, ""), "mask")
    if image is None:
        return
    if mask is None or mask is image:
        if not row.get(listed.mask, ""):
            found.why[image.rel] = f"{listed.rel} names no mask for it"
        return
    known = found.pairs.get(image)
    if known is None:
        found.add(image, mask, f"listed in {listed.rel}")
        found.why.pop(image.rel, None)
    elif known[0] is not mask:
        found.why[mask.rel] = f"{listed.rel} names another mask before it for the same image"
    facts = {c: v for c, v in row.items() if c not in (listed.image, listed.mask)}
    found.learn(image, facts, listed.rel)


def _find(found: _Found, listed: _Listed, name: str, role: str) -> File | None:
    file = found.tree.find(name, listed.folder, role)
    if file is None and name:
        path = found.tree.root / listed.folder / name
        found.missing.append(Unpaired(path, f"named in {listed.rel}, but not there"))
    return file


def _join_facts(found: _Found, listed: Iterable[_Listed]) -> None:
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
    found: _Found, listed: _Listed, name: str, by_name: Mapping[str, Sequence[File]]
) -> File | None:
    if not name:
        return None
    file = found.tree.find(name, listed.folder, "image")
    if file is not None and file in found.pairs:
        return file
    same = by_name.get(posixpath.splitext(posixpath.basename(name))[0]) or by_name.get(name, ())
    return same[0] if len(same) == 1 else None
