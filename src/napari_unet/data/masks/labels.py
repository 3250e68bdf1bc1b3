"""What the values in a mask mean: found from a sample, stored as a `LabelRule`, applied to all.

Masks in the wild hold 0/1, 0/255, 0/255 smeared by JPEG or antialiasing, one number per class, or
one number per object (instance ids). `find_rule` tells these apart and says in words what it took
them for, so that a person can disagree.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.cases import COLOUR, IGNORE, LabelRule
from napari_unet.data.masks.colours import (
    SeenColours,
    apply_colours,
    find_colours,
    hex_of,
    is_coloured,
    is_packed,
    pack,
    unpack,
)
from napari_unet.data.readers.raster import brightness
from napari_unet.errors import DataError

ENOUGH_MASKS = 64  # a rule is made from so many masks …
ENOUGH_PIXELS = 2**26  # … or so many pixels, if the masks are large (and there are a few)
ENOUGH_PLANES = 32  # of a volume
MOST_MASKS = 1024  # while all are blank or unreadable, try so many before giving up
MOST_CLASSES = 32  # more different values than this are objects, not classes
SOLID = 0.6  # share of a value's pixels that continue to the right or below, if it has an area


@dataclass
class Seen:
    """What the masks that were looked at hold, value by value."""

    sets: list[frozenset[float]]  # the values of each mask
    pixels: dict[float, int]  # how often each value occurs
    joined: dict[float, int]  # how often with the same value to its right or below
    coloured: SeenColours = field(default_factory=SeenColours)  # the masks that have colours
    palette: NDArray[np.uint8] | None = None  # what the first file gives its values

    @property
    def values(self) -> list[float]:
        """The different values, ascending."""
        return sorted(self.pixels)

    def solid(self, value: float) -> bool:
        """Say whether a value fills areas, as a class does and an antialiased edge does not.

        The root allows for chance: of five pixels on an edge, four may touch.
        """
        pixels = self.pixels[value]
        return self.joined[value] - math.sqrt(pixels) >= SOLID * pixels


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


# --- looking ------------------------------------------------------------------------------------


def look(masks: Iterable[np.ndarray | Path], axes: str = "") -> Seen:
    """Look at as many masks as it takes to say what their values mean (see `find_rule`)."""
    seen = Seen([], {}, {})
    pixels = 0
    for mask in _arrays(masks, seen, axes):
        pixels += mask.size
        if is_packed(mask):
            if is_coloured(mask):
                seen.coloured.add(mask)
            mask = brightness(unpack(mask))
        _count(mask, seen)
        enough = len(seen.sets) >= ENOUGH_MASKS or (pixels > ENOUGH_PIXELS and len(seen.sets) >= 8)
        if enough and len(seen.pixels) > 1:
            break
    return seen


def _arrays(masks: Iterable[np.ndarray | Path], seen: Seen, axes: str) -> Iterator[np.ndarray]:
    from napari_unet.data.formats import mask_palette, read_mask  # which themselves apply rules

    for mask in itertools.islice(masks, MOST_MASKS):
        if isinstance(mask, np.ndarray):
            yield mask
            continue
        with suppress(DataError):
            if not seen.sets:
                seen.palette = mask_palette(mask)
            yield read_mask(mask, axes, colours=True)


def _count(mask: np.ndarray, seen: Seen) -> None:
    """Add one mask's values to what was seen."""
    mask = _some_planes(mask)
    if mask.dtype.kind == "f":
        mask = np.nan_to_num(mask, nan=0.0, posinf=0.0, neginf=0.0)
    values, counts = _histogram(mask.ravel())
    seen.sets.append(frozenset(values))
    for value, count in zip(values, counts, strict=True):
        seen.pixels[value] = seen.pixels.get(value, 0) + count
    joined = dict(zip(values, counts, strict=True))
    if len(values) > 2:
        joined = dict(zip(*_histogram(mask[_continues(mask)]), strict=True))
    for value in values:
        seen.joined[value] = seen.joined.get(value, 0) + joined.get(value, 0)


def _some_planes(mask: np.ndarray) -> np.ndarray:
    """Return a mask, or of a volume so many planes that hold something as tell what it is."""
    if mask.ndim == 2:
        return mask
    planes = mask.reshape(-1, *mask.shape[-2:])
    if len(planes) <= ENOUGH_PLANES:
        return planes
    varied = np.flatnonzero((planes != planes[:, :1, :1]).any(axis=(1, 2)))
    chosen = varied if len(varied) else np.arange(len(planes))
    # Scattered over the volume, its first plane with anything in it and its last among them.
    picked = chosen[np.linspace(0, len(chosen) - 1, min(ENOUGH_PLANES, len(chosen))).astype(int)]
    return np.asarray(planes[np.unique(picked)])


def _histogram(values: np.ndarray) -> tuple[list[float], list[int]]:
    """Return the different values, ascending, and how often each occurs."""
    if values.dtype in (np.uint8, np.uint16):
        every = np.bincount(values)
        present = np.flatnonzero(every)
        counts = every[present]
    else:
        present, counts = np.unique(values, return_counts=True)
    return [float(v) for v in present], counts.tolist()


def _continues(mask: np.ndarray) -> np.ndarray:
    """Mark the pixels whose right or lower neighbour has the same value."""
    same = np.zeros(mask.shape, bool)
    same[..., :-1] = mask[..., :-1] == mask[..., 1:]
    same[..., :-1, :] |= mask[..., :-1, :] == mask[..., 1:, :]
    return same


def _together(seen: Seen, a: float, b: float) -> bool:
    return any(a in s and b in s for s in seen.sets)


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
