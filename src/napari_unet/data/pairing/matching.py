"""Pairing by names: steps from the surest to the weakest, each taking what was left before it.

Every step compares whole keys through a dictionary. Pixels are looked at only where two folders are
alike in all but content, and order counts only where nothing else is left; both are said aloud.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

from napari_unet.data.formats import SUFFIXES
from napari_unet.data.pairing import pairs
from napari_unet.data.pairing.guesses import GUESSES
from napari_unet.data.pairing.matches import (
    Matches,
    is_image,
    is_mask,
    is_named_mask,
    same_name,
    where,
    without_suffix,
)
from napari_unet.data.pairing.names import MODALITIES, modality, without_mark
from napari_unet.data.pairing.objects import take_numbered, take_objects
from napari_unet.data.pairing.once import Fold, take_once
from napari_unet.data.pairing.tree import File

Key = Callable[[File], Hashable | None]  # None: the file has no such key
RANKS = {suffix: rank for rank, suffix in enumerate(SUFFIXES)}
# Of several masks of an image, those drawn by a second person or showing other things come later.
LATER = re.compile(r"colou?r|instance|trainids|coarse|2nd|manual[2-9]", re.IGNORECASE)
FIELD_OF_VIEW = "shows the field of view: the masks drawn by hand are in {}"


@dataclass(frozen=True)
class Step:
    """Images and masks with equal keys belong together; ``reason`` is made from such a pair."""

    images: Callable[[File], bool]
    masks: Callable[[File], bool]
    image_key: Key
    mask_key: Key
    reason: Callable[[File, File], str]
    confidence: float


def match(files: Sequence[File], *, guess: bool = True) -> Matches:
    """Pair files by their folders' and their own names.

    If ``guess`` and no names agree as they should, weaker evidence counts as long as it is the only
    one; what is guessed is said in the notes.
    """
    matches = Matches()
    left = _set_aside_fields_of_view(list(files), matches)
    for fold in (_as_it_is, str.casefold):
        exact = fold is not str.casefold
        for step in _steps(fold, 0.0 if exact else pairs.NO_CASE):
            left = _take(step, left, matches, unique=not exact)
        if exact:
            left = take_objects(left, matches)
            left = take_numbered(left, matches)
        left = take_once(left, matches, fold, lambda file: file.place.key, pairs.ONCE)
    for last in GUESSES:
        if guess and not matches.pairs:
            left = last(left, matches)
    return matches


# --- equal keys ---------------------------------------------------------------------------------


def _steps(fold: Fold, less: float) -> Iterator[Step]:
    """Yield the steps; ``fold`` makes names comparable (as they are, or without case)."""

    def beside(name: Callable[[File], str | None]) -> Key:
        return lambda f: None if (n := name(f)) is None else (f.folder, fold(n))

    def across(name: Callable[[File], str | None]) -> Key:
        return lambda f: None if (n := name(f)) is None else (f.place.key, fold(n))

    same, affix, both = pairs.SAME_NAME - less, pairs.AFFIX - less, pairs.AFFIXES - less
    one, mark, kind = pairs.CHANNEL - less, pairs.MARK - less, pairs.MODALITY - less
    yield Step(is_image, is_mask, across(_name), across(_name), same_name, same)
    yield Step(_any, _any, beside(_name), beside(_bare_mask), _affix, affix)
    yield Step(_any, _any, beside(_bare_image), beside(_bare_mask), _affixes, both)
    yield Step(is_image, is_named_mask, across(_name), across(_bare_mask), _affix, affix)
    yield Step(is_image, is_named_mask, across(_bare_image), across(_bare_mask), _affixes, both)
    yield Step(is_image, is_mask, across(_bare_image), across(_name), _affixes, both)
    yield Step(is_image, is_mask, across(_name), across(without_suffix), same_name, same)
    yield Step(is_image, is_mask, across(_without_channel), across(_name), _first_channel, one)
    yield Step(_any, _any, beside(_without_modality), beside(_bare_mask), _modality, kind)
    yield Step(is_image, is_mask, across(_without_modality), across(_name), _modality, kind)
    yield Step(is_image, is_mask, across(_without_split), across(_bare_mask), _affixes, mark)
    yield Step(is_image, is_mask, across(_time), across(_bare_mask), _affixes, mark)
    yield Step(is_image, is_mask, across(_name), across(_without_mark), _mark, mark)


def _take(step: Step, files: list[File], matches: Matches, *, unique: bool) -> list[File]:
    """Pair what has equal keys and return what is left.

    Where a key has several images or masks, the preferred of each are paired and the others passed
    over with a word; if ``unique``, such keys are left alone.
    """
    masks, images = defaultdict(list), defaultdict(list)
    for file in files:
        if step.masks(file) and (key := step.mask_key(file)) is not None:
            masks[key].append(file)
    if not masks:
        return files
    for file in files:
        if step.images(file) and (key := step.image_key(file)) in masks:
            images[key].append(file)
    used: set[File] = set()
    for key, found in images.items():
        group = {*found, *masks[key]}
        mask = min(masks[key], key=_preference)
        image = min(found, key=lambda f: _image_preference(f, mask))
        if image is mask or used & group or (unique and len(group) > 2):
            continue
        used |= group
        matches.add(image, mask, step.reason(image, mask), step.confidence)
        for file in group - {image, mask}:
            matches.spare[file] = f"another file is taken in its place: {image.rel} and {mask.rel}"
        if step.reason is _modality and len(found) > 1:
            _tell_modalities(found, image, matches)
    return [f for f in files if f not in used] if used else files


def _preference(file: File) -> tuple[int, bool, int, str]:
    word = file.bare_mask[1] if file.bare_mask else ""
    later = LATER.search(f"{file.place.word} {word}") is not None
    return file.place.rank, later, RANKS.get(file.suffix, len(RANKS)), file.rel


def _image_preference(file: File, mask: File) -> tuple[int, int, bool, str]:
    kind = modality(file.name)
    rank = kind[1] if kind else len(MODALITIES)
    return file.place.rank, rank, file.suffix != mask.suffix, file.rel


def _tell_modalities(found: Sequence[File], image: File, matches: Matches) -> None:
    """Say which of several scans of a case is taken."""
    for file in found:
        if file is not image:
            matches.spare[file] = f"another kind of scan of the same case; {image.rel} is taken"
    matches.note(
        "several kinds of scans share a mask: the first of "
        f"{', '.join(MODALITIES[:6])}, … that is there is taken; list others in a table of pairs"
    )


def _set_aside_fields_of_view(files: list[File], matches: Matches) -> list[File]:
    """Pass over a folder ``mask`` beside one of drawings by hand, as in DRIVE and HRF.

    There, the mask only says where the round camera saw anything.
    """
    drawn = {
        posixpath.dirname(f.folder): posixpath.basename(f.folder)
        for f in files
        if is_mask(f) and "manual" in posixpath.basename(f.folder).casefold()
    }
    if not drawn:
        return files
    left = []
    for file in files:
        parent, name = posixpath.split(file.folder)
        if name.casefold() == "mask" and parent in drawn:
            matches.spare[file] = FIELD_OF_VIEW.format(drawn[parent])
        else:
            left.append(file)
    return left


# --- keys ---------------------------------------------------------------------------------------


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


def _without_channel(file: File) -> str | None:
    """Return ``case`` for ``case_0000``, nnU-Net's name of an image's first channel."""
    return file.name.removesuffix("_0000") if file.name.endswith("_0000") else None


def _without_modality(file: File) -> str | None:
    found = modality(file.name)
    return found[0] if found else None


def _without_split(file: File) -> str | None:
    """Return ``21`` for ``21_training``, as DRIVE names its images."""
    stem, bar, word = file.name.rpartition("_")
    return stem if bar and word.casefold() in ("training", "train", "test", "val") else None


def _time(file: File) -> str | None:
    """Return ``012`` for ``t012``, as the Cell Tracking Challenge names its images."""
    number = file.name[1:]
    return number if file.name[:1] == "t" and number.isdecimal() else None


def _without_mark(file: File) -> str | None:
    return without_mark(file.name)


# --- reasons ------------------------------------------------------------------------------------


def _affix(image: File, mask: File) -> str:
    affix = mask.bare_mask[1] if mask.bare_mask else ""
    place = "beside it" if image.folder == mask.folder else f"in {where(mask)}"
    return f"the image's name with {affix}, {place}"


def _affixes(image: File, mask: File) -> str:
    beside = image.folder == mask.folder
    place = "one folder" if beside else f"{where(image)} and {where(mask)}"
    return f"same name but for the words for image and mask, in {place}"


def _first_channel(image: File, mask: File) -> str:
    return f"the mask's name with _0000 (first channel), in {where(image)} and {where(mask)}"


def _modality(image: File, mask: File) -> str:
    found = modality(image.name)
    kind = MODALITIES[found[1]] if found else ""
    return f"same name but for the kind of scan ({kind}) and the word for the mask"


def _mark(image: File, mask: File) -> str:
    mark = mask.name.removeprefix(without_mark(mask.name) or "")
    return f"the image's name with {mark}, in {where(mask)}"
