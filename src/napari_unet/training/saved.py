"""What a resumed training needs to know, besides the trainer's own state; kept in the same file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from napari_unet.config import Recipe
from napari_unet.data.cases import SUBSETS, Case, Dataset, LabelRule
from napari_unet.data.splits.split import Split
from napari_unet.errors import ConfigError, DataError, JobError
from napari_unet.events import EpochEnd
from napari_unet.jobs import ResumeJob, TrainJob
from napari_unet.schema import from_json, to_json
from napari_unet.unet.checkpoints import load_state
from napari_unet.unet.speed import Speed
from napari_unet.unet.store import Store


@dataclass(frozen=True)
class Setup:
    """How a run was set up: what `train` finds out before the first step.

    ``labels`` is how the masks are understood, ``start`` what is told of the model that training
    began with; it is empty if there was none. ``encoder`` is what is told of the weights that a
    pretrained encoder began with.
    """

    job: TrainJob
    recipe: Recipe
    speed: Speed
    split: Split
    labels: LabelRule
    start: dict[str, Any] = field(default_factory=dict)
    encoder: dict[str, Any] = field(default_factory=dict)

    @property
    def channels(self) -> int:
        """How many channels the images are read with."""
        seen = 2 * self.recipe.preprocess.neighbours + 1
        return self.recipe.network.in_channels // seen


@dataclass(frozen=True)
class Saved:
    """What lies beside a model: how the run was set up, how far it came, and all that it was.

    ``cases`` are `fingerprint` of the training and validation cases; ``trainer`` is the state of
    `napari_unet.unet.trainer.Trainer`; from the epoch ``patient_since`` on early stopping counts.
    """

    setup: Setup
    history: list[dict[str, Any]]
    best: EpochEnd | None
    cases: dict[str, str]
    trainer: dict[str, Any]
    ended: str = ""
    patient_since: int = 0

    def plain(self) -> dict[str, Any]:
        """Return it as plain values and tensors, without copying any."""
        return {
            "setup": to_json(self.setup),
            "history": self.history,
            "best": to_json(self.best) if self.best else None,
            "cases": self.cases,
            "trainer": self.trainer,
            "ended": self.ended,
            "patient_since": self.patient_since,
        }

    @classmethod
    def load(cls, model: str | Path) -> Saved:
        """Read what lies beside ``model``.

        Raises
        ------
        JobError
            If there is nothing, or it is damaged or of a newer version.
        """
        plain = load_state(model)
        try:
            return cls(
                setup=from_json(Setup, plain["setup"]),
                history=list(plain["history"]),
                best=from_json(EpochEnd, plain["best"]) if plain["best"] else None,
                cases=dict(plain["cases"]),
                trainer=plain["trainer"],
                ended=plain["ended"],
                patient_since=plain.get("patient_since", 0),  # earlier versions kept none
            )
        except (KeyError, TypeError, ConfigError) as e:
            raise JobError(
                f"The training that writes {Path(model).name} cannot go on: its state is not "
                f"understood ({e}). A new one can begin with its weights (train --from)."
            ) from e

    def longer(self, job: ResumeJob) -> Saved:
        """Return it with the budget that ``job`` asks for.

        Raises
        ------
        JobError
            If nothing is left to do then.
        """
        optim, done = self.setup.recipe.optim, len(self.history)
        if job.minutes:
            optim = replace(optim, minutes=job.minutes)
        elif job.epochs:
            optim = replace(optim, epochs=job.epochs, minutes=0.0)
        minutes = self.trainer["elapsed"] / 60
        asked = bool(job.minutes or job.epochs)
        over = minutes >= optim.minutes if optim.minutes else done >= optim.epochs
        # Stopped while the threshold was chosen: over, but not finished.
        if over if asked else self.ended:
            raise JobError(
                f"This training is finished ({self.ended or 'its budget is used up'}): {done} "
                f"epochs in {minutes:.1f} minutes. To train longer, ask for more than that in all "
                "(--epochs or --minutes)."
            )
        asked_for = replace(self.setup.job, minutes=optim.minutes, epochs=optim.epochs)
        recipe = replace(self.setup.recipe, optim=optim)
        setup = replace(self.setup, recipe=recipe, job=asked_for)
        return replace(self, setup=setup)


def parts_of(setup: Setup, dataset: Dataset) -> dict[str, list[Case]]:
    """Return the cases of each subset.

    Raises
    ------
    DataError
        If some of the split's cases are not in the folder any more.
    """
    known = {c.name for c in dataset.cases}
    missing = [name for name in setup.split.subsets if name not in known]
    if missing:
        raise DataError(
            f"{len(missing)} of the {len(setup.split.subsets)} cases that this training uses are "
            f"no longer in {dataset.root} ({missing[0]}{', …' * (len(missing) > 1)}). It can go "
            "on once they are back; or begin a new one with its weights (train --from)."
        )
    return by_subset(setup.split, dataset.cases)


def by_subset(split: Split, cases: Sequence[Case]) -> dict[str, list[Case]]:
    """Return the cases of the training, validation and test subsets."""
    return {s: [c for c in cases if split.subsets.get(c.name) == s] for s in SUBSETS}


def fingerprint(store: Store) -> str:
    """Return a digest of which cases a store holds, in which order."""
    names = "\n".join(case.name for case in store.cases)
    return f"{len(store)}/{hashlib.blake2b(names.encode(), digest_size=8).hexdigest()}"


def compare(saved: Saved, stores: dict[str, Store]) -> None:
    """Check that the cases are those that the training was begun with.

    Raises
    ------
    DataError
        If others could be read than then.
    """
    for subset, store in stores.items():
        if fingerprint(store) != saved.cases[subset]:
            count = saved.cases[subset].partition("/")[0]
            raise DataError(
                f"The {subset} images are not those that this training was begun with: {count} "
                f"then, {len(store)} now. It can go on once they are as before; or begin a new "
                "one with its weights (train --from)."
            )
