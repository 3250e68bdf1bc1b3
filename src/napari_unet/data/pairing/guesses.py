"""Pairing where no rule for names applies: by looking at pixels, or by order. Always announced."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from napari_unet.data.formats import read_mask
from napari_unet.data.pairing import pairs as sure
from napari_unet.data.pairing.matches import Matches, is_named_mask, same_name
from napari_unet.data.pairing.names import natural
from napari_unet.data.pairing.once import take_once
from napari_unet.data.pairing.tree import File
from napari_unet.errors import DataError

LOOKED_AT = 3  # files that decide whether a folder holds masks


def take_anywhere(files: list[File], matches: Matches) -> list[File]:
    """Pair names that occur once among all images and once among all masks."""
    return take_once(files, matches, str.casefold, lambda file: (), sure.ANYWHERE)


# --- looking at pixels --------------------------------------------------------------------------


def take_alike_folders(files: list[File], matches: Matches) -> list[File]:
    """Pair equal names in two folders of which the pixels of only one look like masks."""
    branches: dict[str, dict[Hashable, File]] = defaultdict(dict)
    for file in files:
        branch, below = (file.parts[0], file.parts[1:]) if file.parts else ("", ())
        branches[branch][below, file.name] = file
    if len(branches) != 2:
        return files
    first, second = branches.values()
    keys = [key for key in first if key in second]
    pairs = [(first[key], second[key]) for key in keys]
    return _take_looking(pairs, files, matches)


def take_alike_suffixes(files: list[File], matches: Matches) -> list[File]:
    """Pair equal names with two suffixes in one folder, if only one kind looks like masks."""
    groups = defaultdict(list)
    for file in files:
        groups[file.folder, file.name].append(file)
    twos = [sorted(g, key=lambda f: f.suffix) for g in groups.values() if len(g) == 2]
    kinds = Counter((a.suffix, b.suffix) for a, b in twos)
    if not kinds:
        return files
    kind = kinds.most_common(1)[0][0]
    pairs = [(a, b) for a, b in twos if (a.suffix, b.suffix) == kind]
    return _take_looking(pairs, files, matches)


def _take_looking(
    pairs: Sequence[tuple[File, File]], files: list[File], matches: Matches
) -> list[File]:
    """Add pairs after finding out which of the two sides are the masks."""
    sides = [_look_like_masks([pair[side] for pair in pairs]) for side in (0, 1)]
    if sides[0] == sides[1]:
        return files
    mask_side = 0 if sides[0] else 1
    for pair in pairs:
        image, mask = pair[1 - mask_side], pair[mask_side]
        reason = f"{same_name(image, mask)}; by its pixels the latter is the mask"
        if image.folder == mask.folder:
            reason = f"same name; by its pixels the {mask.suffix} is the mask"
        matches.add(image, mask, reason, sure.PIXELS)
    matches.note("which files are the masks was told by their pixels only: please check")
    used = {file for pair in pairs for file in pair}
    return [f for f in files if f not in used]


def _look_like_masks(files: Sequence[File]) -> bool:
    """Say whether a few files hold hardly more than a handful of values."""
    answers = []
    for file in files[:: max(1, len(files) // LOOKED_AT)][:LOOKED_AT]:
        try:
            _, counts = np.unique(read_mask(file.path), return_counts=True)
        except DataError:
            continue
        few = np.sort(counts)[-4:].sum() >= 0.95 * counts.sum()
        answers.append(bool(few) or len(counts) <= 32)
    return bool(answers) and all(answers)


# --- order --------------------------------------------------------------------------------------


def take_by_order(files: list[File], matches: Matches) -> list[File]:
    """Pair images and masks by their order, if there are as many, each kind in one folder."""
    images = [f for f in files if not is_named_mask(f)]
    masks = [f for f in files if is_named_mask(f)]
    folders = sorted({f.folder for f in files})
    if not masks and len(folders) == 2:
        sides = [[f for f in files if f.folder == folder] for folder in folders]
        looks = [_look_like_masks(side) for side in sides]
        if looks[0] != looks[1]:
            images, masks = sides if looks[1] else sides[::-1]
    if (
        len(images) != len(masks)
        or not images
        or len({f.folder for f in images}) > 1
        or len({f.folder for f in masks}) > 1
    ):
        return files
    images.sort(key=lambda f: natural(f.name))
    masks.sort(key=lambda f: natural(f.name))
    for image, mask in zip(images, masks, strict=True):
        matches.add(image, mask, "by order only: no names agree", sure.ORDER)
    matches.note(
        f"{len(images)} images and masks were paired by their order only, since no names agree: "
        "please check them"
    )
    return []


# From the surest to the weakest; each is tried only while nothing at all was paired.
GUESSES: tuple[Callable[[list[File], Matches], list[File]], ...] = (
    take_anywhere,
    take_alike_folders,
    take_alike_suffixes,
    take_by_order,
)
