"""Corrections in the place of references, by everything that reads a data set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from skimage.io import imsave

from napari_unet.data import corrections
from napari_unet.data.audit.facts import look_at
from napari_unet.data.dataset import open_dataset
from napari_unet.data.formats import read_case, read_original, read_reference
from napari_unet.data.instances import read_objects
from napari_unet.data.masks.meaning import save_rule
from napari_unet.data.overview import describe, describe_text
from napari_unet.data.splits.export import export_split
from napari_unet.data.splits.split import Split
from napari_unet.errors import DataError

CASE = "images/1"


@pytest.fixture
def corrected(small, disc):
    """A data set in which one case is corrected: one pixel more."""
    labels = disc.copy()
    labels[0, 0] = 1
    version = corrections.save(small, CASE, labels, "reference", told=corrections.Told(classes=1))
    return open_dataset(small), version, labels


def case_of(dataset, name=CASE):
    return next(c for c in dataset.cases if c.name == name)


def test_whoever_reads_the_reference_reads_the_correction(corrected, disc):
    dataset, version, labels = corrected
    case = case_of(dataset)
    assert case.correction == version.path
    assert [c.name for c in dataset.cases if c.correction] == [CASE]
    assert (read_reference(case, dataset.labels) == labels).all()
    assert (read_case(case, dataset.labels, 1)[1] == labels).all()
    assert (read_objects(case, dataset.labels) > 0).sum() == labels.sum()
    assert look_at(case, dataset.labels).foreground == labels.sum()
    assert (read_original(case, dataset.labels) == disc).all()


def test_the_original_counts_again_once_it_is_chosen(corrected, small):
    corrections.choose(small, CASE, "reference", None)
    assert case_of(open_dataset(small)).correction is None


def test_a_corrected_prediction_is_no_reference(small, disc):
    corrections.save(small, CASE, disc, "prediction")
    assert case_of(open_dataset(small)).correction is None


def test_corrections_are_left_out_with_everything_else_that_was_changed_by_hand(corrected, small):
    assert case_of(open_dataset(small, edited=False)).correction is None


def test_an_image_of_another_size_gets_its_original_mask_and_that_is_said(corrected, small):
    for part in ("images", "masks"):
        imsave(small / part / "1.png", np.eye(40, dtype=np.uint8) * 255, check_contrast=False)
    dataset = open_dataset(small)
    assert case_of(dataset).correction is None
    (note,) = [n for n in dataset.notes if n.startswith(CASE)]
    assert "24 × 32" in note and "40 × 40 now" in note


def test_other_classes_take_it_away_and_that_is_said(corrected, small):
    dataset = corrected[0]
    save_rule(small, replace(dataset.labels, values=(1, 255), names=("edge", "tumour")))
    again = open_dataset(small)
    assert case_of(again).correction is None
    assert any("made with 1 classes, of which there are 2 now" in note for note in again.notes)


def test_a_damaged_version_is_named_and_passed_over(corrected, small, disc):
    corrected[1].path.write_bytes(b"")
    dataset = open_dataset(small)
    assert case_of(dataset).correction is None
    assert any("version 1 of images/1 is damaged" in note for note in dataset.notes)


def test_bytes_that_changed_since_it_was_found_are_an_error(corrected):
    dataset, version, _ = corrected
    data = bytearray(version.path.read_bytes())
    data[-1] ^= 1
    version.path.write_bytes(data)
    with pytest.raises(DataError, match="Version 1 of images/1 is damaged"):
        read_reference(case_of(dataset), dataset.labels)


def test_numbered_objects_are_foreground_where_there_is_one_class(small, disc):
    told = corrections.Told(classes=1, objects=True)
    corrections.save(small, CASE, disc * 7, "reference", told=told)
    dataset = open_dataset(small)
    assert (read_reference(case_of(dataset), dataset.labels) == disc).all()


def test_descriptions_count_them(corrected):
    dataset = corrected[0]
    assert describe(dataset)["corrected"] == [CASE]
    assert "Corrected by hand: 1 mask (images/1)" in describe_text(dataset)


def test_an_exported_split_holds_the_corrected_mask(corrected, tmp_path):
    dataset, _, labels = corrected
    split = Split({c.name: "train" for c in dataset.cases}, "patients", 0)
    for _ in export_split(dataset, split, tmp_path / "out"):
        pass
    again = open_dataset(tmp_path / "out")
    found = {c.image.stem: read_reference(c, again.labels) for c in again.cases}
    assert (found["1"] == labels).all()
    assert (found["2"] == read_reference(case_of(dataset, "images/2"), dataset.labels)).all()
