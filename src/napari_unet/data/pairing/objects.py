"""Masks that come one per object: several files that belong to one image.

The Data Science Bowl of 2018 keeps ``ID/images/ID.png`` beside ``ID/masks/*.png``; others write
``cell1_mask_1.png``, ``cell1_mask_2.png`` beside ``cell1.png``, or ``masks/cell1/*.png``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace

from napari_unet.data.pairing import pairs
from napari_unet.data.pairing.matches import Match, Matches, is_image, is_mask, is_named_mask, where
from napari_unet.data.pairing.names import natural, place, tokens, without_count, without_number
from napari_unet.data.pairing.tree import File

SIDES = frozenset({"left", "right"})
Masks = dict[File, list[File]]


def take_objects(files: list[File], matches: Matches) -> list[File]:
    """Give an image all masks of the folder that belongs to it alone; return what is left."""
    found = _named_after_image(files) or _alone_with_masks(files) or _left_and_right(files)
    for image, masks in found.items():
        named = image.name in (*image.parts, *masks[0].parts)
        sure = pairs.OBJECTS if named else pairs.ONCE
        places = " and ".join(dict.fromkeys(map(where, masks)))
        reason = f"{_counted(masks)} in {places} of this image alone"
        matches.pairs.append(Match(image, _ordered(masks), reason, sure))
    return _without(files, found)


def _named_after_image(files: Sequence[File]) -> Masks:
    """Find ``masks/cell1/*`` for ``images/cell1``."""
    keys = {f.folder: place(f.parts[:-1]).key for f in files if f.parts}
    folders: Mapping[Hashable, list[File]] = _grouped(
        ((keys[f.folder], f.parts[-1]), f) for f in files if is_mask(f) and f.parts
    )
    images = {(f.place.key, f.name): f for f in files if is_image(f)}
    return {image: folders[key] for key, image in images.items() if key in folders}


def _alone_with_masks(files: Sequence[File]) -> Masks:
    """Find ``x/images/ID`` for ``x/masks/*``, if every image lies in such a place alone."""
    images = _grouped((f.place.key, f) for f in files if is_image(f))
    masks = _grouped((f.place.key, f) for f in files if is_mask(f))
    both = [key for key in images if key in masks]
    named = [key for key in both if images[key][0].name in images[key][0].parts]
    several = any(len(masks[key]) > 1 for key in both)
    if not several or any(len(images[key]) > 1 for key in both) or not (named or len(both) > 1):
        return {}
    return {images[key][0]: masks[key] for key in both}


def _left_and_right(files: Sequence[File]) -> Masks:
    """Find ``leftMask/a`` and ``rightMask/a`` for an ``a`` that is there once: lungs, eyes."""
    sides = _grouped((f.name, f) for f in files if is_mask(f) and SIDES & set(_last(f)))
    images = _grouped((f.name, f) for f in files if not is_named_mask(f))
    return {
        images[name][0]: masks
        for name, masks in sides.items()
        if {side for m in masks for side in SIDES & set(_last(m))} == SIDES
        and len(masks) == 2
        and len(images.get(name, ())) == 1
    }


def _last(file: File) -> list[str]:
    return tokens(file.parts[-1]) if file.parts else []


def take_numbered(files: list[File], matches: Matches) -> list[File]:
    """Give an image the masks that carry its name and a number; return what is left.

    An image that has ``cell1_mask`` already gets ``cell1_mask_2`` as well.
    """
    paired = {m.image: i for i, m in enumerate(matches.pairs)}
    images: dict[Hashable, File] = {}
    for image in (*(f for f in files if not is_named_mask(f)), *paired):
        images[image.folder, image.name] = images[image.place.key, image.name] = image
    found: Masks = defaultdict(list)
    for file in files:
        owner = _image_of(file, images)
        if owner is not None and owner is not file:
            found[owner].append(file)
    found = {i: m for i, m in found.items() if i in paired or _sure(m)}
    for image, masks in found.items():
        if image in paired:
            earlier = matches.pairs[paired[image]]
            masks = [*earlier.masks, *masks]
            matches.pairs[paired[image]] = replace(
                earlier, masks=tuple(masks), reason=f"{earlier.reason}; {_counted(masks)}"
            )
        else:
            reason = f"the image's name with a number, in {where(masks[0])}; {_counted(masks)}"
            matches.pairs.append(Match(image, _ordered(masks), reason, pairs.OBJECTS))
    return _without(files, found)


def _image_of(file: File, images: Mapping[Hashable, File]) -> File | None:
    """Return the image whose name a mask of one object carries."""
    if of := without_number(file.name):
        return images.get((file.folder, of)) or images.get((file.place.key, of))
    if is_mask(file) and (of := without_count(file.name)):
        return images.get((file.place.key, of))
    return None


def _sure(masks: Sequence[File]) -> bool:
    """Say whether the masks are called masks or objects, or are at least several."""
    return len(masks) > 1 or without_number(masks[0].name) is not None


def _grouped(items: Iterator[tuple[Hashable, File]]) -> dict[Hashable, list[File]]:
    groups = defaultdict(list)
    for key, file in items:
        groups[key].append(file)
    return groups


def _ordered(masks: Sequence[File]) -> tuple[File, ...]:
    return tuple(sorted(masks, key=lambda f: natural(f.rel)))


def _counted(masks: Sequence[File]) -> str:
    return "one mask" if len(masks) == 1 else "one mask for each object"


def _without(files: list[File], taken: Mapping[File, Sequence[File]]) -> list[File]:
    used = {*taken, *(mask for masks in taken.values() for mask in masks)}
    return [f for f in files if f not in used] if used else files
