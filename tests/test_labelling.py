import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.labelling import label_image, quantise


@given(st.integers(0, 255), st.integers(0, 100))
def test_threshold_is_inclusive_on_the_kept_levels(level, percent):
    labels = label_image(np.full((1, 1, 1), level, np.uint8), percent / 100)
    assert labels[0, 0] == (level >= 255 * percent / 100 - 1e-6)


def test_several_classes_take_the_likeliest():
    p = np.array([[[9, 0]], [[1, 5]], [[0, 7]]], np.uint8)
    assert label_image(p, 0.99).tolist() == [[0, 2]]


def test_quantise_rounds_and_clips():
    assert quantise(np.array([-1.0, 0.0, 0.5, 1.0, 2.0])).tolist() == [0, 0, 128, 255, 255]
    assert quantise(np.zeros(1)).dtype == np.uint8


@pytest.mark.parametrize("shape", [(1, 4, 5), (1, 2, 4, 5), (3, 2, 4, 5)])
def test_shape_is_that_of_a_plane(shape):
    assert label_image(np.zeros(shape, np.uint8), 0.5).shape == shape[1:]
