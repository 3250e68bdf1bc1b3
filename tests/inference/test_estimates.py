"""What probabilities alone tell of a segmentation."""

import numpy as np
import pytest

from napari_unet.inference.estimates import KNOWN, Calibration, estimate
from napari_unet.labelling import quantise

SURE = np.zeros((20, 20), np.uint8)


def disc(inside, outside, size=20):
    plane = np.full((size, size), outside, float)
    plane[5:15, 5:15] = inside
    return quantise(plane[None])


def test_a_sure_answer_is_expected_to_be_right():
    found = estimate(disc(1.0, 0.0), SURE, 0.5)
    assert (found.dice, found.entropy, found.disagreement, found.empty) == (1.0, 0.0, 0.0, False)


def test_the_expectation_is_that_of_the_formula():
    found = estimate(disc(0.8, 0.2), SURE, 0.5)
    inside, outside = (np.rint(255 * p) / 255 for p in (0.8, 0.2))
    total = 100 * inside + 300 * outside
    assert found.dice == pytest.approx(2 * 100 * inside / (100 + total))


def test_the_expectation_is_near_the_mean_over_drawn_references():
    """What is expected of independent pixels, drawn many times."""
    rng = np.random.default_rng(0)
    probabilities = quantise(rng.beta(0.3, 0.5, (1, 20, 20)))
    labels = probabilities[0] >= 128
    drawn = rng.random((2000, 20, 20)) < probabilities[0] / 255
    dices = 2 * (drawn & labels).sum((1, 2)) / (drawn.sum((1, 2)) + labels.sum())
    assert estimate(probabilities, SURE, 0.5).dice == pytest.approx(dices.mean(), abs=0.005)


def test_the_less_sure_the_lower():
    found = [estimate(disc(p, 1 - p), SURE, 0.5) for p in (0.95, 0.8, 0.6)]
    assert [f.dice for f in found] == sorted((f.dice for f in found), reverse=True)
    assert [f.uncertainty for f in found] == sorted(f.uncertainty for f in found)


def test_only_what_lies_near_the_foreground_counts_for_the_entropy():
    probabilities = disc(1.0, 0.0, size=200)
    before = estimate(probabilities, np.zeros((200, 200), np.uint8), 0.5)
    probabilities[0, 150:] = 100  # far away, and not segmented
    after = estimate(probabilities, np.zeros((200, 200), np.uint8), 0.5)
    assert after.entropy == before.entropy == 0
    assert after.dice < before.dice  # something was perhaps missed


def test_views_that_disagree_are_uncertain():
    disagreement = SURE.copy()
    disagreement[5:15, 5:15] = 255
    found = estimate(disc(1.0, 0.0), disagreement, 0.5)
    assert found.entropy == 0
    assert found.uncertainty == found.disagreement > 0.5


@pytest.mark.parametrize(("peak", "dice"), [(0.0, 1.0), (0.4, 0.6)])
def test_where_nothing_is_found_the_most_likely_spot_tells(peak, dice):
    probabilities = quantise(np.zeros((1, 20, 20)))
    probabilities[0, 3, 3] = round(255 * peak)
    found = estimate(probabilities, SURE, 0.5)
    assert found.empty
    assert found.dice == pytest.approx(dice)
    assert found.peak == pytest.approx(peak)


def test_of_several_classes_those_that_are_found_count():
    planes = np.zeros((3, 20, 20))
    planes[0] = 1
    planes[:, 5:15, 5:15] = np.array([0, 0.9, 0.1])[:, None, None]
    found = estimate(quantise(planes), SURE, 0.5)
    assert found.dice == pytest.approx(2 * 90 / (100 + 90), abs=0.01)


def test_volumes_are_looked_at_as_a_whole():
    planes = np.zeros((1, 4, 20, 20))
    planes[0, 1:3, 5:15, 5:15] = 0.9
    found = estimate(quantise(planes), np.zeros((4, 20, 20), np.uint8), 0.5)
    assert found.dice == pytest.approx(2 * 0.9 / 1.9, abs=0.01)


# --- calibration --------------------------------------------------------------------------------


def test_a_model_that_is_too_sure_is_corrected():
    rng = np.random.default_rng(0)
    expected = rng.uniform(0.5, 1.0, 200)
    true = np.clip(2 * (expected - 0.5) + rng.normal(0, 0.05, 200), 0, 1)
    calibration = Calibration(list(expected), list(true))
    assert calibration.known == 200
    assert calibration(0.75) == pytest.approx(0.5, abs=0.07)
    found = [calibration(e) for e in np.linspace(0.4, 1.0, 50)]
    assert found == sorted(found)


def test_too_few_known_cases_change_nothing():
    calibration = Calibration([0.9] * (KNOWN - 1), [0.1] * (KNOWN - 1))
    assert calibration.known == 0
    assert calibration(0.9) == 0.9


def test_known_cases_that_are_all_alike():
    calibration = Calibration([0.9] * KNOWN, [0.4] * KNOWN)
    assert calibration(0.2) == pytest.approx(0.4)
