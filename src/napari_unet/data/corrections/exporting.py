"""Corrected masks as files like the originals, for whoever works without this program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.cases import IGNORE, Case, Dataset, LabelRule
from napari_unet.data.folders import check_target
from napari_unet.data.formats import read_mask, read_reference, read_scan, stem_of, suffix_of
from napari_unet.data.masks.colours import unpack
from napari_unet.data.readers.writers import WRITERS, write_labels, writing
from napari_unet.errors import DataError
from napari_unet.workspace import atomic


def export(dataset: Dataset, target: str | Path) -> Iterator[tuple[Path, int]]:
    """Write the masks that corrections stand for, by the originals' names below ``target``.

    Yields each file, and how many there will be. Cases that nobody corrected are left out.

    Raises
    ------
    DataError
        If nothing is corrected, the folder holds something or lies in the data set's own, or a mask
        cannot be written.
    """
    target = Path(target).expanduser().absolute()
    cases = [case for case in dataset.cases if case.correction is not None]
    if not cases:
        raise DataError(f"No reference of {dataset.root} is corrected: there is nothing to export.")
    check_target(target, dataset.root)
    for case in cases:
        path = target / case.mask.relative_to(dataset.root)
        yield write_like_original(case, dataset.labels, path.parent, stem_of(path)), len(cases)


def write_like_original(case: Case, rule: LabelRule, folder: Path, stem: str) -> Path:
    """Write a case's reference with the values, and as far as can be in the format, of its mask.

    Masks of formats that would change labels (JPEG), or that hold more than a mask (MATLAB, HDF5),
    become PNG or NIfTI.

    Raises
    ------
    DataError
        If a file cannot be read or written.
    """
    labels, scan = read_reference(case, rule), read_scan(case)
    suffix = suffix_of(case.mask)
    if suffix not in WRITERS or (suffix == ".png" and labels.ndim > 2):
        suffix = ".png" if labels.ndim == 2 else ".nii.gz"
    if rule.by_colour:
        return _write_colours(labels, rule, folder / f"{stem}.png")
    return write_labels(folder / f"{stem}{suffix}", _stored(labels, case, rule), scan)


def _stored(labels: NDArray[Any], case: Case, rule: LabelRule) -> NDArray[Any]:
    """Return the values by which the rule reads these classes."""
    table = np.zeros(256, np.int64)
    if rule.values:
        table[1 : len(rule.values) + 1] = rule.values
    else:
        original = read_mask(case.mask, case.axes.replace("c", ""))
        brightest = int(np.nan_to_num(original).max(initial=0))
        table[1:] = brightest if brightest > rule.threshold else int(rule.threshold) + 1
    if rule.unlabelled:
        table[IGNORE] = rule.unlabelled[0]
    background = {0, *range(1, int(table.max()) + 2)} - set(rule.values) - set(rule.unlabelled)
    if rule.values or rule.unlabelled:
        table[0] = min(background)
    found: NDArray[Any] = table[labels]
    return found


def _write_colours(labels: NDArray[Any], rule: LabelRule, path: Path) -> Path:
    from PIL import Image

    if labels.ndim != 2:
        raise DataError(f"{path.name}: coloured masks of volumes are not written.")
    table = np.zeros(256, np.int64)
    table[1 : len(rule.values) + 1] = rule.values
    if rule.unlabelled:
        table[IGNORE] = rule.unlabelled[0]
    with writing(path), atomic(path) as temporary, temporary.open("wb") as file:
        Image.fromarray(unpack(table[labels])).save(file, format="PNG")
    return path
