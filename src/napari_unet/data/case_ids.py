"""What cases are called in a data set of nnU-Net's layout, and how that is found again.

nnU-Net copies ``dataset.json`` to whatever it trains and predicts. So the names lie in there, under
a key of our own that it does not look at, and a folder of its predictions tells of whom they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_unet.errors import DataError

FILE = "dataset.json"
KEY = "napari_unet"
FORMAT = 1
ABOVE = 2  # folders above one of predictions in which dataset.json may lie: fold_0/validation
LARGEST = 64 << 20  # bytes of such a file


@dataclass(frozen=True)
class CaseIds:
    """Which case each id stands for, by the case's name; ``ending`` is that of all files."""

    ending: str
    cases: Mapping[str, str] = field(default_factory=dict)

    def stored(self) -> dict[str, Any]:
        """Return what goes into ``dataset.json`` beside nnU-Net's own entries."""
        return {KEY: {"format": FORMAT, "cases": dict(self.cases)}}

    def files(self, folder: Path) -> Iterator[Path]:
        """Yield the masks in a folder, in order."""
        yield from sorted(p for p in folder.glob(f"*{self.ending}") if p.is_file())

    def masks(self, folder: Path) -> dict[str, Path]:
        """Return the masks in a folder that are of a case, by its name."""
        paths = {name: folder / f"{i}{self.ending}" for i, name in self.cases.items()}
        return {name: path for name, path in paths.items() if path.is_file()}


def find_ids(folder: Path) -> CaseIds | None:
    """Return what the ``dataset.json`` in or above a folder says; None if nnU-Net wrote none.

    Those that other programs wrote name no cases.

    Raises
    ------
    DataError
        If one is damaged, or from a newer version of this program.
    """
    for place in (folder, *list(folder.absolute().parents)[:ABOVE]):
        path = place / FILE
        if path.is_file() and path.stat().st_size <= LARGEST:
            return _read(path)
    return None


def _read(path: Path) -> CaseIds | None:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as e:
        raise DataError(f"{path} cannot be read ({e}). Copy it again from its source.") from e
    ending = stored.get("file_ending") if isinstance(stored, dict) else None
    if not isinstance(ending, str) or not ending.startswith("."):
        return None  # of the Medical Segmentation Decathlon, say
    ours = stored.get(KEY, {"cases": {}})
    cases = ours.get("cases") if isinstance(ours, dict) else None
    if not isinstance(cases, dict) or not all(isinstance(v, str) for v in cases.values()):
        raise DataError(f"{path} is damaged: what {KEY!r} says there are no names of cases.")
    if ours.get("format", FORMAT) != FORMAT:
        raise DataError(f"{path} was written by a newer napari-unet; update to read it.")
    return CaseIds(ending, cases)
