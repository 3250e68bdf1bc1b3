"""Where the program keeps what it makes: models and results, never inside the user's data."""

from __future__ import annotations

import glob
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import platformdirs

from napari_unet.card import SUFFIX

# What lies beside a model NAME.unet.safetensors, called NAME with one of these.
COMPANIONS = (
    ".split.json",
    ".scores.json",
    ".resume.pt",
    ".resume.json",
    f".last{SUFFIX}",
)


def home() -> Path:
    """Return the workspace folder: ``NAPARI_UNET_HOME``, or the platform's place for user data."""
    given = os.environ.get("NAPARI_UNET_HOME")
    return Path(given) if given else Path(platformdirs.user_data_dir("napari-unet", False))


def models_dir() -> Path:
    """Return the folder of models trained in the viewer (created if missing)."""
    folder = home() / "models"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def trash_dir() -> Path:
    """Return the folder of what was removed from the library (which is not made)."""
    return home() / "trash"


def dataset_file(root: str | Path, what: str) -> Path:
    """Return the JSON file that keeps ``what`` a person decided about the data in ``root``.

    The folder's path tells one data set from another; its name is there for people.
    """
    return home() / "datasets" / f"{_marked(root)}.{what}.json"


def dataset_folder(root: str | Path, what: str) -> Path:
    """Return the folder for ``what`` was made by hand of the data in ``root`` (which is not made).

    It lies beside the files of `dataset_file`.
    """
    return home() / "datasets" / f"{_marked(root)}.{what}"


def _marked(root: str | Path) -> str:
    root = Path(root).expanduser().absolute()
    mark = hashlib.blake2b(root.as_posix().encode(), digest_size=6).hexdigest()
    return f"{root.name or 'root'}-{mark}"


def results_dir(root: str | Path) -> Path:
    """Return the folder for the labels of the images in ``root`` (which is not made)."""
    return home() / "results" / _marked(root)


def list_models() -> list[Path]:
    """Return the model files of the workspace, newest first."""
    files = [p for p in models_dir().glob(f"*{SUFFIX}") if not p.name.endswith(f".last{SUFFIX}")]
    return sorted(files, key=_written, reverse=True)


def _written(path: Path) -> float:
    """Return when a file was written last, 0 if it is gone by now."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that replaces it when the block ends without error.

    On an error (a full disk, say) the temporary file is removed and what was at ``path`` stays.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files only the owner can read; results get what the user's umask gives.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        with temporary.open("rb+") as f:
            os.fsync(f.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def clear(path: str | Path) -> None:
    """Delete what `atomic` left of a file where its process was killed while it wrote."""
    path = Path(path)
    for left in path.parent.glob(f".{glob.escape(path.name)}.????????.tmp"):
        left.unlink(missing_ok=True)


def family_of(path: str | Path) -> list[str]:
    """Return the endings of what there is of a model: of what lies beside it, then its own.

    The model comes last: whoever moves them in this order and is interrupted leaves nothing that is
    taken for another model's.
    """
    path = Path(path)
    stem = path.name.removesuffix(SUFFIX)
    return [s for s in (*COMPANIONS, SUFFIX) if path.with_name(stem + s).exists()]


def set_aside(path: str | Path) -> Path | None:
    """Rename a model file, and all that lies beside it, so that a new one may take its place.

    All get the same new name, so that they still belong together. Returns the model's; None if
    there is no such file.
    """
    path = Path(path)
    stem = path.name.removesuffix(SUFFIX)
    family = family_of(path)
    if not family:
        return None
    changed = path.with_name(stem + family[-1]).stat().st_mtime
    stamp = datetime.fromtimestamp(changed).strftime("%Y%m%d-%H%M%S")
    for n in range(1, 10_000):
        name = f"{stem}.{stamp}{'' if n == 1 else f'-{n}'}"
        if not family_of(path.with_name(name + SUFFIX)):
            for suffix in family:
                path.with_name(stem + suffix).replace(path.with_name(name + suffix))
            return path.with_name(name + SUFFIX) if family[-1] == SUFFIX else None
    raise FileExistsError(f"too many earlier versions of {path}")
