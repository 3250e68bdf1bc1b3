"""Folders that a data set is copied to: they appear whole or not at all, and never in its own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_unet.errors import DataError


def check_target(target: Path, root: Path) -> None:
    """Raise `DataError` if a folder is not empty or lies in ``root``, which is a data set's."""
    if target.resolve().is_relative_to(root.resolve()):
        raise DataError(
            f"{target} lies in the data set's own folder, which is left as it is. Choose another."
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise DataError(f"{target} exists and is not empty. Choose a new or empty folder.")


@contextmanager
def new_folder(target: Path, root: Path) -> Iterator[Path]:
    """Give a temporary folder that becomes ``target`` when the block ends without error.

    Raises
    ------
    DataError
        As for `check_target`, or if something in the block cannot be read or written.
    """
    check_target(target, root)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        if target.exists():
            target.rmdir()  # it is empty
        temporary.replace(target)
    except OSError as e:
        raise DataError(
            f"Nothing could be exported to {target} ({e}); nothing was left there."
        ) from e
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
