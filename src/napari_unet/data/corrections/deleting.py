"""Deleting versions, by a person's wish: first so that they can come back, then for good."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from napari_unet.data.corrections.records import Version, keep_record, now
from napari_unet.data.corrections.versions import deleted
from napari_unet.data.readers.writers import writing
from napari_unet.errors import DataError


def delete(version: Version) -> Version:
    """Take a version away; `undelete` brings it back until `purge` was called.

    Whoever calls sees to it that it does not count (see `choices.counting`).

    Raises
    ------
    DiskError
        If that cannot be noted.
    """
    gone = replace(version, deleted=now())
    _keep(gone)
    return gone


def undelete(version: Version) -> Version:
    """Bring a deleted version back.

    Raises
    ------
    DataError
        If its labels are gone for good, or that cannot be noted.
    """
    if not version.path.exists():
        raise DataError(f"Version {version.number} was deleted for good.")
    back = replace(version, deleted="")
    _keep(back)
    return back


def purge(root: str | Path, case: str) -> int:
    """Delete the labels of deleted versions for good; return the bytes that became free.

    Their records stay, so that their numbers are never used again.
    """
    freed = 0
    for version in deleted(root, case):
        version.path.unlink(missing_ok=True)
        freed += version.size
    return freed


def _keep(version: Version) -> None:
    with writing(version.path):
        keep_record(version)
