"""What a person decides about a data set, and the data set as it is understood from then on.

Nothing in the data's own folder is touched: decisions are kept in the workspace, and the folder is
understood anew with them. All raise `DataError` where a decision names what there is not, or cannot
be kept; see also `data.audit.leftout.leave_out`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from napari_unet.data.audit import leftout
from napari_unet.data.cases import Case, Dataset
from napari_unet.data.dataset import open_dataset
from napari_unet.data.masks.meaning import rule_from, save_rule
from napari_unet.data.pairing.edits import Edits, load_edits, patients_edited, save_edits


def put_back(dataset: Dataset, names: Sequence[str]) -> Dataset:
    """Let cases that were left out take part again."""
    leftout.put_back(dataset.root, names)
    return open_dataset(dataset.root)


# --- pairs and patients -----------------------------------------------------------------------


def set_masks(dataset: Dataset, case: Case, masks: Sequence[Path]) -> Dataset:
    """Give an image other masks; without any, the pair is taken apart."""
    image, *given = (_below(path, dataset) for path in (case.image, *masks))
    return _edited(dataset, load_edits(dataset.root).paired(image, *given))


def set_patients(dataset: Dataset, patients: Mapping[str, str]) -> Dataset:
    """Say, by the cases' names, whose they are."""
    return _edited(dataset, patients_edited(load_edits(dataset.root), dataset, patients))


def merge_letters(dataset: Dataset, merge: bool) -> Dataset:
    """Say whether ids of patients that differ only in a last letter are one person."""
    return _edited(dataset, replace(load_edits(dataset.root), merge_letters=merge))


def set_axes(dataset: Dataset, axes: str) -> Dataset:
    """Say what the images' stored axes are; empty to have them guessed again."""
    return _edited(dataset, replace(load_edits(dataset.root), axes=axes))


def take_pairs(dataset: Dataset, table: str) -> Dataset:
    """Take the pairs and patients of a table instead of those that were found."""
    listed = open_dataset(dataset.root, pairs=table, edited=False)
    masks: dict[str, tuple[str, ...]] = {_below(c.image, dataset): () for c in dataset.cases}
    for case in listed.cases:
        given = case.masks or (case.mask,)
        masks[_below(case.image, dataset)] = tuple(_below(m, dataset) for m in given)
    edits = replace(load_edits(dataset.root), masks=masks)
    patients = {_below(c.image, dataset): c.patient for c in listed.cases}
    return _edited(dataset, edits.with_patients(patients))


def undo(dataset: Dataset, cases: Sequence[Case]) -> Dataset:
    """Forget what was changed by hand about these cases' pairs and patients."""
    edits = load_edits(dataset.root)
    for case in cases:
        edits = edits.undone(_below(case.image, dataset))
    return _edited(dataset, edits)


# --- what masks mean --------------------------------------------------------------------------


def set_classes(
    dataset: Dataset, names: Mapping[float, str], colours: Mapping[float, str]
) -> Dataset:
    """Say what class each value of the masks stands for; an empty name is background."""
    save_rule(dataset.root, rule_from(names, colours))
    return open_dataset(dataset.root)


def find_classes(dataset: Dataset) -> Dataset:
    """Read the masks as the program proposes."""
    save_rule(dataset.root, None)
    return open_dataset(dataset.root)


# --- inside -----------------------------------------------------------------------------------


def _edited(dataset: Dataset, edits: Edits) -> Dataset:
    save_edits(dataset.root, edits)
    return open_dataset(dataset.root)


def _below(path: Path, dataset: Dataset) -> str:
    return path.relative_to(dataset.root).as_posix()
