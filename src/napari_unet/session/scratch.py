"""Temporary stores of arrays too large for memory, gone with what they are for."""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path

import psutil

from napari_unet import workspace


class Scratch:
    """Paths in the workspace for temporary stores of one viewer, deleted when it is closed.

    What a killed program left is deleted when the next one needs such a store.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._numbers = itertools.count()

    def new(self, what: str) -> Path:
        """Return a path that does not exist yet, for a store called ``what``."""
        if self._folder is None:
            root = workspace.home() / "scratch"
            _sweep(root)
            self._folder = root / f"{os.getpid()}-{id(self):x}"
            self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / f"{what}-{next(self._numbers)}.zarr"

    def delete(self, store: str | Path) -> None:
        """Delete a store, if it is one of these."""
        store = Path(store)
        if self._folder is not None and store.parent == self._folder:
            # Someone may still look at a piece of it: what cannot go now goes in the end.
            shutil.rmtree(store, ignore_errors=True)

    def close(self) -> None:
        """Delete all of them."""
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _sweep(root: Path) -> None:
    """Delete the stores of programs that have ended."""
    for folder in root.glob("*-*") if root.is_dir() else ():
        number = folder.name.partition("-")[0]
        if number.isdigit() and not psutil.pid_exists(int(number)):
            shutil.rmtree(folder, ignore_errors=True)
