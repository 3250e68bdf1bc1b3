"""Masks in which every class has a colour.

Red, green and blue of a pixel are packed into one number, `COLOUR` plus 0xRRGGBB, which no other
kind of mask holds: so colours are values like any other, and a rule names those that are classes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.cases import COLOUR, LabelRule

CHROMATIC = 32  # how far apart red, green and blue lie in a colour, as opposed to a grey
LEAST = 1e-3  # share of a mask that must be coloured
RAREST = 1e-5  # share of all pixels that a class has at least
STEP = 32  # colours that differ by less are one, smeared by JPEG
NEAR = 48  # how far in each channel a smeared colour may lie from its class
SOLID = 0.6  # share of a colour's pixels that continue to the right or below, if it has an area
MOST_CLASSES = 32
MOST_EXACT = 256  # with more colours than this, masks are smeared
BAND = 4  # pixels that smear reaches at most
WIDE = 0.2  # share of a class's pixels in smeared masks that lie within it
BLACK, WHITE = COLOUR, COLOUR | 0xFFFFFF
NAMES = {
    **{0x000000: "black", 0xFFFFFF: "white", 0xFF0000: "red", 0x00FF00: "green"},
    **{0x0000FF: "blue", 0xFFFF00: "yellow", 0xFF00FF: "magenta", 0x00FFFF: "cyan"},
    **{0x800000: "dark red", 0x008000: "dark green", 0x000080: "dark blue", 0x808000: "olive"},
    **{0x800080: "purple", 0x008080: "teal", 0x808080: "grey", 0xFFA500: "orange"},
}

Packed = NDArray[np.uint32]


def pack(rgb: NDArray[np.uint8]) -> Packed:
    """Return colours ``(…, 3)`` as numbers ``(…)``."""
    wide = rgb.astype(np.uint32)
    return np.asarray(COLOUR | wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2], np.uint32)


def unpack(values: Packed) -> NDArray[np.uint8]:
    """Return numbers ``(…)`` as colours ``(…, 3)``."""
    return np.stack([values >> 16 & 255, values >> 8 & 255, values & 255], -1).astype(np.uint8)


def is_packed(mask: NDArray[Any]) -> bool:
    """Say whether a mask holds packed colours."""
    return mask.dtype == np.uint32 and mask.size > 0 and int(mask.flat[0]) >= COLOUR


def is_coloured(mask: Packed) -> bool:
    """Say whether a noticeable part of a mask is not grey."""
    rgb = unpack(mask)
    spread = rgb.max(axis=-1).astype(int) - rgb.min(axis=-1)
    return bool((spread > CHROMATIC).mean() > LEAST)


def hex_of(value: int) -> str:
    """Return a packed colour as ``#rrggbb``."""
    return f"#{value & 0xFFFFFF:06x}"


@dataclass
class SeenColours:
    """The colours of masks, those that differ little counted together."""

    masks: int = 0
    pixels: Counter[int] = field(default_factory=Counter)
    joined: Counter[int] = field(default_factory=Counter)
    deep: Counter[int] = field(default_factory=Counter)
    exact: dict[int, Counter[int]] = field(default_factory=dict)

    def add(self, mask: Packed) -> None:
        """Count the colours of a mask."""
        self.masks += 1
        rough = _rough(mask)
        same = np.zeros(mask.shape, bool)
        same[..., :-1] = rough[..., :-1] == rough[..., 1:]
        same[..., :-1, :] |= rough[..., :-1, :] == rough[..., 1:, :]
        # Smear lies in bands along edges: no wider than a few pixels across.
        core = rough[..., :-BAND, :-BAND]
        wide = (core == rough[..., :-BAND, BAND:]) & (core == rough[..., BAND:, :-BAND])
        self.pixels.update(_counts(rough.ravel()))
        self.joined.update(_counts(rough[same]))
        self.deep.update(_counts(core[wide]))
        for value, count in _counts(mask.ravel()).items():
            of = int(_rough(np.array([value], np.uint32))[0])
            self.exact.setdefault(of, Counter())[value] += count

    def values(self) -> dict[float, int]:
        """Return how often each colour occurs; of smeared masks those that fill areas."""
        if self.smeared:
            return {v: self.pixels[int(_rough(np.array([v], np.uint32))[0])] for v in self.solid()}
        return {v: n for of in self.exact.values() for v, n in of.items()}

    @property
    def smeared(self) -> bool:
        """Whether there are more colours than anybody gives meaning to, as JPEG makes them."""
        return sum(map(len, self.exact.values())) > MOST_EXACT

    def solid(self) -> list[int]:
        """Return the colours that fill areas, each as the value it has most often.

        Of smeared masks only those that are wide and not near a more frequent one.
        """
        total = self.pixels.total()
        filled = [
            (self.exact[rough].most_common(1)[0][0], n)
            for rough, n in self.pixels.most_common()
            if n >= RAREST * total and self.joined[rough] - n**0.5 >= SOLID * n
        ]
        if not self.smeared or len(filled) < 2:
            return sorted(value for value, _ in filled)
        kept: list[int] = []
        for value, n in filled:
            wide = self.deep[int(_rough(np.array([value], np.uint32))[0])] >= WIDE * n
            if wide and all(_apart(value, k) > NEAR for k in kept):
                kept.append(value)
        return sorted(kept)


def find_colours(seen: SeenColours) -> tuple[LabelRule, tuple[str, ...]] | None:
    """Return the rule by which colours are classes, or None if there are none or too many.

    Background is black if there is any, else white, else the most frequent colour.
    """
    solid = seen.solid()
    if len(solid) < 2 or len(solid) > MOST_CLASSES + 1:
        return None
    often = max(solid, key=lambda v: seen.exact[int(_rough(np.array([v], np.uint32))[0])].total())
    background = next((v for v in (BLACK, WHITE) if v in solid), often)
    classes = tuple(v for v in solid if v != background)
    names = tuple(name_of(v) for v in classes) if len(classes) > 1 else ("foreground",)
    rule = LabelRule(values=classes, names=names, colours=tuple(map(hex_of, classes)))
    listed = ", ".join(map(name_of, classes))
    note = f"masks are coloured: {name_of(background)} is background, classes are {listed}"
    if seen.smeared:
        note += " (colours are smeared, as by JPEG: each pixel takes the nearest, thin ones none)"
    return rule, (note,)


def apply_colours(mask: Packed, rule: LabelRule) -> NDArray[np.uint8]:
    """Return the class of every pixel; smeared colours belong to the nearest, if one is near."""
    values, inverse = np.unique(mask, return_inverse=True)
    found = unpack(values).astype(int)
    known = np.array([*rule.values, BLACK, WHITE], np.uint32)
    apart = np.abs(found[:, None] - unpack(known).astype(int)[None]).max(axis=-1)
    nearest = apart.argmin(axis=1)
    near = (apart.min(axis=1) <= NEAR) & (nearest < len(rule.values))
    classes = np.where(near, nearest + 1, 0).astype(np.uint8)
    return np.asarray(classes[inverse].reshape(mask.shape))


def name_of(value: int) -> str:
    """Return a colour's name, or its number where it has none."""
    return NAMES.get(value & 0xFFFFFF, hex_of(value))


def _apart(a: int, b: int) -> int:
    """Return how far two colours lie apart in the channel where they differ most."""
    pair = unpack(np.array([a, b], np.uint32)).astype(int)
    return int(np.abs(pair[0] - pair[1]).max())


def _rough(mask: Packed) -> Packed:
    """Return colours rounded, so that smeared ones are equal."""
    rgb = unpack(mask).astype(int)
    return pack(np.minimum((rgb + STEP // 2) // STEP * STEP, 255).astype(np.uint8))


def _counts(values: Packed) -> dict[int, int]:
    present, counts = np.unique(values, return_counts=True)
    return dict(zip(present.tolist(), counts.tolist(), strict=True))
