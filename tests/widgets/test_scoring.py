import numpy as np
import pytest

from napari_unet.data.cases import IGNORE
from napari_unet.widgets.scoring import score_layers


def test_pixels_that_nobody_labelled_take_no_part():
    reference = np.array([[1, 1, 0, IGNORE, IGNORE]], np.uint8)
    prediction = np.array([[1, 0, 0, 1, 1]], np.uint8)
    score = score_layers(prediction, reference, "drawn", ignore=IGNORE)
    assert score.dice == pytest.approx(2 / 3)
    assert score.pixel_accuracy == pytest.approx(2 / 3)


def test_a_mask_of_0_and_255_is_one_class():
    reference = np.array([[255, 255, 0, 0]], np.uint8)
    assert score_layers(reference // 255, reference, "mask").dice == 1.0


def test_several_classes_are_told_apart():
    reference = np.array([[1, 1, 2, 2]], np.uint8)
    assert set(score_layers(reference, reference, "two").per_class) == {"1", "2"}


def test_distances_are_in_the_units_of_the_layer():
    reference = np.zeros((12, 12), np.uint8)
    prediction = reference.copy()
    reference[2:6, 2:6] = prediction[2:6, 5:9] = 1
    score = score_layers(prediction, reference, "moved", spacing=(1.0, 0.5), unit="mm")
    assert score.hd95 == pytest.approx(1.5)  # three columns of half a millimetre
    assert (score.unit, score.reference_volume) == ("mm", 8.0)
