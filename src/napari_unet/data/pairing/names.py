"""What the names of folders and files say: image or mask, and what is left when that is removed."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Role = Literal["image", "mask", ""]

# In order of preference, should a folder have several that fit.
MASK_WORDS = (
    *("mask", "masks", "label", "labels", "groundtruth", "gt", "gts", "annotation", "annotations"),
    *("segmentation", "segmentations", "seg", "segs", "segmented", "truth", "truths", "target"),
    *("targets", "manual", "annot", "annots", "anno", "annos", "lbl", "lbls", "labeled"),
    *("labelled", "reference", "references", "trimap", "trimaps"),
)
IMAGE_WORDS = (
    *("image", "images", "img", "imgs", "im", "ims", "photo", "photos", "picture", "pictures"),
    *("pic", "pics", "scan", "scans", "slice", "slices", "frame", "frames", "input", "inputs"),
    *("original", "originals", "raw", "volume", "volumes", "vol", "vols", "imaging"),
)
# Words that say nothing beside one of the above: the file format, what a mask is of.
FORMAT_WORDS = ("png", "jpg", "jpeg", "bmp", "tif", "tiff", "gif", "npy", "mat", "nii", "nifti")
PLAIN_WORDS = (*FORMAT_WORDS, "binary", "class", "classes", "object", "objects")
SPLIT_WORDS = (
    *("train", "training", "tr", "val", "valid", "validation", "dev", "test", "testing", "ts"),
    *("fold", "split", "subset"),
)

# Words that stand before a name or after it, and such that only stand after it.
_AFFIX = {
    # "Mask of": ImageJ; man_seg, man_track: the Cell Tracking Challenge
    "mask": r"masks? of|man_(?:seg|track)|(?:cp[ _-]?|seg[ _-]?|binary[ _-]?)?masks?"
    r"|mask[ _-]?seg|labels?|lbl|gts?"
    r"|ground[ _-]?truth|annotations?|anno|segs?|segmentations?|segmented|manual|target|truth"
    r"|reference|trimap|mask[ _-]?ids?|label[ _-]?ids?",
    "image": r"images?|img|im|scan|slice|frame|photo|pic|input|raw|original|volume|vol|imaging",
}
_SUFFIX = {
    # 1stHO: the first human observer of CHASE; gtFine_…: Cityscapes
    "mask": r"manual\d|[12](?:st|nd)ho|lesions?"
    r"|gt(?:fine|coarse)_(?:label(?:train)?ids|instanceids|colou?r)",
    "image": r"leftimg8bit",
}
# Digits may follow or precede the word directly: mask001 and 001mask, but not "unmasked".
_PATTERNS = {
    role: re.compile(
        rf"(?:(?P<before>.+?)(?:[ _.-]+|(?<=\d))(?:{words}|{_SUFFIX[role]})"
        rf"|(?:{words})(?:[ _.-]+|(?=\d))(?P<after>.+)|(?:{words}))",
        re.IGNORECASE,
    )
    for role, words in _AFFIX.items()
}
_GLUED = re.compile(rf"(train|test|val|valid)({'|'.join((*MASK_WORDS, *IMAGE_WORDS))})")
# Names of known collections that no rule for words would read: Cityscapes; DRIVE and the like.
_COMPOUNDS = re.compile(
    r"(?P<images>leftimg8bit)|(?P<gt>gt(?:fine|coarse))|(?P<manual>manual\d)", re.IGNORECASE
)
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)")
# One file for each object: cell1_mask_3, cell1-nucleus-003; never "manual1", a person's drawing.
_NUMBERED = re.compile(
    r"(?P<of>.+?)[ _.-]+(?:masks?|labels?|segs?|segmentation|annotation|cells?|nucle(?:us|i)"
    r"|objects?|obj|instances?|inst|glands?|lesions?|nodules?|tumou?rs?|polyps?|particles?)"
    r"[ _.-]?\d+",
    re.IGNORECASE,
)
# Marks that say "mask" only in a folder for masks: CamVid's 0001TP_006690_L.
_MARKED = re.compile(r"(?P<of>.+)[_-](?:[LMSPB]|GT|bw|bin)", re.IGNORECASE)
_COUNTED = re.compile(r"(?P<of>.+?)[ _.-]+\d+")
# Scans of one case that share a mask; the first that is there is taken.
MODALITIES = (
    *("flair", "t2f", "t1ce", "t1c", "t1gd", "t1post", "t2", "t2w", "t1", "t1n", "t1w"),
    *("adc", "dwi", "hbv", "ct", "pet", "suv"),
)
_MODALITY = re.compile(rf"(?:(?P<of>.+)[ _.-])?(?P<kind>{'|'.join(MODALITIES)})", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """What a folder's path says of the files in it.

    ``role`` comes from the deepest part that names one, kept in ``word``; ``rank`` is the word's
    place in the order of preference. ``key`` is the path without such words: an image and its mask
    lie in folders of the same key.
    """

    role: Role
    word: str
    rank: int
    key: tuple[str, ...]


def place(parts: tuple[str, ...]) -> Place:
    """Read the parts of a folder's path."""
    role: Role = ""
    word, rank, key = "", 0, []
    for part in parts:
        found, found_rank, rest = read_part(part)
        if found == "mask" or (found == "image" and (role != "mask" or _says_images(part))):
            role, word, rank = found, part, found_rank
        if rest:
            key.append(rest)
    return Place(role, word, rank, tuple(key))


def _says_images(part: str) -> bool:
    """Tell ``images`` from ``scan12``, which may well be a folder of one scan's masks."""
    words = tokens(part)
    return bool({"images", "imgs"} & set(words)) or (
        bool({"image", "img"} & set(words)) and not any(w.isdigit() for w in words)
    )


@lru_cache(maxsize=4096)
def read_part(part: str) -> tuple[Role, int, str]:
    """Return the role a folder's name gives, that word's rank, and what else the name says.

    A mask word beats an image word: ``label_images`` are labels.
    """
    words = tokens(part)
    rest = " ".join(
        w
        for w in words
        if w not in (*MASK_WORDS, *IMAGE_WORDS, *PLAIN_WORDS) and not _ORDINAL.fullmatch(w)
    )
    if found := [MASK_WORDS.index(w) for w in words if w in MASK_WORDS]:
        return "mask", min(found), rest
    if found := [IMAGE_WORDS.index(w) for w in words if w in IMAGE_WORDS]:
        return "image", min(found), rest
    # x and y as in machine learning, but only where nothing else is said: x_train, y_test.
    others = [w for w in words if w not in SPLIT_WORDS]
    if others in (["x"], ["y"]):
        role: Role = "image" if others == ["x"] else "mask"
        return role, 0, " ".join(w for w in words if w in SPLIT_WORDS)
    return "", 0, " ".join(words)


def tokens(name: str) -> list[str]:
    """Split a name into lower-case words and numbers.

    ``GroundT_FacePhoto2`` is groundtruth, face, photo, 2; ``trainannot`` is train, annot.
    """
    known = _COMPOUNDS.sub(lambda found: f" {found.lastgroup} ", normal(name))
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", known)
    words = re.findall(r"\d+(?:st|nd|rd|th)(?![^\W\d_])|[^\W\d_]+|\d+", spaced.casefold())
    joined: list[str] = []
    for word in words:
        if glued := _GLUED.fullmatch(word):
            joined += glued.groups()
        elif joined and joined[-1] == "ground" and word in ("truth", "truths", "t"):
            joined[-1] = "groundtruth"
        else:
            joined.append(word)
    return joined


def without_word(stem: str, role: Literal["image", "mask"]) -> tuple[str, str] | None:
    """Take an affix such as ``_mask`` or ``mask_`` off a file's stem.

    Returns
    -------
    tuple of str or None
        What is left (empty if the stem is only the word) and the affix as written; None if there
        is no such affix.
    """
    match = _PATTERNS[role].fullmatch(stem)
    if match is None:
        return None
    rest = match["before"] or match["after"] or ""
    affix = stem[len(rest) :] if match["before"] else stem[: len(stem) - len(rest)]
    return rest, affix


def without_number(stem: str) -> str | None:
    """Return what an object's mask belongs to: ``cell1`` for ``cell1_mask_3``; else None."""
    match = _NUMBERED.fullmatch(stem)
    return match["of"] if match else None


def without_count(stem: str) -> str | None:
    """Return ``cell1`` for ``cell1_3``, which is an object's mask only in a folder for masks."""
    match = _COUNTED.fullmatch(stem)
    return match["of"] if match else None


def without_mark(stem: str) -> str | None:
    """Return ``a`` for ``a_L``: marks that mean "mask" only in a folder for masks."""
    match = _MARKED.fullmatch(stem)
    return match["of"] if match else None


def modality(stem: str) -> tuple[str, int] | None:
    """Return what is left of ``case1_flair`` and the modality's place in the order of preference.

    What is left is empty if the stem is only the modality; None if there is none.
    """
    match = _MODALITY.fullmatch(stem)
    return (match["of"] or "", MODALITIES.index(match["kind"].casefold())) if match else None


def normal(text: str) -> str:
    """Return text in Unicode's composed form; some systems store names decomposed."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def natural(text: str) -> list[tuple[int, int, str]]:
    """Return a key that sorts ``2`` before ``10``."""
    parts = re.split(r"(\d+)", text)
    return [(0, int(p), p) if p.isdecimal() else (1, 0, p.casefold()) for p in parts if p]
