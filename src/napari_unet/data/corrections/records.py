"""One version of a case: what is told of it, and the small file that keeps that."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from napari_unet.data.corrections.places import Entry, Role, entry, record_path
from napari_unet.workspace import atomic

FORMAT = 1
NEVER_KEPT = ("path", "number", "damage")  # of a version: they follow from where it lies


@dataclass(frozen=True)
class Version:
    """One state of a case's labels that a person made.

    Attributes
    ----------
    number : int
        From 1; counts the versions of a case, whichever their roles.
    path : Path
        The file of labels: class indices.
    saved : str
        Date and time (UTC, ISO 8601).
    role : str
        What was painted on: "reference" or "prediction".
    by : str
        The user and the machine.
    case : str
        The case's name.
    based_on : int
        The version that was painted on; 0 for the mask as it came, or what a network made.
    model : str
        The name of that network.
    shape : tuple of int
        That of the labels and of the image they lie on, without channels.
    classes : int
        Number of foreground classes when it was saved.
    added, removed : int
        Pixels that have another class than in what was painted on: those that are foreground
        since, and those that are background.
    dice : float or None
        Mean Dice of the classes against the reference that counted then; None if not known.
    size : int
        Bytes of the file.
    checksum : str
        SHA-256 of the file.
    layout : tuple of int
        Of NIfTI: for the labels' last three axes the file's, then 1 for each that it counts the
        other way.
    objects : bool
        Whether the labels number objects instead of naming classes.
    image : tuple of int
        When the image was last written (ns) and its bytes; empty if it is no file.
    deleted : str
        When a person deleted it; empty if nobody did.
    damage : str
        Why it cannot be used; empty if it can.
    """

    number: int
    path: Path
    saved: str
    role: Role
    by: str
    case: str = ""
    based_on: int = 0
    model: str = ""
    shape: tuple[int, ...] = ()
    classes: int = 0
    added: int = 0
    removed: int = 0
    dice: float | None = None
    size: int = 0
    checksum: str = ""
    layout: tuple[int, ...] = ()
    objects: bool = False
    image: tuple[int, ...] = ()
    deleted: str = ""
    damage: str = ""

    @property
    def usable(self) -> bool:
        """Whether it is neither deleted nor known to be damaged."""
        return not self.deleted and not self.damage


def load(of: Entry) -> Version:
    """Return what the record of a version tells; what is wrong with it is in ``damage``."""
    number, role, path = of
    try:
        told = json.loads(record_path(path.parent, number).read_text(encoding="utf-8"))
        if told.pop("format") > FORMAT:
            raise ValueError("it was written by a newer napari-unet")
        told.pop("version", None)
        for several in ("shape", "layout", "image"):
            told[several] = tuple(map(int, told[several]))
        version = Version(number, path, **told)
        size = path.stat().st_size
        if not version.deleted and size != version.size:
            return replace(version, damage=f"it has {size:,} bytes, not {version.size:,}")
        return version
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return Version(number, path, "", role, "", damage=f"its record cannot be read ({error})")


def at(path: Path) -> Version:
    """Return the version whose labels are in a file, which need not be there any more."""
    found = entry(path)
    if found is None:
        return Version(0, path, "", "reference", "", damage="this is no file of a correction")
    return load(found)


def keep_record(version: Version) -> None:
    """Write the record of a version, whole or not at all.

    Raises
    ------
    OSError
        If that cannot be done.
    """
    told = {k: v for k, v in asdict(version).items() if k not in NEVER_KEPT}
    path = record_path(version.path.parent, version.number)
    with atomic(path) as temporary:
        text = {"format": FORMAT, "version": version.number, **told}
        temporary.write_text(json.dumps(text, indent=1, ensure_ascii=False), encoding="utf-8")


def now() -> str:
    """Return the date and time as records hold them."""
    return datetime.now(UTC).isoformat(timespec="seconds")
