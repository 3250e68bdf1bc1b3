"""What became of a model that was imported, exported or looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelImported:
    """A model is in the library as the file ``path``.

    ``known``: it was there already, with the very same weights; nothing was written.
    """

    path: str
    known: bool = False


@dataclass(frozen=True)
class ModelExported:
    """A model was written to ``path``."""

    path: str


@dataclass(frozen=True)
class ModelVerified:
    """A model is what it says and runs; ``text`` says what was looked at."""

    path: str
    text: str
