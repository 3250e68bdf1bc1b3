"""The folds that the authors of the brain tumour set used, as a table that anything can read.

``cvind.mat`` holds a number from 1 to 5 for each of ``1.mat``, ``2.mat``, …: the fold in which that
image was tested.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from napari_unet.data.formats import reading
from napari_unet.data.readers.mat5 import read_arrays
from napari_unet.workspace import atomic

NAME = "cvind.mat"


def write_folds(folder: Path) -> Path | None:
    """Write ``folds.csv`` with the columns ``image`` and ``fold``; None if there is nothing to say.

    Raises
    ------
    DataError
        If the file of the folds is damaged.
    """
    source = folder / NAME
    if not source.is_file():
        return None
    images = {p.stem: p for p in folder.rglob("*.mat") if p.stem.isdecimal()}
    folds = {str(i): int(fold) for i, fold in enumerate(_folds(source), start=1)}
    if not images or not images.keys() <= folds.keys():
        return None
    target = folder / "folds.csv"
    with atomic(target) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "fold"])
        for name in sorted(images, key=int):
            writer.writerow([images[name].relative_to(folder).as_posix(), folds[name]])
    return target


def _folds(path: Path) -> list[float]:
    """Return the numbers of the variable ``cvind``, in MATLAB's old or new format."""
    import h5py

    with reading(path, "a list of folds"):
        if h5py.is_hdf5(path):
            with h5py.File(path, "r", locking=False) as file:
                values = np.asarray(file["cvind"][()])
        else:
            values = read_arrays(path)["cvind"]
        found: list[float] = values.astype(float).ravel().tolist()
        return found
