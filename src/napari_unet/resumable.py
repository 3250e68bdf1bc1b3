"""Trainings that can go on: what lies beside a model file for that, readable without torch.

Beside ``NAME.unet.safetensors`` lie ``NAME.resume.pt``, the complete state of the training at the
end of its latest epoch (see `napari_unet.training.saved`), and ``NAME.resume.json``, which says
in short what that is a state of.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from napari_unet.card import SUFFIX
from napari_unet.errors import ConfigError, JobError
from napari_unet.jobs import TrainJob
from napari_unet.schema import from_json, to_json
from napari_unet.workspace import atomic

STATE = ".resume.pt"
RECORD = ".resume.json"
FORMAT = 1


@dataclass(frozen=True)
class Resumable:
    """A training that can go on, and how far it is.

    ``job`` is what was asked for, ``epochs`` and ``seconds`` what was done of it, and ``minutes``
    and ``total_epochs`` its budget (``minutes`` of 0: epochs count). ``ended`` says why it ended if
    it is ``finished``, and is empty otherwise. ``val_dice`` is the best so far. ``size`` is that
    of the state, in bytes.
    """

    model: str
    job: TrainJob
    epochs: int
    seconds: float
    minutes: float
    total_epochs: int
    finished: bool = False
    ended: str = ""
    val_dice: float = float("nan")
    size: int = 0
    format: int = FORMAT

    def save(self) -> None:
        """Write the record beside the model.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        text = json.dumps(to_json(self), indent=1, ensure_ascii=False)
        with atomic(record_path(self.model)) as temporary:
            temporary.write_text(text, encoding="utf-8")


def state_path(model: str | Path) -> Path:
    """Return where the state of the training that writes ``model`` lies."""
    return _beside(Path(model), STATE)


def record_path(model: str | Path) -> Path:
    """Return where the record of the training that writes ``model`` lies."""
    return _beside(Path(model), RECORD)


def read_resumable(model: str | Path) -> Resumable | None:
    """Return what can be resumed to go on with ``model``; None if nothing can.

    Raises
    ------
    JobError
        If the record is damaged, or was written by a newer version.
    """
    record, state = record_path(model), state_path(model)
    if not record.is_file() or not state.is_file():
        return None
    try:
        data = json.loads(record.read_text(encoding="utf-8"))
        if data["format"] > FORMAT:
            raise JobError(
                f"{record.name} was written by a newer napari-unet. Update "
                "napari-unet-workbench to go on with this training."
            )
        found = from_json(Resumable, data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ConfigError) as e:
        raise JobError(
            f"{record} is damaged ({e}). The training cannot go on, but its model can be used."
        ) from e
    # The files may have been moved since.
    return replace(found, model=str(model), size=state.stat().st_size)


def resume_command(model: str | Path) -> str:
    """Return the command that goes on with the training of a model, as a shell takes it."""
    path = str(model)
    if os.name == "nt":
        return f"napari-unet resume {subprocess.list2cmdline([path])}"
    return f"napari-unet resume {shlex.quote(path)}"


def way_on(found: Resumable) -> str:
    """Return a sentence that says how a training can go on."""
    after = f"after {found.epochs} epoch{'' if found.epochs == 1 else 's'}"
    if not found.epochs:
        after = "within its first epoch"
    return (
        f"The training can go on {after}: resume it in the viewer, or with: "
        f"{resume_command(found.model)}"
    )


def list_resumable(folder: str | Path) -> tuple[Resumable, ...]:
    """Return the trainings in a folder that can go on, the latest first; not the damaged ones."""
    records = sorted(Path(folder).glob(f"*{RECORD}"), key=lambda p: p.stat().st_mtime, reverse=True)
    found = []
    for record in records:
        with suppress(JobError):
            model = record.with_name(record.name.removesuffix(RECORD) + SUFFIX)
            found.append(read_resumable(model))
    return tuple(f for f in found if f is not None)


def _beside(model: Path, suffix: str) -> Path:
    return model.with_name(model.name.removesuffix(SUFFIX) + suffix)
