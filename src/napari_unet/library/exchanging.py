"""Models that come into the library, and copies of models that go out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_unet.card import SUFFIX
from napari_unet.errors import DiskError, ModelError
from napari_unet.library import formats
from napari_unet.library.listing import Entry, read_entry
from napari_unet.library.names import BOXED, check_name, check_new, find, is_own, name_of, own_path
from napari_unet.library.verifying import verify
from napari_unet.library.weights import same_as
from napari_unet.workspace import family_of, models_dir

# Of what lies beside a file that is brought in, what makes its scores comparable comes along; the
# state of its training stays where the training is.
_ALONG = (".split.json", ".scores.json")
_LARGEST = 64_000_000  # bytes of each of these: they hold a line a case


@dataclass(frozen=True)
class Added:
    """A model in the library; ``known`` if one with the very same weights was there already."""

    entry: Entry
    known: bool = False


def add(
    source: str | Path,
    name: str = "",
    format: str = "",
    checkpoint: Callable[[], None] = lambda: None,
    **options: Any,
) -> Added:
    """Put a copy of a model into the workspace, once it was found to be sound and to run.

    Parameters
    ----------
    name
        What it is called; empty: as its file, with a number if there is such a model already.
    format
        A name of `formats.FORMATS`; empty: that of the file's ending.
    checkpoint
        Called before the library is changed; if it raises, nothing is.
    options
        Handed on to the format's reader.

    Raises
    ------
    ConfigError
        If the format is not known.
    DiskError
        If it cannot be written.
    ModelError
        If it is no model, is damaged or hostile, or the name cannot be given.
    """
    source = Path(source).expanduser()
    if source.is_dir():
        raise ModelError(f"{source} is a folder; a model is one file.")
    form = formats.to_read(source, format)
    if name:
        name = check_new(name)
    if not source.exists():
        raise ModelError(f"There is no file {source}.")
    if is_own(source):
        return Added(read_entry(find(source)), known=True)
    with _staging(source) as folder:
        wanted = name or _free(_called(source, form))
        made = formats.read(form, source, folder / f"{wanted}{SUFFIX}", **options)
        verify(made)
        if (twin := same_as(made)) is not None:
            return Added(twin, known=True)
        checkpoint()
        target = models_dir() / f"{check_new(wanted)}{SUFFIX}"
        if left := family_of(target):
            raise ModelError(f"{wanted}{left[0]} lies in {target.parent}: choose another name.")
        if form.suffix == SUFFIX:
            _bring_along(source, made)
        for suffix in family_of(made):
            made.with_name(wanted + suffix).rename(target.with_name(wanted + suffix))
    return Added(read_entry(target))


def export(
    model: str | Path,
    target: str | Path,
    format: str = "",
    checkpoint: Callable[[], None] = lambda: None,
    **options: Any,
) -> Path:
    """Write a model for others to use; an earlier file of that name is kept under a dated one.

    Parameters
    ----------
    model
        A file or a library's name.
    target
        The file to write; in a folder, it is called like the model.
    format
        A name of `formats.FORMATS`; empty: that of the target's ending, or our own in a folder.
    checkpoint
        Called before the file takes its place; if it raises, nothing is changed.
    options
        Handed on to the format's writer.

    Raises
    ------
    ConfigError
        If the format is not known.
    DiskError
        If it cannot be written.
    ModelError
        If there is no such model, or it cannot be written in this format.
    """
    source, target = find(model), Path(target).expanduser()
    if target.is_dir():
        form = formats.to_write(target, format or "unet")
        target = target / f"{name_of(source)}{form.suffix}"
    else:
        form = formats.to_write(target, format)
    if target.parent.resolve() in (models_dir().resolve(), BOXED.resolve()):
        raise ModelError(f"{target.parent} is the library's own folder: export to another one.")
    try:
        if target.exists() and target.samefile(source):
            raise ModelError(f"{target} is the model itself: export it to another file.")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".export-", dir=target.parent) as folder:
            made = formats.write(form, source, Path(folder) / target.name, **options)
            checkpoint()
            return _put(made, target)
    except OSError as e:
        raise DiskError(f"{target} cannot be written ({e.strerror or e}).") from e


def _put(made: Path, target: Path) -> Path:
    """Put a file in its place; what was there before gets a dated name."""
    if target.exists():
        from napari_unet.inference.records import set_aside

        set_aside(target)
    return made.replace(target)


@contextmanager
def _staging(source: Path) -> Iterator[Path]:
    """Give a folder on the workspace's disk to make a model in, before it is in the library."""
    try:
        with tempfile.TemporaryDirectory(prefix=".import-", dir=models_dir()) as folder:
            yield Path(folder)
    except OSError as e:
        raise DiskError(f"{source.name} cannot be imported ({e.strerror or e}).") from e


def _bring_along(source: Path, made: Path) -> None:
    for suffix in _ALONG:
        beside = source.with_name(name_of(source) + suffix)
        if beside.is_file() and beside.stat().st_size <= _LARGEST:
            shutil.copyfile(beside, made.with_name(name_of(made) + suffix))


def _called(source: Path, form: formats.Format) -> str:
    """Return what a model is called after its file, as far as that can be a name."""
    lower = source.name.lower()
    endings = [s for s in form.suffixes if lower.endswith(s)]
    stem = source.name[: -len(endings[0])] if endings else source.stem
    try:
        return check_name(stem)
    except ModelError:
        plain = "".join(c if c.isalnum() or c in " ._-" else "-" for c in stem)
        return check_name(f"model {plain.strip(' .-~')[:80]}".strip())


def _free(name: str) -> str:
    """Return the name, with a number if there is a model of this name."""
    for n in range(1, 10_000):
        found = name if n == 1 else f"{name}-{n}"
        try:
            return check_new(found)
        except ModelError:
            if own_path(found) is None and n > 1:
                raise
    raise ModelError(f"There are too many models called {name}.")
