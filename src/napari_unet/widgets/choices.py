"""What a person chose of how things are shown, kept from one session to the next."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from napari_unet import workspace


def load(name: str, otherwise: Any) -> Any:
    """Return what was chosen, or something else if nothing was or it cannot be read.

    Nothing is lost with it that could not be chosen again, so a damaged file is no error.
    """
    value = _read().get(name, otherwise)
    return value if isinstance(value, type(otherwise)) else otherwise


def save(name: str, value: Any) -> None:
    """Keep a choice: any value that JSON knows.

    Raises
    ------
    OSError
        If the workspace cannot be written.
    """
    text = json.dumps({**_read(), name: value}, indent=1)
    with workspace.atomic(_file()) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _file() -> Path:
    return workspace.home() / "choices.json"


def _read() -> dict[str, Any]:
    try:
        known = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
