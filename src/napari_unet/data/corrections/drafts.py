"""What is being painted and no version yet: written after every stroke, in one place.

If the viewer is killed, its drafts are found when the data set is opened again, and become
versions.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from napari_unet.data.corrections.choices import choose, counting
from napari_unet.data.corrections.labels import read_labels
from napari_unet.data.corrections.places import (
    Role,
    case_dir,
    case_folders,
    corrections_dir,
    drafts,
    entries,
)
from napari_unet.data.corrections.records import FORMAT, Version, load
from napari_unet.data.corrections.writing import Told, adopt, completed, suffix_for
from napari_unet.data.readers.writers import write_labels, writing
from napari_unet.data.scan import Scan
from napari_unet.errors import UnetError
from napari_unet.processes import may_be_alive, this_process
from napari_unet.workspace import atomic, clear


@dataclass
class Draft:
    """One layer's unfinished correction.

    Attributes
    ----------
    root : Path
        The data set's folder.
    case, role : str
        As of `save`.
    """

    root: Path
    case: str
    role: Role

    def __post_init__(self) -> None:
        self._stem = f"draft.{secrets.token_hex(6)}"
        self._record = case_dir(self.root, self.case) / f"{self._stem}.json"
        self._labels: Path | None = None

    def write(
        self, labels: NDArray[Any], like: Scan | None = None, told: Told | None = None
    ) -> None:
        """Put labels in place of what was drafted before.

        Raises
        ------
        DataError
            If they cannot be written; what was drafted before stays.
        """
        path = self._record.with_name(f"{self._stem}{suffix_for(labels, like)}")
        if self._labels != path:
            told = completed(told or Told(), labels, like)
            record = {
                "format": FORMAT,
                "case": self.case,
                "role": self.role,
                "labels": path.name,
                "shape": labels.shape,
                "told": asdict(told),
                **this_process(),
            }
            with writing(self._record), atomic(self._record) as temporary:
                temporary.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
            self._labels = path
        write_labels(path, labels, like)

    def end(self) -> None:
        """Delete it: it is a version by now, or was taken back."""
        if self._labels is not None:
            _delete(self._record, self._labels)
            self._labels = None


def recover(root: str | Path) -> tuple[Version, ...]:
    """Make versions of what viewers left that were killed; those that still paint are left alone.

    A draft that is older than the newest version becomes a version, but does not count.

    Raises
    ------
    DataError
        If a version cannot be written; the draft then stays.
    """
    found: list[Version] = []
    for name in sorted(case_folders(root)):
        for record in list(drafts(corrections_dir(root) / name)):
            found += _recover(root, record)
    return tuple(found)


def _recover(root: str | Path, record: Path) -> Iterator[Version]:
    try:
        told = json.loads(record.read_text(encoding="utf-8"))
        labels, role, case = record.with_name(told["labels"]), told["role"], str(told["case"])
        if labels.parent != record.parent or told["format"] > FORMAT:
            return
        if may_be_alive(told):
            return
        shape, about = tuple(map(int, told["shape"])), Told(**told["told"])
        about = replace(about, image=tuple(about.image), layout=tuple(about.layout))
    except (OSError, ValueError, KeyError, TypeError):
        return
    if _worthless(record.parent, labels, role, shape, about.layout):
        _delete(record, labels)
        return
    before = counting(record.parent, role).version
    written = datetime.fromtimestamp(labels.stat().st_mtime).astimezone()
    version = adopt(case, labels, role, shape, about)
    if before is not None and datetime.fromisoformat(before.saved) > written:
        choose(root, case, role, before.number)
    _delete(record, labels)
    yield version


def _worthless(
    folder: Path, labels: Path, role: Role, shape: tuple[int, ...], layout: tuple[int, ...]
) -> bool:
    """Say whether a draft holds nothing, or what the newest version of its role does."""
    try:
        drafted = read_labels(labels, shape, layout)
    except Exception:  # decoders raise anything; the first stroke never reached the disk
        return True
    newest = next((e for e in reversed(entries(folder)) if e.role == role), None)
    if newest is None:
        return False
    with contextlib.suppress(UnetError, OSError, ValueError):
        known = load(newest)
        kept = read_labels(newest.path, known.shape, known.layout)
        return kept.shape == drafted.shape and bool((kept == drafted).all())
    return False


def _delete(record: Path, labels: Path) -> None:
    # The labels first: a record alone is told from a draft, labels alone from nothing.
    for path in (labels, record):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
            clear(path)
