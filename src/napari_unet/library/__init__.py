"""The model library: every model by its name, wherever a model file is taken.

A model is called like its file, without the ending. There are those of the workspace, and those
that came with the program (`BOXED`). Nothing here loads torch before a model has to be run.
"""

from napari_unet.library.entries import Entry, entries, modified, read_entry, search
from napari_unet.library.formats import FORMATS, Format
from napari_unet.library.names import BOXED, check_name, find, name_of

__all__ = [
    "BOXED",
    "FORMATS",
    "Entry",
    "Format",
    "check_name",
    "entries",
    "find",
    "modified",
    "name_of",
    "read_entry",
    "search",
]
