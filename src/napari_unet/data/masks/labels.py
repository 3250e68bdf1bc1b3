"""From the values that a mask stores to class indices, by a `LabelRule`."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from napari_unet.data.cases import COLOUR, IGNORE, LabelRule
from napari_unet.data.masks.colours import apply_colours, hex_of, is_packed
from napari_unet.errors import DataError


def apply_rule(mask: np.ndarray, rule: LabelRule) -> np.ndarray:
    """Turn the stored values of a mask into class indices.

    A value that belongs to no class (a smeared edge, say) counts as background, and so does NaN:
    nothing is claimed to be foreground that no rule names. Values that the rule calls unlabelled
    become `napari_unet.data.cases.IGNORE`.

    Parameters
    ----------
    mask : numpy.ndarray
        ``(H, W)`` or any other shape; bool, integers or floats.
    rule : LabelRule
        How stored values become classes.

    Returns
    -------
    numpy.ndarray
        The same shape, uint8, 0 for the background.

    Raises
    ------
    DataError
        If there are more classes than uint8 can tell from `IGNORE`.
    """
    if rule.classes >= IGNORE:
        raise DataError(f"{rule.classes} classes are too many: {IGNORE - 1} can be told apart.")
    classes = _classes(mask, rule)
    for value in rule.unlabelled:
        classes[_equal(mask, value)] = IGNORE
    return classes


def _equal(mask: np.ndarray, value: int) -> np.ndarray:
    """Mark where a mask holds ``value``; a value its type cannot hold is nowhere."""
    if mask.dtype.kind in "iu" and not 0 <= value - np.iinfo(mask.dtype).min <= (
        np.iinfo(mask.dtype).max - np.iinfo(mask.dtype).min
    ):
        return np.zeros(mask.shape, bool)
    return np.asarray(mask == value)


def _classes(mask: np.ndarray, rule: LabelRule) -> np.ndarray:
    if rule.by_colour:
        return apply_colours(mask, rule) if is_packed(mask) else np.zeros(mask.shape, np.uint8)
    if mask.dtype.kind == "b":
        mask = mask.view(np.uint8)
    if not rule.values:
        if mask.dtype.kind == "f":
            return (mask > np.float64(rule.threshold)).view(np.uint8)
        # For whole numbers v > 127.5 is v > 127, and comparing whole numbers is faster.
        return (mask > math.floor(rule.threshold)).view(np.uint8)
    dtype = np.uint8
    if mask.dtype.kind == "f":
        mask = np.rint(np.nan_to_num(mask, nan=np.inf, posinf=2.0**62, neginf=-(2.0**62)))
    if mask.dtype in (np.uint8, np.uint16):
        table = np.zeros(np.iinfo(mask.dtype).max + 1, dtype)
        for index, value in enumerate(rule.values, start=1):
            if 0 <= value < len(table):
                table[value] = index
        return np.asarray(table[mask])
    order = np.argsort(rule.values)
    known = np.asarray(rule.values)[order]
    place = np.searchsorted(known, mask).clip(max=len(known) - 1)
    return np.where(known[place] == mask, order[place] + 1, 0).astype(dtype)


def describe_rule(rule: LabelRule) -> str:
    """Say in words how a mask is read."""
    if rule.unlabelled:
        values = (hex_of(v) if v >= COLOUR else str(v) for v in rule.unlabelled)
        nobody = f"not labelled where it is {' or '.join(values)}"
        return f"{describe_rule(replace(rule, unlabelled=()))}, {nobody}"
    if not rule.values:
        return f"{rule.names[0]} where the mask is above {rule.threshold:g}"
    if rule.by_colour:
        pairs = zip(rule.names, rule.colours or map(hex_of, rule.values), strict=True)
        return ", ".join(f"{n} where the mask is {c}" for n, c in pairs)
    return ", ".join(f"{n} where it is {v}" for n, v in zip(rule.names, rule.values, strict=True))
