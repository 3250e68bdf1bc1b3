"""What masks hold, and what it is taken for, in words: for a person to confirm or to change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.cases import IGNORE, LabelRule
from napari_unet.data.masks.colours import hex_of, pack
from napari_unet.data.masks.labels import apply_rule, describe_rule
from napari_unet.data.masks.meaning import BACKGROUND, UNLABELLED
from napari_unet.data.masks.rules import rule_of
from napari_unet.data.masks.seen import Seen, look

LISTED = 64  # values that are listed, the most frequent ones


@dataclass(frozen=True)
class MaskValue:
    """One value of the masks.

    ``share`` is that of all pixels that were looked at, ``meaning`` what the proposed rule makes of
    it: "background", "not labelled" or a class's name. ``colour`` is ``#rrggbb``, or empty.
    """

    value: int | float
    share: float
    meaning: str
    colour: str = ""


@dataclass(frozen=True)
class MaskAudit:
    """The values of masks, most frequent first, and the rule that is proposed for them.

    ``distinct`` counts all values, of which at most 64 are listed. ``proposal`` says in words what
    ``rule`` does, ``notes`` why. A person who knows better replaces fields of the rule.
    """

    masks: int
    distinct: int
    values: tuple[MaskValue, ...]
    rule: LabelRule
    proposal: str
    notes: tuple[str, ...]


def audit_masks(masks: Iterable[NDArray[Any] | Path], axes: str = "") -> MaskAudit:
    """Look at masks (as `labels.find_rule` does) and propose what their values mean.

    Where colours are classes, the values are packed colours; of smeared ones only those that fill
    areas are listed. ``axes`` are those of the files, as for `labels.find_rule`.
    """
    seen = look(masks, axes)
    rule, notes = rule_of(seen)
    pixels = seen.coloured.values() if rule.by_colour else dict(seen.pixels)
    total = sum(pixels.values())
    often = sorted(pixels, key=lambda v: -pixels[v])
    values = tuple(_value(v, pixels[v] / total, rule, seen) for v in often[:LISTED])
    return MaskAudit(len(seen.sets), len(often), values, rule, describe_rule(rule), notes)


def _value(value: float, share: float, rule: LabelRule, seen: Seen) -> MaskValue:
    stored: int | float = int(value) if float(value).is_integer() else value
    dtype = np.uint32 if rule.by_colour else np.float64
    found = int(apply_rule(np.array([[value]], dtype), rule)[0, 0])
    colour = ""
    if rule.by_colour:
        colour = hex_of(int(value))
    elif seen.palette is not None and 0 <= value < len(seen.palette):
        colour = hex_of(int(pack(seen.palette[int(value)])))
    return MaskValue(stored, share, meaning_of(found, rule), colour)


def meaning_of(found: int, rule: LabelRule) -> str:
    """Return what a class index of a rule is called."""
    if found == IGNORE:
        return UNLABELLED
    return rule.names[found - 1] if found else BACKGROUND
