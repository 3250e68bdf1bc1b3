"""Folders that are one image: Zarr stores, and folders that hold one DICOM series."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

ZARR_SUFFIX = ".zarr"
ZARR_FILES = frozenset({".zgroup", ".zarray", ".zattrs", "zarr.json"})

DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")
# What lies beside a series without being part of it.
BESIDE = (".txt", ".xml", ".json", ".csv", ".html", ".pdf", ".md")
# A DICOM file may have no suffix, or be named by numbers and dots, its identifier.
NUMBERED = re.compile(r"[\w-]*|.*\.\d+")

MAGIC_AT, MAGIC = 128, b"DICM"
PEEP = 16 * 1024  # bytes of a file in which its modality is sought
MODALITY = re.compile(rb"\x08\x00\x60\x00(?:CS..|..\0\0)([A-Z]{2,4})", re.DOTALL)
# Their files are pictures of their own, however many lie in one folder.
SINGLE = frozenset({b"CR", b"DX", b"MG", b"PX", b"IO", b"RG", b"XC", b"ES", b"GM", b"SM", b"US"})


def bundle_kind(folder: Path, names: Sequence[str]) -> str:
    """Say whether a folder is to be treated as one image.

    Parameters
    ----------
    folder : Path
        The folder; at most one file of it is looked into.
    names : sequence of str
        The names of the files in it, hidden ones included (and of its folders, or not).

    Returns
    -------
    str
        "zarr" for a Zarr or OME-Zarr store, "dicom" for a folder of a DICOM series (two files or
        more), "" for any other.
    """
    if folder.suffix.casefold() == ZARR_SUFFIX or not ZARR_FILES.isdisjoint(names):
        return "zarr"
    slices = dicom_names(names)
    if len(slices) < 2 or not _is_slice(folder / slices[len(slices) // 2]):
        return ""
    return "dicom"


def is_bundle(folder: Path) -> bool:
    """Say whether a folder is one image (see `bundle_kind`)."""
    return bool(bundle_kind(folder, [p.name for p in folder.iterdir()]))


def dicom_names(names: Sequence[str]) -> list[str]:
    """Return those that may be files of a DICOM series; none if something else is among them."""
    found = []
    for name in names:
        plain = name.casefold()
        if name.startswith(".") or plain == "dicomdir" or plain.endswith(BESIDE):
            continue
        if not plain.endswith(DICOM_SUFFIXES) and not NUMBERED.fullmatch(plain):
            return []
        found.append(name)
    return found


def _is_slice(path: Path) -> bool:
    """Say whether a file is DICOM of a kind that comes in series, from its first bytes."""
    try:
        with path.open("rb") as file:
            start = file.read(PEEP)
    except OSError:
        return False  # a folder, or a file that may not be read
    if start[MAGIC_AT : MAGIC_AT + len(MAGIC)] != MAGIC:
        return False
    modality = MODALITY.search(start)
    return modality is None or modality.group(1) not in SINGLE
