"""Improving a model: training goes on with corrected cases, and nothing of the old is forgotten.

The old cases stay in: of every batch a fixed share comes from the corrected cases, the rest from
the others. Shuffled together, ten corrections among two thousand cases would hardly be seen; alone,
they would push out what the model knows (rehearsal, after Robins, "Catastrophic forgetting,
rehearsal and pseudorehearsal", Connection Science 7, 1995).

The last epoch is kept, not the one that does best on the validation cases: these show what is
forgotten, not what is learned, and would choose the first epochs (docs/benchmarks.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from napari_unet.config import Recipe, SplitConfig
from napari_unet.data.cases import Case, Dataset
from napari_unet.data.corrections.records import at
from napari_unet.data.splits.joining import learnable
from napari_unet.data.splits.split import Split, load, make_split, split_path
from napari_unet.errors import ConfigError, DataError, JobError
from napari_unet.jobs import ImproveJob, TrainJob
from napari_unet.presets import PRESETS, improving_minutes
from napari_unet.schema import from_json
from napari_unet.training.start import LOWER, Start

SHOWN = 3  # names in a sentence


@dataclass(frozen=True)
class Joined:
    """A model's split with the corrected cases in it; ``corrected`` are those to be trained on."""

    split: Split
    corrected: tuple[str, ...]
    notes: tuple[str, ...]


def as_training(job: ImproveJob) -> TrainJob:
    """Return the training that improves a model.

    Raises
    ------
    JobError
        If the new model would replace the old one, or the share is none.
    """
    if Path(job.out).absolute() == Path(job.model).absolute():
        raise JobError(
            f"The improved model would replace {Path(job.model).name}. Both are kept, so that they "
            "can be compared: choose another name."
        )
    if not 0 < job.share <= 1:
        raise JobError(f"A share of {job.share:g} is none: it must lie above 0 and up to 1.")
    return TrainJob(
        folder=job.folder,
        model=job.out,
        minutes=job.minutes,
        epochs=job.epochs,
        seed=job.seed,
        device=job.device,
        start=job.model,
        corrected=job.cases,
        share=job.share,
    )


def recipe_for(job: TrainJob, start: Start, corrected: int) -> Recipe:
    """Return the recipe that the model was trained by, for a training that goes on gently.

    The learning rate is a tenth of that from random weights; it is not lowered a second time where
    the model was begun with another. Without a budget, the minutes follow from the number of
    corrected cases.
    """
    known = start.card.training
    try:
        recipe = from_json(Recipe, known["recipe"])
    except (KeyError, ConfigError):  # another version's, or none
        recipe = PRESETS["auto"]
    lower = 1.0 if known.get("start") else LOWER
    # The device is this computer's, which need not be the one that the model was trained on.
    optim = replace(recipe.optim, lr=lower * recipe.optim.lr, device="auto")
    if not job.minutes and not job.epochs:
        optim = replace(optim, minutes=improving_minutes(corrected))
    # Under a preset's name it would be lowered again, and planned anew.
    return start.recipe(replace(recipe, name="", optim=optim))


# --- who is trained on ----------------------------------------------------------------------------


def joined(start: Start, dataset: Dataset, wanted: Sequence[str], config: SplitConfig) -> Joined:
    """Add corrected cases to the split that the model was trained by.

    Cases for validation and test stay what they are, corrected or not, and nobody whose images are
    among them is trained on. Cases that the split does not know, and nobody corrected, take no
    part. Where no split lies beside the model, or one of other data, the folder is divided anew
    by ``config``, and whoever was corrected is trained on.

    Parameters
    ----------
    wanted
        Names of corrected cases; none: all whose reference was corrected.

    Raises
    ------
    DataError
        If nothing was corrected, a name is no case, or none of them can be trained on.
    """
    chosen = _chosen(dataset, wanted)
    split, notes = _before(start, dataset, chosen, config)
    subsets = {c.name: split.subsets[c.name] for c in dataset.cases if c.name in split.subsets}
    fit, held = learnable(chosen, dataset.cases, subsets, split.patients)
    if not fit:
        raise DataError(
            f"None of the {len(chosen)} corrected cases can be trained on: images of the same "
            f"patients judge this model (validation or test): {_who(held)}. Correct some of the "
            "others."
        )
    if held:
        notes = (
            *notes,
            f"{_count(held)} not trained on, since images of the same patient judge this model "
            f"(validation or test): {_who(held)}.",
        )
    names = tuple(c.name for c in fit)
    people = {c.name: c.patient for c in dataset.cases if c.name in subsets or c.name in names}
    whole = replace(split, subsets=subsets | dict.fromkeys(names, "train"), patients=people)
    return Joined(whole, names, notes)


def lesson(corrected: Sequence[str], dataset: Dataset) -> dict[str, Any]:
    """Return what the new model's card says of the corrections that it learned from.

    The number of each one's version is 0 where its mask is the file that came with it.
    """
    cases = {c.name: c for c in dataset.cases}
    return {"corrected": {name: _version(cases[name]) for name in corrected}}


def _version(case: Case) -> int:
    return 0 if case.correction is None else at(case.correction).number


def _chosen(dataset: Dataset, wanted: Sequence[str]) -> list[Case]:
    if not wanted:
        found = [c for c in dataset.cases if c.correction is not None]
        if not found:
            raise DataError(
                f"No reference in {dataset.root} was corrected yet. Correct some cases first, or "
                "name those to be learned from."
            )
        return found
    known = {c.name: c for c in dataset.cases}
    if unknown := [name for name in wanted if name not in known]:
        raise DataError(f"{dataset.root} has no case {unknown[0]}.")
    return [known[name] for name in dict.fromkeys(wanted)]


def _before(
    start: Start, dataset: Dataset, chosen: Iterable[Case], config: SplitConfig
) -> tuple[Split, tuple[str, ...]]:
    """Return the split the model was trained by, or a new one with a warning."""
    file = split_path(start.path)
    if file.is_file():
        split = load(file)
        if any(c.name in split.subsets for c in dataset.cases):
            return split, ()
        why = f"{start.path.name} was trained on other data than {dataset.root.name}"
    else:
        why = f"There is no {file.name} beside the model"
    return _anew(dataset, chosen, config), (
        f"{why}: its cases are divided anew. Old and new model are compared fairly only on images "
        "that the old one was not trained on.",
    )


def _anew(dataset: Dataset, chosen: Iterable[Case], config: SplitConfig) -> Split:
    """Divide the folder; whoever was corrected is trained on, the others as ``config`` says."""
    taken = {c.patient for c in chosen}
    others = [c for c in dataset.cases if c.patient not in taken]
    learned = {c.name: "train" for c in dataset.cases if c.patient in taken}
    if len({c.patient for c in others}) > 1:
        split = make_split(others, config, dataset.patient_source)
    else:  # a single patient is not divided, and better judges than teaches
        shares = (config.train, config.val, config.test)
        split = Split({c.name: "test" for c in others}, shares, config.seed, dataset.patient_source)
    return replace(split, subsets={**split.subsets, **learned})


def _who(cases: Collection[Case]) -> str:
    names = [c.name for c in cases]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _count(cases: Collection[Case]) -> str:
    return f"{len(cases)} corrected case{'s are' if len(cases) > 1 else ' is'}"
