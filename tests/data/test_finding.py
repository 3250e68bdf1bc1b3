"""The cases of a folder, without a look at any mask."""

import numpy as np
import pytest
from skimage.io import imsave

from napari_unet.data.audit.leftout import leave_out
from napari_unet.data.dataset import open_dataset
from napari_unet.data.finding import find_cases


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "d"
    for part in ("images", "masks"):
        (root / part).mkdir(parents=True)
        for name in ("p1_1", "p1_2", "p2_1"):
            imsave(root / part / f"{name}.png", np.eye(8, dtype=np.uint8), check_contrast=False)
    return root


def test_they_are_those_of_the_data_set(folder):
    leave_out(open_dataset(folder), ["images/p1_2"], "blurred")
    found, opened = find_cases(folder), open_dataset(folder)
    assert found.cases == opened.cases
    assert found.left_out == opened.left_out
    assert found.patients.source == opened.patient_source


def test_a_folder_in_it_can_be_left_out(folder):
    assert find_cases(folder, without=folder / "masks").cases == ()
    assert len(find_cases(folder, without=folder / "nothing").cases) == 3
