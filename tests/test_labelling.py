import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_unet.labelling import OWN, count_classes, entropy, label_image, quantise


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


PLANES = st.integers(2, 4).flatmap(
    lambda k: arrays(np.uint8, (k, 3, 5), elements=st.sampled_from([0, 1, 40, 127, 128, 254, 255]))
)


@given(PLANES)
def test_without_thresholds_the_likeliest_of_all_wins(planes):
    expected = planes.argmax(axis=0)
    assert np.array_equal(label_image(planes, 0.5), expected)
    assert np.array_equal(label_image(planes, 0.5, (OWN,) * (len(planes) - 1)), expected)


@given(PLANES, st.data())
def test_the_likeliest_of_those_that_reach_their_thresholds_wins(planes, data):
    each = st.sampled_from([OWN, 0.0, 0.1, 0.5, 1.0])
    n = len(planes) - 1
    thresholds = data.draw(st.lists(each, min_size=n, max_size=n))
    labels = label_image(planes, 0.5, thresholds)
    for at in np.ndindex(labels.shape):
        p = planes[(slice(None), *at)].tolist()
        reached = [
            k
            for k in range(1, len(p))
            if (p[k] > p[0] if thresholds[k - 1] == OWN else p[k] >= 255 * thresholds[k - 1] - 1e-6)
        ]
        assert labels[at] == max(reached, key=lambda k: p[k], default=0)


def test_as_many_thresholds_as_classes_are_needed():
    with pytest.raises(ValueError, match="1 thresholds for 2 classes"):
        label_image(np.zeros((3, 2, 2), np.uint8), 0.5, (0.5,))


def test_large_images_are_labelled_piece_by_piece(monkeypatch):
    planes = np.random.default_rng(0).integers(0, 256, (3, 40, 7, 5), np.uint8)
    whole = label_image(planes, 0.5, (0.2, 0.4)), entropy(planes)
    monkeypatch.setattr("napari_unet.labelling.BLOCK", 80)
    assert np.array_equal(label_image(planes, 0.5, (0.2, 0.4)), whole[0])
    assert np.array_equal(entropy(planes), whole[1])


@given(st.integers(0, 255))
def test_entropy_of_one_class_is_one_bit_at_most(level):
    p = level / 255
    bits = 0 if p in (0, 1) else -p * np.log2(p) - (1 - p) * np.log2(1 - p)
    assert abs(int(entropy(np.full((1, 1), level, np.uint8))[0]) - 255 * bits) <= 1


@given(PLANES)
def test_entropy_of_several_classes(planes):
    p = planes / 255
    each = np.where(p > 0, -p * np.log(np.maximum(p, 1e-9)), 0)
    expected = np.minimum(each.sum(axis=0) / np.log(len(planes)), 1) * 255
    assert np.abs(entropy(planes).astype(float) - expected).max() <= 1


def test_classes_are_counted():
    labels = np.array([[[0, 1, 2, 2]], [[2, 0, 0, 4]]], np.uint8)
    assert count_classes(labels, 3).tolist() == [1, 3, 0]
