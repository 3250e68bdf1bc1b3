"""The files of a folder, looked up once and then found by path or by name."""

from __future__ import annotations

import os
import posixpath
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from napari_unet.data.formats import SUFFIXES, stem_of, suffix_of
from napari_unet.data.pairing.names import Place, normal, place, without_word
from napari_unet.data.readers.bundles import bundle_kind
from napari_unet.errors import DataError

IGNORED = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
BUNDLES = {"zarr": ".zarr", "dicom": ".dcm"}  # folders that are one image, and as what they count
KNOWN = frozenset((*SUFFIXES, *BUNDLES.values()))
SEGMENTATION = ".seg.nrrd"
KINDS = {"zarr": "a Zarr store", "dicom": "a DICOM series"}


@dataclass(frozen=True, eq=False, slots=True)
class File:
    """A file below the root (or a folder that is one image), and what its name says.

    Attributes
    ----------
    path : Path
        Where it is.
    rel, folder : str
        Its path and that of its folder, relative to the root, with ``/``.
    parts : tuple of str
        The folder's parts, without those that all images and masks share.
    name, suffix : str
        Its name without the suffix, in Unicode's composed form; and the suffix in lower case, whole
        as in ``.nii.gz``; that of its files for the folder of a DICOM series.
    place : Place
        What the folders say.
    bare_mask, bare_image : (str, str) or None
        The name without an affix such as ``_mask`` or ``img_``, and the affix.
    """

    path: Path
    rel: str
    folder: str
    parts: tuple[str, ...]
    name: str
    suffix: str
    place: Place
    bare_mask: tuple[str, str] | None
    bare_image: tuple[str, str] | None


@dataclass(frozen=True)
class Tree:
    """All files below ``root``: those that may be images or masks, and the others."""

    root: Path
    files: tuple[File, ...]
    others: tuple[str, ...]

    @cached_property
    def by_path(self) -> dict[str, File]:
        """Files by their path relative to the root."""
        return {normal(f.rel): f for f in self.files}

    @cached_property
    def by_name(self) -> dict[str, list[File]]:
        """Files by name with suffix."""
        groups = defaultdict(list)
        for file in self.files:
            groups[normal(posixpath.basename(file.rel))].append(file)
        return groups

    def find(self, name: str, folder: str, role: str) -> File | None:
        """Find the file that a table in ``folder`` calls ``name``.

        The name is taken relative to the table, then to the root; leading folders that do not exist
        here (of the computer the table was written on) are dropped one by one. A bare name may
        lie anywhere if only one file is called so, or only one in a folder of that ``role``.
        """
        parts = [p for p in normal(name).replace("\\", "/").split("/") if p not in ("", ".")]
        if not parts:
            return None
        for start in range(len(parts)):
            rest = "/".join(parts[start:])
            for base in (folder, ""):
                if file := self.by_path.get(posixpath.normpath(posixpath.join(base, rest))):
                    return file
        if len(parts) > 1:
            return None
        named = self.by_name.get(parts[0], [])
        if len(named) > 1:
            named = [f for f in named if f.place.role == role]
        return named[0] if len(named) == 1 else None


def scan(root: Path, without: Path | None = None) -> Tree:
    """List the files below a folder in one walk; hidden and system files are left out.

    Folders that are one image (a Zarr store, a DICOM series) count as one file. What lies in the
    folder ``without`` is left out, too.

    Raises
    ------
    DataError
        If the folder is missing, is no folder, is itself one image, or may not be read.
    """
    if not root.exists():
        raise DataError(f"There is no folder {root}.")
    if not root.is_dir():
        raise DataError(f"{root} is a file; a folder with images and masks is needed.")
    images, others = [], []
    for folder, name, suffix in sorted(_walk(root, without)):
        if suffix in KNOWN:
            images.append((folder, name, suffix))
        else:
            others.append(f"{folder}/{name}" if folder else name)
    folders = {folder for folder, _, _ in images}
    shared = _shared(folders)
    parts = {f: tuple(f.split("/")[shared:]) if f else () for f in folders}
    places = {f: place(parts[f]) for f in folders}
    files = (_file(root, f, name, suffix, parts[f], places[f]) for f, name, suffix in images)
    return Tree(root, tuple(files), tuple(others))


def _file(
    root: Path, folder: str, full: str, suffix: str, parts: tuple[str, ...], place: Place
) -> File:
    # The folder of a DICOM series has no suffix, but dots may well be in its name.
    bare = full if suffix == BUNDLES["dicom"] and not full.casefold().endswith(suffix) else None
    name = normal(stem_of(full) if bare is None else bare)
    if suffix == SEGMENTATION:
        name += ".seg"  # 3D Slicer's suffix says what the file is, as an affix does
    rel = f"{folder}/{full}" if folder else full
    return File(
        root / rel,
        rel,
        folder,
        parts,
        name,
        suffix,
        place,
        without_word(name, "mask"),
        without_word(name, "image"),
    )


def _walk(root: Path, without: Path | None) -> Iterator[tuple[str, str, str]]:
    """Yield folder (relative, with ``/``), name and suffix of every file."""
    waiting, seen = [("", "")], {_identity(root)}
    if without is not None and without.is_dir():
        seen.add(_identity(without))
    while waiting:
        above, name = waiting.pop()
        folder = f"{above}/{name}" if above else name
        try:
            # Links last: a folder reached both ways is known by its own name.
            entries = sorted(os.scandir(root / folder), key=lambda e: (e.is_symlink(), e.name))
        except OSError as e:
            if not folder:
                raise DataError(f"{root} cannot be opened ({e.strerror or e}).") from e
            continue
        if kind := bundle_kind(root / folder, [e.name for e in entries]):
            if not folder:
                raise DataError(
                    f"{root} is one image ({KINDS[kind]}), not a folder of images and masks. Open "
                    "the folder above it."
                )
            yield above, name, BUNDLES[kind]
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name.casefold() in IGNORED:
                continue
            if not entry.is_dir():
                yield folder, entry.name, suffix_of(entry.name)
            elif (identity := _identity(entry.path)) not in seen:  # a link may lead back up
                seen.add(identity)
                waiting.append((folder, entry.name))


def _identity(folder: str | Path) -> tuple[int, int]:
    stat = Path(folder).stat()
    return stat.st_dev, stat.st_ino


def _shared(folders: set[str]) -> int:
    """Return how many leading folders all files share (none if they are all in one).

    Their names say nothing about single files: everything in ``brain-segmentation/`` is not a mask.
    """
    if len(folders) < 2:
        return 0
    return len(posixpath.commonpath(folders).split("/")) if posixpath.commonpath(folders) else 0
