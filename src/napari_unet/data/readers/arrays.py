"""Which of the arrays in a file is the image, and which the mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from napari_unet.errors import DataError

IMAGE_WORDS = (
    "raw",
    "image",
    "img",
    "images",
    "im",
    "scan",
    "volume",
    "intensity",
    "data",
    "slice",
)
MASK_WORDS = (
    *("mask", "masks", "label", "labels", "seg", "segmentation", "gt", "groundtruth"),
    *("annotation", "annotations", "instances", "target"),
)
LISTED = 8  # arrays that an error names


def choose_array(shapes: Mapping[str, Sequence[int]], what: str, asked: str = "") -> str:
    """Return the path of the array to read.

    Parameters
    ----------
    shapes : mapping of str to sequence of int
        The shape of every array in the file by its path, with ``/``.
    what : {"image", "mask"}
        What is wanted. Names decide: the last part of a path first, then the others.
    asked : str
        The path that a person asks for, if any.

    Raises
    ------
    DataError
        If there is no such array, or several could be meant.
    """
    if asked:
        wanted = asked.strip("/")
        if wanted not in shapes:
            raise DataError(f"there is no array {asked!r} in it (it holds {_listed(shapes)})")
        return wanted
    pictures = [name for name, shape in shapes.items() if _is_picture(shape)]
    masks = _named(pictures, MASK_WORDS)
    others = [p for p in pictures if p not in masks]
    found = masks if what == "mask" and masks else _named(others, IMAGE_WORDS) or others
    if not found and len(pictures) == 1:
        found = pictures
    if not found:
        raise DataError(f"no array in it looks like {what} (it holds {_listed(shapes)})")
    if len(found) > 1 and not _named(found, IMAGE_WORDS + MASK_WORDS):
        raise DataError(f"several arrays in it could be the {what}: {_listed(found)}; say which")
    return found[0]


def has_both(shapes: Mapping[str, Sequence[int]]) -> bool:
    """Say whether one array is an image and another, by its name, its mask."""
    try:
        return choose_array(shapes, "image") != choose_array(shapes, "mask")
    except DataError:
        return False  # said again, with the file's name, when it is read


def _is_picture(shape: Sequence[int]) -> bool:
    return 2 <= len(shape) <= 6 and sum(n > 1 for n in shape) >= 2


def _named(paths: Sequence[str], words: Sequence[str]) -> list[str]:
    """Return the paths with one of the words, by word, those that end in it first."""
    by_last = [p for w in words for p in paths if _plain(p.rpartition("/")[2]) == w]
    by_part = [p for w in words for p in paths if w in map(_plain, p.split("/")[:-1])]
    return list(dict.fromkeys(by_last + by_part))


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalpha())


def _listed(paths: Mapping[str, object] | Sequence[str]) -> str:
    names = list(paths)
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more if names else "nothing"
