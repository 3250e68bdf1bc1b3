"""Reading a case from its files, in a thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_unet.data.cases import Case, Dataset
from napari_unet.errors import UnetError
from napari_unet.widgets.case_layers import Shown, first_slice
from napari_unet.widgets.labels_names import what_counts


@dataclass(frozen=True)
class Opened:
    """A case as it was read; ``warning`` says what is wrong with its reference."""

    case: Case
    shown: Shown
    warning: str = ""
    nbytes: int = 0


def case_key(dataset: Dataset, case: Case) -> str:
    """Return what identifies a case among everything that can be open in a viewer."""
    return f"{dataset.root}::{case.name}"


def read(case: Case, dataset: Dataset) -> Opened:
    """Read a case as it is stored (in a thread); a reference that cannot be used is left out.

    Raises
    ------
    DataError
        If the image cannot be read.
    """
    from napari_unet.data.formats import read_original, read_reference, read_scan

    scan = read_scan(case)
    reference, warning, corrected = None, scan.note, case.correction is not None
    try:
        try:
            reference = read_reference(case, dataset.labels)
        except UnetError as error:
            if not corrected:
                raise
            reference, warning, corrected = read_original(case, dataset.labels), str(error), False
        if reference.shape != scan.spatial:
            warning = f"{case.name}: the image is {scan.spatial} and its mask {reference.shape}."
            reference = None
    except UnetError as error:
        warning = str(error)
    binary = dataset.labels.classes == 1
    start = first_slice(reference, scan.spatial)
    key, colours = case_key(dataset, case), dataset.labels.colours
    said = what_counts(case.correction if corrected else None)
    shown = Shown(key, case.name, scan, reference, binary, start, colours=colours, corrected=said)
    return Opened(case, shown, warning, _nbytes(scan.array) + _nbytes(reference))


def _nbytes(array: Any) -> int:
    """Return what an array takes of the memory; one that stays on the disk takes next to none."""
    return int(array.nbytes) if isinstance(array, np.ndarray) else 0
