"""The split that a job works with: made anew, as folds, or brought along; and where it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from napari_unet.config import SplitConfig
from napari_unet.data.cases import Dataset
from napari_unet.data.splits.imported import Imported, read_split
from napari_unet.data.splits.split import Split, make_split
from napari_unet.errors import DataError


def divided(dataset: Dataset, config: SplitConfig) -> tuple[Split, tuple[str, ...]]:
    """Return the split a job works with, and what a person should know about it.

    That is the one in ``config.file``, else a new one. An imported split without cases for
    validation gets some from its training cases, by patient.

    Raises
    ------
    DataError
        As `make_split` and `read_split`; or if the split has no cases to train on.
    """
    if not config.file:
        return make_split(dataset.cases, config, dataset.patient_source), ()
    imported = read_split(config.file, dataset, config.fold)
    notes = list(imported.notes())
    subsets = dict(imported.split.subsets)
    training = [c for c in dataset.cases if subsets.get(c.name) == "train"]
    if not training:
        raise DataError(f"{config.file} gives no case for training.")
    if "val" not in subsets.values() and len({c.patient for c in training}) > 1:
        parts = make_split(
            training, replace(config, val=max(config.val, 1.0), test=0.0, folds=0, fold=1)
        )
        subsets |= parts.subsets
        count = list(parts.subsets.values()).count("val")
        notes.append(f"The split names no cases for validation: {count} of the training cases are.")
    return replace(imported.split, subsets=subsets), tuple(notes)


def check(dataset: Dataset, config: SplitConfig) -> Imported:
    """Return the split of ``config.file`` with what is wrong with it, else a new one.

    Raises
    ------
    DataError
        As `make_split` and `read_split`.
    """
    if config.file:
        return read_split(config.file, dataset, config.fold)
    return Imported(make_split(dataset.cases, config, dataset.patient_source))


def folds_of(dataset: Dataset, config: SplitConfig) -> list[Imported]:
    """Return one split for each of ``config.folds``; every patient is tested in exactly one.

    Raises
    ------
    DataError
        As `make_split`.
    """
    return [check(dataset, replace(config, fold=k + 1)) for k in range(config.folds)]


def save(splits: Sequence[Imported], path: str | Path) -> list[Path]:
    """Write splits as JSON; of several, ``a.json`` becomes ``a.fold1.json`` and so on.

    Raises
    ------
    DataError
        If a file cannot be written.
    """
    path = Path(path).expanduser()
    many = len(splits) > 1
    paths = [
        path.with_name(f"{path.stem}.fold{k}{path.suffix}") if many else path
        for k in range(1, len(splits) + 1)
    ]
    for made, target in zip(splits, paths, strict=True):
        try:
            made.split.save(target)
        except OSError as e:
            raise DataError(f"{target} could not be written ({e.strerror or e}).") from e
    return paths
