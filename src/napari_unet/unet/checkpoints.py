"""The files one training run writes: the best model, the last one, and the split beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from napari_unet.card import SUFFIX, ModelCard
from napari_unet.data.splits.split import Split, split_path
from napari_unet.unet.file import load_model, save_model
from napari_unet.unet.model import UNet
from napari_unet.workspace import set_aside


@dataclass
class Checkpoints:
    """Writes atomically; earlier files of the same name are renamed at the first write."""

    path: Path
    split: Split
    kept: str = ""
    started: bool = False

    @property
    def last_path(self) -> Path:
        """Where the weights of the latest epoch go, good or not."""
        return self.path.with_name(self.path.name.removesuffix(SUFFIX) + ".last" + SUFFIX)

    def save(self, model: UNet, card: ModelCard, best: bool) -> None:
        """Write the weights as the last ones and, if they are, as the best."""
        self._make_room()
        save_model(self.last_path, model, replace(card, name=f"{card.name} (last epoch)"))
        if best:
            save_model(self.path, model, card)

    def best(self) -> UNet:
        """Read the best weights back."""
        return load_model(self.path)[0]

    def finish(self, model: UNet, card: ModelCard) -> None:
        """Write the final model file."""
        save_model(self.path, model, card)

    def _make_room(self) -> None:
        if self.started:
            return
        self.started = True
        split_file = split_path(self.path)
        for old in (split_file, self.last_path):
            set_aside(old)
        self.kept = str(set_aside(self.path) or "")
        self.split.save(split_file)
