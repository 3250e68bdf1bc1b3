"""Pairing by names: steps from the surest to the weakest, each taking what was left before it.

Every step compares whole keys through a dictionary. Pixels are looked at only where two folders are
alike in all but content, and order counts only where nothing else is left; both are said aloud.
"""

from __future__ import annotations

import itertools
import posixpath
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from napari_unet.data.formats import SUFFIXES, read_mask
from napari_unet.data.names import natural
from napari_unet.data.tree import File
from napari_unet.errors import DataError

Key = Callable[[File], Hashable | None]  # None: the file has no such key
Fold = Callable[[str], str]
DEEP = 5  # folders of which all combinations are tried
LOOKED_AT = 3  # files that decide whether a folder holds masks


@dataclass
class Matches:
    """Pairs with their reasons, files passed over with theirs, and what should be said."""

    pairs: list[tuple[File, File, str]] = field(default_factory=list)
    spare: dict[File, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Step:
    """Images and masks with equal keys belong together; ``reason`` is made from such a pair."""

    images: Callable[[File], bool]
    masks: Callable[[File], bool]
    image_key: Key
    mask_key: Key
    reason: Callable[[File, File], str]


def match(files: Sequence[File], *, guess: bool = True) -> Matches:
    """Pair files by their folders' and their own names.

    If ``guess`` and no names agree as they should, weaker evidence counts as long as it is the only
    one; what is guessed is said in the notes.
    """
    left, matches = list(files), Matches()
    for fold in (_as_it_is, str.casefold):
        for step in _steps(fold):
            left = _take(step, left, matches, unique=fold is str.casefold)
        left = _take_unique(left, matches, fold, lambda file: file.place.key)
    for last in (_take_anywhere, _take_alike_folders, _take_alike_suffixes, _take_by_order):
        if guess and not matches.pairs:
            left = last(left, matches)
    return matches


def is_mask(file: File) -> bool:
    """Say whether a file lies in a folder for masks."""
    return file.place.role == "mask"


def is_image(file: File) -> bool:
    """Say whether a file may be an image by its folder."""
    return file.place.role != "mask"


def is_named_mask(file: File) -> bool:
    """Say whether a file's folder, or else its own name, calls it a mask."""
    return is_mask(file) or (file.place.role == "" and file.bare_mask is not None)


# --- equal keys ---------------------------------------------------------------------------------


def _steps(fold: Fold) -> Iterator[Step]:
    """Yield the steps; ``fold`` makes names comparable (as they are, or without case)."""

    def beside(name: Callable[[File], str | None]) -> Key:
        return lambda f: None if (n := name(f)) is None else (f.folder, fold(n))

    def across(name: Callable[[File], str | None]) -> Key:
        return lambda f: None if (n := name(f)) is None else (f.place.key, fold(n))

    yield Step(is_image, is_mask, across(_name), across(_name), _same_name)
    yield Step(_any, _any, beside(_name), beside(_bare_mask), _affix)
    yield Step(_any, _any, beside(_bare_image), beside(_bare_mask), _affixes)
    yield Step(is_image, is_named_mask, across(_name), across(_bare_mask), _affix)
    yield Step(is_image, is_named_mask, across(_bare_image), across(_bare_mask), _affixes)
    yield Step(is_image, is_mask, across(_bare_image), across(_name), _affixes)
    yield Step(is_image, is_mask, across(_name), across(_without_suffix), _same_name)
    yield Step(is_image, is_mask, across(_without_channel), across(_name), _first_channel)


def _take(step: Step, files: list[File], matches: Matches, *, unique: bool) -> list[File]:
    """Pair what has equal keys and return what is left.

    Where a key has several images or masks, the preferred of each are paired and the others passed
    over with a word; if ``unique``, such keys are left alone.
    """
    masks, images = defaultdict(list), defaultdict(list)
    for file in files:
        if step.masks(file) and (key := step.mask_key(file)) is not None:
            masks[key].append(file)
    for file in files:
        if step.images(file) and (key := step.image_key(file)) in masks:
            images[key].append(file)
    used: set[File] = set()
    for key, found in images.items():
        group = {*found, *masks[key]}
        mask = min(masks[key], key=_preference)
        image = min(found, key=lambda f: (f.place.rank, f.suffix != mask.suffix, f.rel))
        if image is mask or used & group or (unique and len(group) > 2):
            continue
        used |= group
        matches.pairs.append((image, mask, step.reason(image, mask)))
        for file in group - {image, mask}:
            matches.spare[file] = f"another file is taken in its place: {image.rel} and {mask.rel}"
    return [f for f in files if f not in used]


def _preference(file: File) -> tuple[int, int, str]:
    return file.place.rank, SUFFIXES.index(file.suffix), file.rel


def _as_it_is(name: str) -> str:
    return name


def _any(file: File) -> bool:
    return True


def _name(file: File) -> str:
    return file.name


def _bare_mask(file: File) -> str | None:
    return file.bare_mask[0] if file.bare_mask else None


def _bare_image(file: File) -> str | None:
    return file.bare_image[0] if file.bare_image else None


def _without_suffix(file: File) -> str | None:
    """Return ``cat`` for ``cat.jpg.png``, as some annotation programs write."""
    stem, suffix = posixpath.splitext(file.name)
    return stem if suffix.casefold() in SUFFIXES else None


def _without_channel(file: File) -> str | None:
    """Return ``case`` for ``case_0000``, nnU-Net's name of an image's first channel."""
    return file.name.removesuffix("_0000") if file.name.endswith("_0000") else None


# --- names that occur once ----------------------------------------------------------------------


def _take_unique(
    files: list[File],
    matches: Matches,
    fold: Fold,
    place: Callable[[File], tuple[str, ...]],
) -> list[File]:
    """Pair equal names where one place is part of the other, if nothing else has that name.

    ``data/face`` and ``face`` meet, so do ``patient 1`` and the top; two places of which each has
    something that the other lacks, as two patients' have, never do.
    """
    images = [f for f in files if not is_named_mask(f)]
    masks = [f for f in files if is_named_mask(f)]
    edges = {(i, m) for m, i in _within(masks, images, fold, place)}
    edges |= set(_within(images, masks, fold, place))
    partners = Counter(file for edge in edges for file in edge)
    used: set[File] = set()
    for image, mask in sorted(edges, key=lambda edge: edge[0].rel):
        if partners[image] == partners[mask] == 1:
            matches.pairs.append((image, mask, _same_name(image, mask)))
            used |= {image, mask}
    return [f for f in files if f not in used]


def _within(
    near: Iterable[File],
    far: Iterable[File],
    fold: Fold,
    place: Callable[[File], tuple[str, ...]],
) -> Iterator[tuple[File, File]]:
    """Yield those of ``near`` with the only one of ``far`` whose place holds theirs."""
    holders: dict[tuple[tuple[str, ...], str], list[File]] = defaultdict(list)
    for file in far:
        for part in _parts(place(file)):
            for name in _names(file, fold):
                holders[part, name].append(file)
    for file in near:
        for name in _names(file, fold):
            found = holders.get((place(file), name), [])
            if len(found) == 1:
                yield file, found[0]


@lru_cache(maxsize=1024)
def _parts(place: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    """Return a place with any of its folders left out; for very deep ones, only leading folders."""
    if len(place) > DEEP:
        return frozenset(place[start:] for start in range(len(place) + 1))
    return frozenset(
        part for n in range(len(place) + 1) for part in itertools.combinations(place, n)
    )


def _names(file: File, fold: Fold) -> set[str]:
    """Return what a file may be called by: its name and, for a mask, that without its affix."""
    names = {file.name}
    if is_named_mask(file) and file.bare_mask:
        names.add(file.bare_mask[0])
    return {fold(name) for name in names if name}


def _take_anywhere(files: list[File], matches: Matches) -> list[File]:
    """Pair names that occur once among all images and once among all masks."""
    return _take_unique(files, matches, str.casefold, lambda file: ())


# --- looking at pixels --------------------------------------------------------------------------


def _take_alike_folders(files: list[File], matches: Matches) -> list[File]:
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


def _take_alike_suffixes(files: list[File], matches: Matches) -> list[File]:
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
        reason = f"{_same_name(image, mask)}; by its pixels the latter is the mask"
        if image.folder == mask.folder:
            reason = f"same name; by its pixels the {mask.suffix} is the mask"
        matches.pairs.append((image, mask, reason))
    matches.notes.append("which files are the masks was told by their pixels only: please check")
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


def _take_by_order(files: list[File], matches: Matches) -> list[File]:
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
        matches.pairs.append((image, mask, "by order only: no names agree"))
    matches.notes.append(
        f"{len(images)} images and masks were paired by their order only, since no names agree: "
        "please check them"
    )
    return []


# --- reasons ------------------------------------------------------------------------------------


def _same_name(image: File, mask: File) -> str:
    return f"same name in {_where(image)} and {_where(mask)}"


def _affix(image: File, mask: File) -> str:
    affix = mask.bare_mask[1] if mask.bare_mask else ""
    where = "beside it" if image.folder == mask.folder else f"in {_where(mask)}"
    return f"the image's name with {affix}, {where}"


def _affixes(image: File, mask: File) -> str:
    beside = image.folder == mask.folder
    where = "one folder" if beside else f"{_where(image)} and {_where(mask)}"
    return f"same name but for the words for image and mask, in {where}"


def _first_channel(image: File, mask: File) -> str:
    return f"the mask's name with _0000 (first channel), in {_where(image)} and {_where(mask)}"


def _where(file: File) -> str:
    """Name a folder by the part that gives it its role, so that all patients read alike."""
    return file.place.word or posixpath.basename(file.folder) or "the top folder"
