"""Why a file takes no part, in words that help to mend it."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator

from napari_unet.data.cases import Unpaired
from napari_unet.data.pairing.found import Found
from napari_unet.data.pairing.matches import is_named_mask
from napari_unet.data.pairing.names import place, tokens
from napari_unet.data.pairing.tree import File
from napari_unet.data.splits.subset_lists import LISTS, subset_of

NO_MASK = "no mask found for it"
NO_IMAGE = "no image found for it"
NO_FORMAT = "not an image format that is read here"
NO_MASKS_HERE = "no masks are given for its folder, which seems to hold images to be tested on"
OUTLINES = "outlines or notes as text, not a mask; draw them into an image first"
NAMES = "a list of names, perhaps of a split: see `napari-unet split --import`"
OTHER_CHANNEL = "another channel of the image {}; the first is taken"
PIXELS_OF = "holds the pixels of {}"
TEST_WORDS = frozenset({"test", "testing", "ts"})
CHANNEL = re.compile(r"(.+)_(\d{4})")  # nnU-Net


def unpaired(found: Found) -> Iterator[Unpaired]:
    """Yield every file without a place in a pair and without a task, with the reason."""
    root = found.tree.root
    for rel in found.tree.others:
        if reason := found.why.get(rel) if rel in found.why else _other(rel, found):
            yield Unpaired(root / rel, reason)
    reasons = _Reasons(found)
    for file in found.tree.files:
        if file not in found.taken and (reason := found.why.get(file.rel) or reasons.of(file)):
            yield Unpaired(file.path, reason)
    yield from found.missing


def _other(rel: str, found: Found) -> str:
    """Give the reason for a file that is no image."""
    stem, suffix = posixpath.splitext(rel)
    if suffix.casefold() in (".raw", ".zraw", ".img"):
        for header in (".mhd", ".nhdr", ".hdr"):
            if stem + header in found.tree.by_path:
                return PIXELS_OF.format(posixpath.basename(stem + header))
    if suffix.casefold() in LISTS and subset_of(posixpath.basename(stem)):
        return NAMES
    folder = tuple(posixpath.dirname(rel).split("/"))
    if suffix.casefold() in (".xml", ".json", ".geojson", ".roi") or (
        suffix.casefold() == ".txt" and place(folder).role == "mask"  # YOLO's polygons and boxes
    ):
        return OUTLINES
    return NO_FORMAT


class _Reasons:
    """Looks at what was paired to say why something was not."""

    def __init__(self, found: Found) -> None:
        self.masks: dict[str, list[File]] = defaultdict(list)
        self.images: dict[str, list[File]] = defaultdict(list)
        self.with_masks: set[tuple[str, ...]] = set()
        for file in found.tree.files:
            (self.masks if is_named_mask(file) else self.images)[_plain(file)].append(file)
            if is_named_mask(file):
                self.with_masks.add(file.place.key)
        self.paired = {(m.image.folder, m.image.name) for m in found.pairs.values()}

    def of(self, file: File) -> str:
        """Return the reason for one file."""
        if is_named_mask(file):
            return NO_IMAGE + _elsewhere(file, self.images)
        channel = CHANNEL.fullmatch(file.name)
        if channel and (file.folder, f"{channel[1]}_0000") in self.paired:
            return OTHER_CHANNEL.format(f"{channel[1]}_0000")
        if file.place.key not in self.with_masks and TEST_WORDS & set(tokens(file.folder)):
            return NO_MASKS_HERE
        return NO_MASK + _elsewhere(file, self.masks)


def _plain(file: File) -> str:
    """Return the name by which an image and its mask may know each other."""
    bare = file.bare_mask if is_named_mask(file) else file.bare_image
    return (bare[0] if bare and bare[0] else file.name).casefold()


def _elsewhere(file: File, others: dict[str, list[File]]) -> str:
    """Point to a file of the same name that other reasons kept from being its partner."""
    group = others.get(_plain(file), [])
    found = next((f for f in group if f.folder != file.folder), None)  # the first, nearly always
    if found is None:
        return ""
    return f"; {found.rel} has its name, but belongs elsewhere or to several"
