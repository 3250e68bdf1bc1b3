import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.calibration import calibration_curve

from napari_unet.metrics import Histogram, calibration_error

RNG = np.random.default_rng(0)


def test_bins_are_those_of_scikit_learn():
    probabilities = RNG.integers(0, 256, (1, 50, 60), dtype=np.uint8)
    probabilities[np.isin(probabilities, [51, 102, 153, 204])] += 1  # on edges: a matter of taste
    truth = (RNG.random((50, 60)) < (probabilities[0] / 255) ** 2).astype(np.uint8)
    found = Histogram().add(probabilities, truth).calibration()
    share, confidence = calibration_curve(truth.ravel(), probabilities[0].ravel() / 255, n_bins=10)
    assert sum(found.counts) == truth.size
    assert sum(found.positives) == truth.sum()
    np.testing.assert_allclose(np.divide(found.positives, found.counts), share)
    np.testing.assert_allclose(found.confidences, confidence)
    gaps = np.abs(share - confidence) * found.counts
    assert calibration_error(found) == pytest.approx(gaps.sum() / truth.size)


@settings(max_examples=50)
@given(
    arrays(np.uint8, (1, 6, 5), elements=st.integers(0, 255)),
    arrays(np.uint8, (6, 5), elements=st.sampled_from([0, 1, 2, 255])),
)
def test_parts_add_up_and_unlabelled_pixels_do_not_count(probabilities, truth):
    whole = Histogram().add(probabilities, truth, ignore=255)
    parts = Histogram().add(probabilities[:, :2], truth[:2], ignore=255)
    parts += Histogram().add(probabilities[:, 2:], truth[2:], ignore=255)
    assert (whole.pixels == parts.pixels).all()
    assert (whole.foreground == parts.foreground).all()
    assert whole.pixels.sum() == (truth != 255).sum()
    assert whole.foreground.sum() == ((truth != 255) & (truth != 0)).sum()


def test_blocks_change_nothing(monkeypatch):
    probabilities = RNG.integers(0, 256, (1, 10, 11), dtype=np.uint8)
    truth = RNG.integers(0, 2, (10, 11))
    whole = Histogram().add(probabilities, truth)
    monkeypatch.setattr("napari_unet.metrics.calibration.BLOCK", 7)
    parts = Histogram().add(probabilities, truth)
    assert (whole.pixels == parts.pixels).all()
    assert (whole.foreground == parts.foreground).all()


def test_several_classes_are_one_foreground():
    background = np.array([[255, 0, 51]], np.uint8)
    planes = np.stack([background, 255 - background, np.zeros_like(background)])
    found = Histogram().add(planes, np.array([[0, 2, 1]])).calibration(5)
    assert found.counts == (1, 0, 0, 0, 2)
    assert found.positives == (0, 0, 0, 0, 2)
    assert found.confidences[0] == 0
    assert found.confidences[4] == pytest.approx(0.9)
    assert math.isnan(found.confidences[1])


def test_no_pixels():
    found = Histogram().calibration()
    assert sum(found.counts) == 0
    assert math.isnan(calibration_error(found))
