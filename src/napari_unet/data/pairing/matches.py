"""What the steps of pairing share: their result, what a file's place says, words for reasons."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field

from napari_unet.data.formats import SUFFIXES
from napari_unet.data.pairing.tree import File


@dataclass(frozen=True)
class Match:
    """An image and its masks, why they belong together, and how sure that is."""

    image: File
    masks: tuple[File, ...]
    reason: str
    confidence: float

    @property
    def mask(self) -> File:
        """The mask, or the first of several."""
        return self.masks[0]


@dataclass
class Matches:
    """Pairs, files passed over with the reason, and what should be said."""

    pairs: list[Match] = field(default_factory=list)
    spare: dict[File, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, image: File, mask: File, reason: str, confidence: float) -> None:
        """Add a pair with one mask."""
        self.pairs.append(Match(image, (mask,), reason, confidence))

    def note(self, text: str) -> None:
        """Say something once."""
        if text not in self.notes:
            self.notes.append(text)


def is_mask(file: File) -> bool:
    """Say whether a file lies in a folder for masks."""
    return file.place.role == "mask"


def is_image(file: File) -> bool:
    """Say whether a file may be an image by its folder."""
    return file.place.role != "mask"


def is_named_mask(file: File) -> bool:
    """Say whether a file's folder, or else its own name, calls it a mask."""
    return is_mask(file) or (file.place.role == "" and file.bare_mask is not None)


def without_suffix(file: File) -> str | None:
    """Return ``cat`` for ``cat.jpg.png``, as some annotation programs write."""
    stem, suffix = posixpath.splitext(file.name)
    return stem if suffix.casefold() in SUFFIXES else None


def same_name(image: File, mask: File) -> str:
    """Give the reason of a pair whose names are equal."""
    return f"same name in {where(image)} and {where(mask)}"


def where(file: File) -> str:
    """Name a folder by the part that gives it its role, so that all patients read alike."""
    return file.place.word or posixpath.basename(file.folder) or "the top folder"
