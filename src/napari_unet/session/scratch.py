"""Temporary stores of arrays too large for memory, gone with what they are for."""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path
from threading import Thread

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

    def delete(self, *stores: str) -> None:
        """Delete those of the stores that are of these, in a thread: they are thousands of files.

        Whoever still looks at one sees nothing there.
        """
        folder = self._folder
        gone = [path for path in map(Path, filter(None, stores)) if path.parent == folder]
        if gone:
            Thread(target=_remove, args=gone, daemon=True).start()

    def close(self) -> None:
        """Delete all of them."""
        folder, self._folder = self._folder, None
        if folder is not None:
            _remove(folder)


def _remove(*folders: Path) -> None:
    for folder in folders:
        # What somebody holds open, as on Windows, goes with the next viewer's sweep.
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(root: Path) -> None:
    """Delete the stores of programs that have ended."""
    for folder in root.glob("*-*") if root.is_dir() else ():
        number = folder.name.partition("-")[0]
        if number.isdigit() and not psutil.pid_exists(int(number)):
            _remove(folder)
