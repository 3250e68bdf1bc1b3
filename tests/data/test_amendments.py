"""Decisions about a data set, and how it is understood with them; its files stay as they are."""

from pathlib import Path

import pytest

from napari_unet.data import amendments
from napari_unet.data.audit.leftout import leave_out
from napari_unet.data.cases import Case, Dataset
from napari_unet.data.dataset import open_dataset
from napari_unet.data.pairing.pairs_table import write_pairs
from napari_unet.data.sample import write_sample
from napari_unet.errors import DataError


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return open_dataset(write_sample(tmp_path / "brains", 3, 2, 32))


def named(dataset: Dataset, name: str) -> Case:
    return next(case for case in dataset.cases if case.name == name)


def test_an_image_gets_another_mask_and_its_own_again(dataset: Dataset) -> None:
    first, second = dataset.cases[:2]
    changed = amendments.set_masks(dataset, first, [second.mask])
    assert named(changed, first.name).mask == second.mask
    back = amendments.undo(changed, changed.cases)
    assert named(back, first.name).mask == first.mask


def test_a_pair_is_taken_apart(dataset: Dataset) -> None:
    gone = dataset.cases[0]
    assert gone.name not in {c.name for c in amendments.set_masks(dataset, gone, []).cases}


def test_patients_are_named(dataset: Dataset) -> None:
    name = dataset.cases[0].name
    assert named(amendments.set_patients(dataset, {name: "me"}), name).patient == "me"
    with pytest.raises(DataError, match="no case 'nobody'"):
        amendments.set_patients(dataset, {"nobody": "me"})


def test_pairs_of_a_table_count_instead_of_those_that_were_found(
    dataset: Dataset, tmp_path: Path
) -> None:
    kept, *_ = dataset.cases
    amended = amendments.set_patients(dataset, {kept.name: "me"})
    table = write_pairs(tmp_path / "pairs.csv", amended)
    lines = table.read_text().splitlines()
    table.write_text("\n".join(lines[:3]))
    found = amendments.take_pairs(amendments.undo(amended, amended.cases), str(table))
    assert len(found.cases) == 2
    assert named(found, kept.name).patient == "me"


def test_classes_are_named_and_found_again(dataset: Dataset) -> None:
    named_classes = amendments.set_classes(dataset, {255.0: "lesion"}, {})
    assert named_classes.labels.names == ("lesion",)
    assert amendments.find_classes(named_classes).labels == dataset.labels


def test_cases_are_put_back(dataset: Dataset) -> None:
    name = dataset.cases[0].name
    without = leave_out(dataset, [name], "blurred")
    assert name not in {c.name for c in without.cases}
    assert named(amendments.put_back(without, [name]), name)
