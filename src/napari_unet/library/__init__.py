"""The model library: every model by its name, wherever a model file is taken.

A model is called like its file, without the ending. There are those of the workspace, and those
that came with the program (`BOXED`). Nothing here loads torch before a model has to be run.
"""

from napari_unet.library.changing import Removed, remove, removed, rename, restore
from napari_unet.library.exchanging import Added, add, export
from napari_unet.library.formats import FORMATS, Format
from napari_unet.library.listing import Entry, entries, modified, read_entry, scores, search
from napari_unet.library.names import BOXED, check_name, check_new, find, is_own, name_of
from napari_unet.library.verifying import Verified, verify
from napari_unet.library.weights import duplicates, same_as

__all__ = [
    "BOXED",
    "FORMATS",
    "Added",
    "Entry",
    "Format",
    "Removed",
    "Verified",
    "add",
    "check_name",
    "check_new",
    "duplicates",
    "entries",
    "export",
    "find",
    "is_own",
    "modified",
    "name_of",
    "read_entry",
    "remove",
    "removed",
    "rename",
    "restore",
    "same_as",
    "scores",
    "search",
    "verify",
]
