"""What a person decides about a data set: small JSON files in the workspace, one per concern."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from napari_unet.errors import DataError
from napari_unet.workspace import atomic, dataset_file

FORMAT = 1
T = TypeVar("T")


def load(path: Path, parse: Callable[[Mapping[str, Any]], T], default: T, damaged: str) -> T:
    """Read a decision; ``default`` where none was made.

    Parameters
    ----------
    path : Path
        See `napari_unet.workspace.dataset_file`.
    parse : callable
        Makes the value of what was stored; what it raises means that the file is damaged.
    damaged : str
        The sentence for a damaged file, with ``{path}`` and ``{error}``.

    Raises
    ------
    DataError
        If the file is damaged or comes from a newer version.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["format"] > FORMAT:
            raise DataError(f"{path} was written by a newer napari-unet; update to read it.")
        return parse(stored)
    except FileNotFoundError:
        return default
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        raise DataError(damaged.format(path=path, error=e)) from e


def save(root: str | Path, what: str, values: Mapping[str, Any]) -> Path:
    """Keep a decision about the data in ``root``, with the folder's path for people to read.

    Raises
    ------
    OSError
        If it cannot be written; what was kept before is then unchanged.
    """
    path = dataset_file(root, what)
    folder = str(Path(root).expanduser().absolute())
    text = json.dumps({"format": FORMAT, "folder": folder, **values}, indent=1, ensure_ascii=False)
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path
