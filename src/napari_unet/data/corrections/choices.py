"""Which version of a case counts: the newest of its role, unless a person chose another.

One small file for each case and role. To choose is to note a number; nothing is copied, so that
every choice can be taken back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from napari_unet.data.corrections.deleting import delete
from napari_unet.data.corrections.labels import read
from napari_unet.data.corrections.places import (
    ROLES,
    Role,
    case_dir,
    case_folder,
    case_folders,
    corrections_dir,
    entries,
)
from napari_unet.data.corrections.records import FORMAT, Version, load, now
from napari_unet.data.corrections.versions import cases, last_number
from napari_unet.data.corrections.writing import person
from napari_unet.data.readers.writers import writing
from napari_unet.errors import DataError
from napari_unet.workspace import atomic


@dataclass(frozen=True)
class Choice:
    """What a person chose for a role; by default the newest version counts.

    Attributes
    ----------
    number : int or None
        The version; None for the mask as it came, or what the network makes.
    seen : int
        The last number there was. What is saved after that counts, being newer than the choice.
    follow : bool
        Of the reference: whether corrected predictions that are saved after that count, too.
    back : int or None
        What ``follow`` took the place of.
    when, by : str
        When it was chosen and by whom.
    """

    number: int | None = None
    seen: int = 0
    follow: bool = False
    back: int | None = None
    when: str = ""
    by: str = ""


class Counting(NamedTuple):
    """The version that counts for a role, and the damaged ones that were passed over."""

    version: Version | None
    passed: tuple[Version, ...] = ()


@dataclass(frozen=True)
class Counted:
    """What counts of a whole data set, by the cases' names; see `counted`."""

    reference: Mapping[str, Version] = field(default_factory=dict)
    passed: tuple[Version, ...] = ()


def current(root: str | Path, case: str, role: Role) -> Version | None:
    """Return the version that counts for a role, None for the original.

    Damaged versions are passed over: the one before counts.
    """
    return counting(case_dir(root, case), role).version


def choose(root: str | Path, case: str, role: Role, number: int | None) -> Choice:
    """Let a version count for a role, or with None the original; return the choice before.

    Raises
    ------
    DataError
        If there is no such version, or it is damaged, or the choice cannot be written.
    """
    return decide(root, case, role, Choice(number, _last(root, case)))


def follow(root: str | Path, case: str, on: bool = True) -> Choice:
    """Use a case's corrected prediction as its reference from now on, or what counted before.

    Raises
    ------
    DataError
        If there is no corrected prediction, or the choice cannot be written.
    """
    before = chosen(root, case, "reference")
    if not on:
        return choose(root, case, "reference", before.back if before.follow else None)
    version, reference = current(root, case, "prediction"), current(root, case, "reference")
    if version is None:
        raise DataError(f"There is no corrected prediction of {case} yet.")
    back = reference.number if reference is not None else None
    wanted = Choice(version.number, _last(root, case), True, before.back if before.follow else back)
    return decide(root, case, "reference", wanted)


def chosen(root: str | Path, case: str, role: Role) -> Choice:
    """Return what a person chose for a role."""
    return _chosen(case_dir(root, case), role)


def decide(root: str | Path, case: str, role: Role, choice: Choice) -> Choice:
    """Write down a choice, as to take one back; return the one before.

    Raises
    ------
    DataError
        If there is no such version, or it is damaged, or the choice cannot be written.
    """
    folder = case_dir(root, case)
    if choice.number is not None:
        version = _usable(folder, case, choice.number)
        if role == "reference" and version.objects and version.classes > 1:
            raise DataError(
                f"Version {version.number} of {case} numbers objects, which does not say of which "
                "class they are: it cannot be a reference. Show classes before you correct them."
            )
    before = _chosen(folder, role)
    told = {**asdict(choice), "when": now(), "by": person()}
    path = _path(folder, role)
    with writing(path), atomic(path) as temporary:
        temporary.write_text(json.dumps({"format": FORMAT, **told}, indent=1), encoding="utf-8")
    return before


def read_current(root: str | Path, case: str, role: Role) -> tuple[Counting, NDArray[Any] | None]:
    """Return the version that counts for a role, and its labels; both None for the original.

    Versions of which it is only seen now that they are damaged are passed over, too.
    """
    passed: list[Version] = []
    while True:
        skip = frozenset(v.number for v in passed)
        version, others = counting(case_dir(root, case), role, skip)
        if version is None:
            return Counting(None, (*passed, *others)), None
        try:
            return Counting(version, (*passed, *others)), read(version)
        except DataError as error:
            passed.append(replace(version, damage=str(error)))


def counting(folder: Path, role: Role, skip: frozenset[int] = frozenset()) -> Counting:
    """Return what counts for a role in a case's folder; few files are looked at.

    ``skip`` are versions that are known to be damaged.
    """
    choice, found = _chosen(folder, role), entries(folder)
    roles = ROLES if choice.follow else (role,)
    # Newer than the choice, then what was chosen, then what came before that.
    ranked = [e for e in reversed(found) if e.number > choice.seen and e.role in roles]
    if choice.number is not None:
        ranked += [e for e in found if e.number == choice.number]
        ranked += [e for e in reversed(found) if e.number < choice.number and e.role == role]
    passed: list[Version] = []
    for entry in ranked:
        if entry.number in skip:
            continue
        version = load(entry)
        if version.usable:
            return Counting(version, tuple(passed))
        if not version.deleted:
            passed.append(version)
    return Counting(None, tuple(passed))


def corrected(root: str | Path) -> tuple[str, ...]:
    """Return the names of the cases whose reference is corrected."""
    return tuple(counted(root, cases(root)).reference)


def counted(root: str | Path, names: Mapping[str, Any]) -> Counted:
    """Return which versions are references, by the names of their cases.

    One listing tells which cases were ever corrected; only these are looked at.
    """
    there = case_folders(root)
    found: dict[str, Version] = {}
    passed: list[Version] = []
    for name in names if there else ():
        if (folder := case_folder(name)) in there:
            counts = counting(corrections_dir(root) / folder, "reference")
            passed += counts.passed
            if counts.version is not None:
                found[name] = counts.version
    return Counted(found, tuple(passed))


def remove(root: str | Path, version: Version) -> Version:
    """Delete a version that does not count; see `versions.delete`.

    Raises
    ------
    DataError
        If it counts, or that cannot be noted.
    """
    for role in ROLES:
        counts = current(root, version.case, role)
        if counts is not None and counts.number == version.number:
            raise DataError(
                f"Version {version.number} is what counts as {role}. Restore another one first."
            )
    return delete(version)


def _chosen(folder: Path, role: Role) -> Choice:
    """Read a choice; one that is damaged counts as none, so that the newest version does."""
    try:
        told = json.loads(_path(folder, role).read_text(encoding="utf-8"))
        if told.pop("format") > FORMAT:
            raise DataError(
                f"{_path(folder, role)} was written by a newer napari-unet; update to read it."
            )
        return Choice(**told)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Choice()


def _usable(folder: Path, case: str, number: int) -> Version:
    version = next((load(e) for e in entries(folder) if e.number == number), None)
    if version is None or version.deleted:
        there = ", ".join(str(e.number) for e in entries(folder)) or "none"
        raise DataError(f"{case} has no version {number} (there are: {there}).")
    if version.damage:
        raise DataError(f"Version {number} of {case} is damaged: {version.damage}.")
    return version


def _last(root: str | Path, case: str) -> int:
    return last_number(case_dir(root, case))


def _path(folder: Path, role: Role) -> Path:
    return folder / f"{role}.json"
