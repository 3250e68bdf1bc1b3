"""Which results are there already: a small record of each, in a hidden folder beside them.

A record says of which image, by which model and with which settings labels were made, and what they
measure. It is written after them, whole or not at all, and each by itself: whatever interrupts a
run of thousands of images, and however many processes write, no record is lost.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from napari_unet.errors import ConfigError
from napari_unet.events import Segmented
from napari_unet.schema import from_json, to_json
from napari_unet.workspace import atomic

FOLDER = ".napari-unet"
FORMAT = 1
BLOCK = 2**22  # bytes of a model file that are read at once


@dataclass(frozen=True)
class Found:
    """What an earlier run left: its result, and whether somebody changed the file since."""

    result: Segmented
    changed: bool


@dataclass(frozen=True)
class Records:
    """The records of a folder of results.

    Attributes
    ----------
    out : Path
        The folder.
    settings : mapping
        What decides the labels, apart from the image: plain JSON values.
    """

    out: Path
    settings: Mapping[str, Any]

    def find(self, image: Path, target: Path) -> Found | None:
        """Return what is there of an image; None if it is not, or of another image or setting."""
        stored = self._read(target)
        if stored is None or not target.exists():
            return None
        if stored["image"] != state(image) or stored["settings"] != self.settings:
            return None
        return Found(stored["result"], stored["labels"] != state(target))

    def ours(self, target: Path) -> bool:
        """Whether a file at ``target`` is as an earlier run wrote it, so that it may be replaced.

        It is not if a person put it there, or corrected it since.
        """
        stored = self._read(target)
        return stored is not None and stored["labels"] == state(target)

    def keep(self, image: Path, target: Path, result: Segmented) -> None:
        """Note that labels were made.

        Raises
        ------
        OSError
            If that cannot be written.
        """
        record = {
            "format": FORMAT,
            "image": state(image),
            "labels": state(target),
            "settings": self.settings,
            "result": to_json(result),
        }
        with atomic(self._path(target)) as temporary:
            temporary.write_text(json.dumps(record, indent=1), encoding="utf-8")

    def _path(self, target: Path) -> Path:
        inside = target.relative_to(self.out.absolute())
        return self.out.absolute() / FOLDER / inside.parent / f"{inside.name}.json"

    def _read(self, target: Path) -> dict[str, Any] | None:
        """Return a record; one that is damaged or of another version counts as none."""
        try:
            stored = json.loads(self._path(target).read_text(encoding="utf-8"))
            if stored["format"] != FORMAT:
                return None
            result = from_json(Segmented, stored["result"])
            return (
                {**stored, "result": result}
                if {"image", "labels", "settings"} <= set(stored)
                else None
            )
        except (OSError, ValueError, KeyError, TypeError, ConfigError):
            return None


def state(path: Path) -> list[int]:
    """Return what changes when a file does, or a folder that is one image: sizes and times.

    Of a folder, the number of its files, their size in all, and when the last was written.
    """
    if not path.is_dir():
        try:
            stat = path.stat()
        except OSError:
            return []
        return [1, stat.st_size, stat.st_mtime_ns]
    count, size, changed = 0, 0, 0
    waiting = [path]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    waiting.append(Path(entry.path))
                    continue
                stat = entry.stat()
                count, size = count + 1, size + stat.st_size
                changed = max(changed, stat.st_mtime_ns)
    return [count, size, changed]


def fingerprint(model: str | Path) -> str:
    """Return what tells one model file from another, wherever it lies.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    found = hashlib.blake2b(digest_size=16)
    with Path(model).open("rb") as file:
        while block := file.read(BLOCK):
            found.update(block)
    return found.hexdigest()


def set_aside(path: Path) -> Path:
    """Give a file that is not ours a dated name beside it, so that a result may take its place.

    Raises
    ------
    OSError
        If it cannot be renamed.
    """
    stem, dot, suffix = path.name.partition(".")
    stamp = datetime.fromtimestamp(path.stat().st_mtime).strftime("%Y%m%d-%H%M%S")
    for n in range(1, 10_000):
        kept = path.with_name(f"{stem}.{stamp}{'' if n == 1 else f'-{n}'}{dot}{suffix}")
        if not kept.exists():
            return path.replace(kept)
    raise FileExistsError(f"too many earlier versions of {path}")
