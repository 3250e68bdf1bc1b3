"""What the values in masks mean: found from a sample, as a `LabelRule`.

Masks in the wild hold 0/1, 0/255, 0/255 smeared by JPEG or antialiasing, one number per class, or
one number per object (instance ids). `find_rule` tells these apart and says in words what it took
them for, so that a person can disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_unet.data.cases import LabelRule
from napari_unet.data.masks.colours import find_colours, hex_of, pack
from napari_unet.data.masks.seen import Seen, look
from napari_unet.errors import DataError

MOST_CLASSES = 32  # more different values than this are objects, not classes


def find_rule(
    masks: Iterable[np.ndarray | Path], axes: str = "", unlabelled: Sequence[int] = ()
) -> tuple[LabelRule, tuple[str, ...]]:
    """Find out what the values of masks mean.

    Parameters
    ----------
    masks : iterable of numpy.ndarray or Path
        ``(H, W)`` or volumes, or files, best in an order that jumps about the data set. Only as
        many are taken as are needed: 64, or more while all are blank. Files that cannot be read
        are skipped.
    axes : str
        Letters of the files' stored axes without channels, where a person named them.
    unlabelled : sequence of int
        Values that a person says mean "not labelled": the rule is made from the others.

    Returns
    -------
    rule : LabelRule
        How stored values become classes.
    notes : tuple of str
        What a person should know about the choice; empty for plain 0/1 and 0/255.

    Raises
    ------
    DataError
        If fewer than two values are left beside those unlabelled.
    """
    seen = look(masks, axes)
    if not unlabelled:
        return rule_of(seen)
    rest = _without(seen, unlabelled)
    if len(rest.values) < 2:
        left = ", ".join(f"{v:g}" for v in rest.values) or "nothing"
        raise DataError(
            f"Without what is not labelled the masks hold {left}: at least one value for the "
            "background and one for a class are needed."
        )
    rule, notes = rule_of(rest)
    return replace(rule, unlabelled=tuple(unlabelled)), notes


def _without(seen: Seen, values: Sequence[int]) -> Seen:
    gone = set(values)
    return replace(
        seen,
        sets=[s - gone for s in seen.sets],
        pixels={v: n for v, n in seen.pixels.items() if v not in gone},
        joined={v: n for v, n in seen.joined.items() if v not in gone},
    )


def rule_of(seen: Seen) -> tuple[LabelRule, tuple[str, ...]]:
    """Return the rule for masks that were looked at, and what to know of it (see `find_rule`)."""
    varied = sum(len(s) > 1 for s in seen.sets)
    if seen.coloured.masks * 2 > varied and (found := find_colours(seen.coloured)):
        return found
    rule, notes = _by_values(seen)
    if rule.values and seen.palette is not None and max(rule.values) < len(seen.palette):
        colours = (pack(seen.palette[v]) for v in rule.values)
        rule = replace(rule, colours=tuple(hex_of(int(c)) for c in colours))
    return rule, notes


def _by_values(seen: Seen) -> tuple[LabelRule, tuple[str, ...]]:
    values = seen.values
    if len(values) < 2:
        return LabelRule(), _one_value(values)
    if any(not float(v).is_integer() for v in values):
        return _halves(values, "masks hold fractions")
    if set(values) <= {0, 1, 255} and len(values) == 3 and not _together(seen, 1, 255):
        return LabelRule(), ("some masks hold 0 and 1, others 0 and 255: all but 0 is foreground",)
    if len(values) == 2:
        notes = () if values[0] == 0 else (f"masks hold {values[0]:g} as background",)
        return LabelRule(threshold=(values[0] + values[1]) / 2), notes
    return _several(seen)


# --- deciding -----------------------------------------------------------------------------------


def _one_value(values: list[float]) -> tuple[str, ...]:
    if not values:
        return ("no mask could be looked at",)
    where = "blank" if values[0] == 0 else f"{values[0]:g} everywhere"
    return (f"every mask that was looked at is {where}",)


def _halves(values: list[float], why: str) -> tuple[LabelRule, tuple[str, ...]]:
    threshold = (values[0] + values[-1]) / 2
    return LabelRule(threshold=threshold), (f"{why}: above {threshold:g} is foreground",)


def _several(seen: Seen) -> tuple[LabelRule, tuple[str, ...]]:
    """Decide between smeared edges, objects and classes where there are three or more values."""
    values = seen.values
    low, high = values[0], values[-1]
    if high <= MOST_CLASSES:  # so few steps are numbers, never shades of grey
        solid = values
    else:
        solid = [v for v in values if v in (low, high) or seen.solid(v)]
    if len(solid) == 2:
        return _halves(
            values,
            f"masks hold {len(values)} values, but only {low:g} and {high:g} fill areas "
            "(the rest is smear on edges)",
        )
    background = 0.0 if 0 in seen.pixels else low
    classes = [int(v) for v in solid if v > background]
    notes: list[str] = []
    nobody: tuple[int, ...] = ()
    if len(classes) > 2 and classes[-1] == 255 and classes[-2] < MOST_CLASSES:
        classes.pop()
        nobody = (255,)
        notes.append("255 is taken as 'ignore': these pixels count as not labelled")
    if _are_objects(seen, classes):
        return LabelRule(threshold=background), (
            "masks number single objects (instance ids): all of them are taken as one foreground",
        )
    names = tuple(f"class {v}" for v in classes)
    listed = ", ".join(map(str, classes))
    notes.insert(0, f"masks hold {len(classes)} classes besides {background:g}: {listed}")
    if dropped := len(values) - len(solid):
        notes.append(f"{dropped} values found only on edges count as background")
    return LabelRule(values=tuple(classes), names=names, unlabelled=nobody), tuple(notes)


def _are_objects(seen: Seen, classes: list[int]) -> bool:
    """Say whether values number objects, mask by mask, rather than classes.

    Objects show by sheer number; by being counted 1, 2, 3, … anew in every mask, up to a different
    number; or by several values in each mask that no other mask has.
    """
    if len(classes) > MOST_CLASSES:
        return True
    found = [s & set(classes) for s in seen.sets]
    found = [s for s in found if s]
    counts = [len(s) / max(s) for s in found if 1 in s]
    counted = len(counts) == len(found) and sum(counts) >= 0.8 * len(counts)
    highest = {max(s) for s in found}
    if counted and max(highest) >= 4 and len(highest) >= 3:
        return True
    several = [s for s in found if len(s) >= 2]
    owners = {v: sum(v in s for s in several) for v in classes}
    return len(several) >= 3 and sum(n <= 1 for n in owners.values()) > 0.8 * len(classes)


def _together(seen: Seen, a: float, b: float) -> bool:
    return any(a in s and b in s for s in seen.sets)
