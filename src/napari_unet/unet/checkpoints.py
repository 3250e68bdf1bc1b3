"""The files one training run writes: the best model, the last one, and what lies beside them."""

from __future__ import annotations

import copy
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from napari_unet.card import SUFFIX, ModelCard
from napari_unet.data.splits.split import Split, split_path
from napari_unet.errors import JobError
from napari_unet.resumable import Resumable, state_path
from napari_unet.unet.file import load_model, save_model
from napari_unet.unet.model import UNet
from napari_unet.workspace import COMPANIONS, atomic, clear, set_aside

FORMAT = 1  # of the state


@dataclass
class Checkpoints:
    """Writes atomically; earlier files of the same name are renamed at the first write.

    ``started`` says that the files are this run's own already, as they are when it is resumed.
    """

    path: Path
    split: Split
    started: bool = False
    kept: str = ""
    _waiting: tuple[UNet, ModelCard] | None = None  # the best weights, while the disk is full
    _tidied: bool = False

    @property
    def last_path(self) -> Path:
        """Where the weights of the latest epoch go, good or not."""
        return self.path.with_name(self.path.name.removesuffix(SUFFIX) + ".last" + SUFFIX)

    def save(self, model: UNet, card: ModelCard, best: bool) -> None:
        """Write the weights as the last ones and, if they are, as the best.

        Raises
        ------
        OSError
            If a file cannot be written. The best weights are then written with the next ones.
        """
        if best:
            self._waiting = (model, card)
        try:
            self._make_room()
            self._catch_up()
            save_model(self.last_path, model, replace(card, name=f"{card.name} (last epoch)"))
        except OSError:
            if best and self._waiting is not None:
                self._waiting = (copy.deepcopy(model), card)  # the model will go on learning
            raise

    def save_state(self, state: dict[str, Any], record: Resumable) -> None:
        """Write the complete state of the training, and what it is a state of.

        Best weights that still wait are written first: a state tells of none that are not there.

        Raises
        ------
        OSError
            If a file cannot be written; the state that was there before stays.
        """
        self._make_room()
        self._catch_up()
        with atomic(state_path(self.path)) as temporary:
            try:
                torch.save({"format": FORMAT, **state}, temporary)
            except RuntimeError as e:  # so PyTorch calls a full disk
                raise OSError(f"{state_path(self.path)} cannot be written ({e}).") from e
        record.save()

    def best(self) -> UNet:
        """Return the best weights."""
        return load_model(self.path)[0] if self._waiting is None else self._waiting[0]

    def finish(self, model: UNet, card: ModelCard, picture: bytes | None = None) -> None:
        """Write the final model file, with a picture of what the model does.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        self._make_room()
        save_model(self.path, model, card, picture)

    def _catch_up(self) -> None:
        if self._waiting is not None:
            save_model(self.path, *self._waiting)
            self._waiting = None

    def _make_room(self) -> None:
        if not self._tidied:
            # What a process that was killed while it wrote has left.
            stem = self.path.name.removesuffix(SUFFIX)
            for suffix in (*COMPANIONS, SUFFIX):
                clear(self.path.with_name(stem + suffix))
            self._tidied = True
        if self.started:
            return
        self.kept = self.kept or str(set_aside(self.path) or "")
        self.split.save(split_path(self.path))
        self.started = True


def load_state(model: str | Path) -> dict[str, Any]:
    """Return what `Checkpoints.save_state` wrote beside a model; nothing in it is executed.

    Raises
    ------
    JobError
        If there is none, or it is damaged or of a newer version.
    """
    path = state_path(model)
    if not path.is_file():
        raise JobError(
            f"There is no {path.name} beside {Path(model).name}: this training cannot go on. "
            "A new one can begin with the model's weights (train --from)."
        )
    try:
        with zipfile.ZipFile(path) as archive:
            if (bad := archive.testzip()) is not None:  # PyTorch itself looks at no checksums
                raise ValueError(f"{bad} is not what was written")
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        version = state["format"]
    except Exception as e:  # anything at all, if the file is damaged
        raise JobError(
            f"{path} is damaged: this training cannot go on. Its model can be used as it is, and a "
            "new training can begin with its weights (train --from)."
        ) from e
    if version > FORMAT:
        raise JobError(
            f"{path.name} was written by a newer napari-unet. Update napari-unet-workbench to go "
            "on with this training."
        )
    return state
