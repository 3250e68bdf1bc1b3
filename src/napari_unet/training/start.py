"""Beginning with a model that was trained before: fine-tuning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from napari_unet.card import ModelCard
from napari_unet.config import Recipe
from napari_unet.data.cases import Case, Dataset, LabelRule
from napari_unet.data.splits.split import Split, load, split_path
from napari_unet.errors import DataError
from napari_unet.presets import PRESETS
from napari_unet.unet.file import load_model
from napari_unet.unet.model import UNet
from napari_unet.unet.plan import changes

# Times a preset's learning rate. The weights are near a good place already: the rate that finds
# one from random weights would throw them out of it in the first steps. A rate that a person set
# is kept.
LOWER = 0.1


@dataclass
class Start:
    """The model that training begins with; its file is not changed."""

    path: Path
    model: UNet
    card: ModelCard

    @classmethod
    def load(cls, path: str) -> Start:
        """Read it.

        Raises
        ------
        ModelError
            If it cannot be read.
        """
        model, card = load_model(path)
        return cls(Path(path), model.requires_grad_(True), card)

    @property
    def channels(self) -> int:
        """How many channels its images have."""
        return self.card.network.in_channels // (2 * self.card.preprocess.neighbours + 1)

    def recipe(self, wanted: Recipe) -> Recipe:
        """Return the wanted recipe with this model's network and preprocessing."""
        optim, known = wanted.optim, PRESETS.get(wanted.name)
        if known is not None and optim.lr == known.optim.lr:
            optim = replace(optim, lr=LOWER * optim.lr)
        return replace(
            wanted,
            # No preset's name: the plan is to leave this network and its size alone.
            name=f"from {self.card.name}",
            network=self.card.network,
            preprocess=self.card.preprocess,
            optim=optim,
        )

    def overruled(self, wanted: Recipe) -> str:
        """Say which settings of a person's this model's own take the place of; empty if none."""
        sections, changed = ("network", "preprocess"), changes(wanted)
        mine = [
            f.metadata["label"]
            for section in sections
            for f in fields(getattr(wanted, section))
            if f.name in changed[section]
        ]
        if not mine:
            return ""
        return f"Network and images are as {self.path.name} has them; not used: {', '.join(mine)}."

    def labels(self, dataset: Dataset) -> LabelRule:
        """Return how the masks are understood; see `napari_unet.evaluation.label_rule`.

        Raises
        ------
        DataError
            If the data have other classes than the model.
        """
        mine, theirs = self.card.labels, dataset.labels
        if mine.classes == theirs.classes == 1:
            return theirs
        if (mine.names, mine.values) != (theirs.names, theirs.values):
            raise DataError(
                f"The model {self.path.name} knows {_classes(mine)}, but {dataset.root.name} has "
                f"{_classes(theirs)}. Name the classes alike, or train without --from."
            )
        return mine

    def seen(self, split: Split, cases: Sequence[Case]) -> str:
        """Say which of the cases that will judge this model was trained on; empty if none."""
        file = split_path(self.path)
        if not file.is_file():
            return ""
        before = load(file).subsets
        known = [
            c.name
            for c in cases
            if before.get(c.name) == "train" and split.subsets.get(c.name) in ("val", "test")
        ]
        if not known:
            return ""
        return (
            f"{len(known)} cases that are to judge the new model, such as {known[0]}, were used to "
            f"train {self.path.name}: its scores will be too good. Keep to the split of that model "
            f"instead (--split-file {file.name})."
        )

    def told(self) -> dict[str, Any]:
        """Return what the new model's card says of this one."""
        return {"name": self.card.name, "file": self.path.name, "created": self.card.created}


def _classes(rule: LabelRule) -> str:
    if rule.classes == 1:
        return "one class"
    values = rule.values or range(1, rule.classes + 1)
    return ", ".join(f"{n} ({v})" for n, v in zip(rule.names, values, strict=False))
