"""Single objects in masks: by the ids that masks give them, else by what hangs together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.cases import IGNORE, Case, LabelRule
from napari_unet.data.formats import read_mask, read_reference


def read_objects(case: Case, rule: LabelRule) -> NDArray[np.int32]:
    """Read the objects of a case's masks.

    Returns
    -------
    numpy.ndarray
        ``(H, W)``, or as many axes as the masks have: 0 for the background, else an object's id.
        Where masks hold ids, objects that touch are told apart; elsewhere, and where a person
        corrected the mask, they are one.

    Raises
    ------
    DataError
        As for `formats.read_reference`.
    """
    if case.correction is not None:
        return components(read_reference(case, rule))
    axes = case.axes.replace("c", "")
    if len(case.masks) > 1:
        return _stacked([read_mask(path, axes) > rule.threshold for path in case.masks])
    if not rule.values:
        stored = read_mask(case.mask, axes)
        if are_ids(stored, rule):
            return np.where(stored > rule.threshold, stored, 0).astype(np.int32)
    return components(read_reference(case, rule))


def are_ids(stored: NDArray[Any], rule: LabelRule) -> bool:
    """Say whether a binary mask's values number objects: several that count as foreground.

    Shades along a smeared edge do not, since the rule for them cuts at half of their range.
    """
    if rule.values or stored.dtype.kind not in "iu" or rule.threshold >= 1:
        return False
    foreground = stored[stored > rule.threshold]
    return bool(foreground.size) and int(foreground.min()) != int(foreground.max())


def components(classes: NDArray[Any]) -> NDArray[np.int32]:
    """Give each connected part of a class a number; pixels nobody labelled belong to none."""
    from scipy import ndimage

    found = np.zeros(classes.shape, np.int32)
    last = 0
    for c in np.unique(classes):
        if c not in (0, IGNORE):
            parts, number = ndimage.label(classes == c)
            found[parts > 0] = parts[parts > 0] + last
            last += number
    return found


def _stacked(masks: list[NDArray[np.bool_]]) -> NDArray[np.int32]:
    found = np.zeros(masks[0].shape, np.int32)
    for number, mask in enumerate(masks, start=1):
        found[mask] = number
    return found
