"""Jobs of the library of models."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ImportModelJob:
    """Put a copy of a model into the library, once it was tried.

    ``source`` may be of any format of `napari_unet.library.formats` that can be read; ``format``
    names it, empty: told by the ending. Without a ``name`` the model is called as it was.
    """

    source: str
    format: str = ""
    name: str = ""


@dataclass(frozen=True)
class ExportModelJob:
    """Write a model, a file's path or a name of the library, to ``target``.

    ``format`` is one that can be written; empty: told by the target's ending.
    """

    model: str
    target: str
    format: str = ""


@dataclass(frozen=True)
class VerifyModelJob:
    """Read all of a model, a file's path or a name of the library, and run it once."""

    model: str
