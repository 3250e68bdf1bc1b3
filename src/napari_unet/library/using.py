"""Which models are needed by a running training, in whatever process, so that they stay.

A training notes them in a file of the workspace while it runs. What a process has left there that
was killed counts for nothing.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from napari_unet.errors import ModelError
from napari_unet.processes import may_be_alive, this_process
from napari_unet.workspace import atomic, home


@contextmanager
def using(models: Iterable[str | Path]) -> Iterator[None]:
    """Keep models from being renamed or removed while the block runs."""
    note = _folder() / f"{secrets.token_hex(6)}.json"
    paths = [str(Path(m).expanduser().resolve()) for m in models]
    # A workspace that cannot be written has no library to protect, and is no reason not to train.
    with suppress(OSError), atomic(note) as temporary:
        temporary.write_text(json.dumps({"models": paths, **this_process()}), encoding="utf-8")
    try:
        yield
    finally:
        with suppress(OSError):
            note.unlink(missing_ok=True)


def check_unused(model: Path) -> None:
    """Refuse a model that is being trained, or that a running training began with.

    Raises
    ------
    ModelError
        If so.
    """
    if str(model.resolve()) in _used():
        raise ModelError(
            f"{model.name} is being used by a running training: stop that first, or wait for it."
        )


def _used() -> set[str]:
    found: set[str] = set()
    for note in _folder().glob("*.json"):
        try:
            noted = json.loads(note.read_text(encoding="utf-8"))
            if may_be_alive(noted):
                found |= set(noted["models"])
            else:
                note.unlink(missing_ok=True)
        except (OSError, ValueError, KeyError, TypeError):
            continue  # ended meanwhile; or it was never ours
    return found


def _folder() -> Path:
    return home() / "running"
