"""What was measured on this machine, kept in the workspace: nobody waits for it a second time."""

from __future__ import annotations

import json
import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch

from napari_unet.errors import ConfigError
from napari_unet.schema import from_json, to_json
from napari_unet.workspace import atomic, home

M = TypeVar("M")

MOST = 500  # measurements of a kind that are kept


class Kept(Generic[M]):
    """A file of measurements, each under a key that says what it holds for.

    Parameters
    ----------
    name
        The file's name within the workspace.
    kind
        A dataclass, as in `napari_unet.schema`.
    """

    def __init__(self, name: str, kind: type[M]) -> None:
        self._name, self._kind = name, kind

    @property
    def path(self) -> Path:
        """Where the file is."""
        return home() / self._name

    def read(self) -> dict[str, M]:
        """Return all that was measured, the oldest first; nothing if it cannot be read."""
        try:
            found: Any = json.loads(self.path.read_text(encoding="utf-8"))
            return {str(key): from_json(self._kind, one) for key, one in found.items()}
        except (OSError, ValueError, AttributeError, ConfigError):
            return {}

    def keep(self, key: str, measured: M) -> None:
        """Add a measurement; the oldest go where there are too many."""
        kept = self.read()
        kept.pop(key, None)
        kept[key] = measured
        rows = {key: to_json(one) for key, one in list(kept.items())[-MOST:]}
        # Where it cannot be kept, it is measured again next time.
        with suppress(OSError), atomic(self.path) as temporary:
            temporary.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def machine() -> str:
    """Return what a measurement with torch depends on, apart from what was measured."""
    processor = f"{platform.node()} {os.cpu_count()} {torch.backends.cpu.get_cpu_capability()}"
    return f"{processor} torch {torch.__version__}"
