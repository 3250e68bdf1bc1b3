"""Models under other names, out of the library, and back: always with all that lies beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from napari_unet.card import SUFFIX
from napari_unet.errors import DiskError, ModelError
from napari_unet.library.listing import Entry, read_entry
from napari_unet.library.names import check_new, find_own, name_of, own_path
from napari_unet.library.using import check_unused
from napari_unet.workspace import family_of, models_dir, trash_dir

_STAMP = "%Y%m%dT%H%M%S.%fZ"  # sorted as text, it is sorted by time


@dataclass(frozen=True)
class Removed:
    """A model in the trash: its name, the folder with its files, and when it was removed (UTC)."""

    name: str
    folder: Path
    when: datetime

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(f.stat().st_size for f in self.folder.iterdir())


def rename(name: str | Path, new: str) -> Entry:
    """Give a model of the workspace another name.

    Its file and what lies beside it are renamed. What is in the file stays as it is, also the name
    in its card: that is what the model was called when it was trained.

    Raises
    ------
    ModelError
        If there is no such model, the name cannot be given or is taken, or a training needs it.
    DiskError
        If the files cannot be renamed; they then have the name they had.
    """
    model = find_own(name)
    new = check_new(new, but=model)
    check_unused(model)
    target = model.with_name(new + SUFFIX)
    if target == model:
        return read_entry(model)
    same = target.exists() and target.samefile(model)  # another case of the same letters
    if not same and (left := family_of(target)):
        raise ModelError(
            f"A model cannot be called {new}: {new}{left[0]} of an earlier one lies in "
            f"{model.parent}. Choose another name."
        )
    _move([(_beside(model, s), _beside(target, s)) for s in family_of(model)])
    return read_entry(target)


def remove(name: str | Path) -> Removed:
    """Move a model of the workspace, and what lies beside it, into the trash.

    Raises
    ------
    ModelError
        If there is no such model, it came with the program, or a training needs it.
    DiskError
        If the files cannot be moved; they then stay where they are.
    """
    model = find_own(name)
    check_unused(model)
    when = datetime.now(UTC)
    folder = trash_dir() / f"{name_of(model)}.{when.strftime(_STAMP)}"
    try:
        folder.mkdir(parents=True)
    except OSError as e:
        raise DiskError(f"{folder} cannot be made ({e.strerror or e}).") from e
    # The model first: if this is interrupted, `restore` brings it back to what lay beside it.
    family = reversed(family_of(model))
    try:
        _move([(_beside(model, s), folder / _beside(model, s).name) for s in family])
    except DiskError:
        folder.rmdir()
        raise
    return Removed(name_of(model), folder, when)


def removed() -> list[Removed]:
    """Return the models in the trash, the one that was removed last first."""
    found = []
    for folder in trash_dir().glob("*.*.*Z"):
        models = [f for f in folder.glob(f"*{SUFFIX}") if not f.name.endswith(f".last{SUFFIX}")]
        try:
            when = datetime.strptime(".".join(folder.name.split(".")[-2:]), _STAMP)
        except ValueError:
            continue  # not made by `remove`
        if models:
            found.append(Removed(name_of(models[0]), folder, when.replace(tzinfo=UTC)))
    return sorted(found, key=lambda r: r.when, reverse=True)


def restore(which: Removed | str = "") -> Entry:
    """Bring back a model from the trash: the one called so that was removed last, or the last one.

    Raises
    ------
    ModelError
        If there is none, or there is another model of its name by now.
    DiskError
        If the files cannot be moved; they then stay where they are.
    """
    found = which if isinstance(which, Removed) else _last(which)
    if not found.folder.is_dir():
        raise ModelError(f"{found.name} is in the trash no more.")
    files = sorted(found.folder.iterdir(), key=lambda f: f.name == found.name + SUFFIX)
    moves = [(f, models_dir() / f.name) for f in files]
    taken = [target.name for _, target in moves if target.exists()]
    if taken or own_path(found.name) is not None:
        raise ModelError(
            f"{found.name} cannot be brought back: there is {(taken or [found.name])[0]} by now. "
            "Rename or remove that one first."
        )
    _move(moves)
    found.folder.rmdir()
    return read_entry(moves[-1][1])


def _last(name: str) -> Removed:
    there = removed()
    wanted = name.removesuffix(SUFFIX).casefold()
    for one in there:
        if not wanted or one.name.casefold() == wanted:
            return one
    if not there:
        raise ModelError("Nothing is in the trash.")
    names = ", ".join(dict.fromkeys(one.name for one in there))
    raise ModelError(f"No model called {name} is in the trash. There are: {names}.")


def _beside(model: Path, suffix: str) -> Path:
    return model.with_name(name_of(model) + suffix)


def _move(moves: Iterable[tuple[Path, Path]]) -> None:
    """Rename files, all of them or none."""
    done: list[tuple[Path, Path]] = []
    try:
        for source, target in moves:
            source.rename(target)
            done.append((source, target))
    except OSError as e:
        for source, target in reversed(done):
            target.rename(source)
        raise DiskError(f"{source} cannot be moved to {target} ({e.strerror or e}).") from e
