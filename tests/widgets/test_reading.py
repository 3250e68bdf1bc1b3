"""A case as it is read: with its reference, or with a warning why not."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from napari_unet.data.dataset import open_dataset
from napari_unet.data.sample import write_sample
from napari_unet.widgets.reading import read


@pytest.fixture
def dataset(tmp_path):
    return open_dataset(write_sample(tmp_path / "brains", 3, 2, 32))


def test_a_case_is_read_with_its_reference(dataset):
    opened = read(dataset.cases[0], dataset)
    assert opened.shown.scan.array.shape == (32, 32)
    assert set(np.unique(opened.shown.reference)) <= {0, 1}
    assert opened.nbytes == 2 * 32 * 32
    assert not opened.warning


def test_a_mask_of_another_shape_is_left_out_with_a_warning(dataset):
    case = dataset.cases[0]
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(case.mask)
    opened = read(case, dataset)
    assert opened.shown.reference is None
    assert "(8, 8)" in opened.warning
