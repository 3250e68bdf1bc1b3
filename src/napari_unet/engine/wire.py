"""Messages between viewer and engine: one JSON line each; arrays go through shared memory.

An array is saved as an ``.npy`` file in a private folder, in ``/dev/shm`` where there is room (so
it never touches a disk) and else in the temporary folder; the receiver loads and deletes it.
Files rather than `multiprocessing.shared_memory`, whose resource tracker deletes blocks under the
other process's feet before Python 3.13.
"""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from napari_unet import controls, events, jobs
from napari_unet.schema import from_json, to_json

_TYPES: dict[str, type[Any]] = {
    t.__name__: t for union in (jobs.Job, events.Event, controls.Command) for t in union.__args__
}
_MEMORY = Path("/dev/shm")
# The NaN of `math`, so that a score that does not exist equals itself on the other side.
_CONSTANTS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class Wire:
    """Encodes and decodes messages; ``folders`` is where arrays may lie, the fastest first."""

    def __init__(self, folders: list[Path] | None = None) -> None:
        if folders is None:
            roots = [_MEMORY] if _MEMORY.is_dir() else []
            roots.append(Path(tempfile.gettempdir()))
            folders = [Path(tempfile.mkdtemp(prefix="napari-unet-", dir=r)) for r in roots]
        self.folders = folders

    def encode(self, message: dict[str, Any]) -> bytes:
        """Return the message as one line; its jobs, events and commands are named by their type."""
        value = message.get("value")
        if value is not None:
            message = {**message, "type": type(value).__name__, "value": to_json(value)}
        return json.dumps(message, default=self._store).encode() + b"\n"

    def decode(self, line: bytes) -> dict[str, Any]:
        """Return what `encode` was given."""
        message: dict[str, Any] = json.loads(
            line, object_hook=self._load, parse_constant=_CONSTANTS.__getitem__
        )
        if "type" in message:
            message["value"] = from_json(_TYPES[message["type"]], message["value"])
        return message

    def close(self) -> None:
        """Delete the folders and whatever nobody fetched."""
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)

    def _store(self, array: Any) -> dict[str, str]:
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{type(array).__name__} cannot be sent to the engine")
        path = self._folder(array.nbytes) / f"{uuid4().hex}.npy"
        np.save(path, array, allow_pickle=False)
        return {"__array__": str(path)}

    def _folder(self, size: int) -> Path:
        for folder in self.folders[:-1]:
            # Half of what is free: a full /dev/shm kills processes instead of raising an error.
            if folder.is_dir() and size < shutil.disk_usage(folder).free // 2:
                return folder
        return self.folders[-1]

    def _load(self, found: dict[str, Any]) -> Any:
        if set(found) != {"__array__"}:
            return found
        path = Path(found["__array__"])
        array = np.load(path, allow_pickle=False)
        path.unlink()
        return array
