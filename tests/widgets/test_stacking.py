"""Stacks of cases: nothing but headers is read before a slice is looked at."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from napari_unet.data.dataset import open_dataset
from napari_unet.data.sample import write_sample
from napari_unet.errors import DataError
from napari_unet.widgets import stacking
from napari_unet.widgets.reading import read
from napari_unet.widgets.shelf import Shelf
from napari_unet.widgets.stacking import make_stack


@pytest.fixture
def dataset(tmp_path):
    return open_dataset(write_sample(tmp_path / "brains", 3, 2, 32))


def test_slices_are_read_when_they_are_looked_at(dataset, monkeypatch):
    seen = []
    monkeypatch.setattr(stacking, "read", lambda case, d: seen.append(case) or read(case, d))
    stack = make_stack(dataset.cases, dataset, Shelf())
    image, reference = stack.shown.scan.array, stack.shown.reference
    assert image.shape == reference.shape == (6, 32, 32)
    assert not seen
    case = dataset.cases[2]
    alone = read(case, dataset).shown
    assert np.array_equal(np.asarray(image[2]), alone.scan.array)
    assert np.array_equal(np.asarray(reference[2]), alone.reference)
    assert seen == [case]  # once for both
    assert stack.shown.axis_labels == ("case", "y", "x")


def test_cases_of_other_sizes_are_named(dataset):
    odd = dataset.cases[3]
    for path in (odd.image, odd.mask):
        Image.fromarray(np.zeros((32, 40), np.uint8)).save(path)
    with pytest.raises(DataError, match=rf"{odd.name} \(32 × 40"):
        make_stack(dataset.cases, dataset, Shelf())
    with pytest.raises(DataError, match="no cases"):
        make_stack((), dataset, Shelf())


def test_a_file_that_cannot_be_read_is_black_and_said(dataset):
    stack = make_stack(dataset.cases, dataset, Shelf())
    bad = dataset.cases[1]
    bad.image.write_bytes(bad.image.read_bytes()[:60])
    assert not np.asarray(stack.shown.scan.array[1]).any()
    assert not np.asarray(stack.shown.reference[1]).any()
    assert bad.image.name in stack.errors[bad.name]


def test_thousands_of_slices_are_no_burden(dataset):
    import time

    stack = make_stack(dataset.cases * 500, dataset, Shelf())
    begun = time.process_time()
    for i in range(0, 3000, 300):
        np.asarray(stack.shown.scan.array[i])
    assert time.process_time() - begun < 3
