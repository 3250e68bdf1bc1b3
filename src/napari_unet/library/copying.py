"""Our own model file as a format of exchange: a copy, of what was looked at first."""

from __future__ import annotations

import shutil
from pathlib import Path

from napari_unet.card import read_card
from napari_unet.library.verifying import verify
from napari_unet.workspace import atomic


def write(model: Path, target: Path) -> Path:
    """Copy a model file.

    Raises
    ------
    ModelError
        If it is none.
    """
    read_card(model)
    with atomic(target) as temporary:
        shutil.copyfile(model, temporary)
    return target


def read(source: Path, target: Path) -> Path:
    """Copy a model file, once it was found to be sound, and to run.

    Raises
    ------
    ModelError
        If it is no model file, is damaged or hostile; nothing is written then.
    """
    verify(source)
    return write(source, target)
