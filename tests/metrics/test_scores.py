import math

import numpy as np
import pytest

from napari_unet.metrics import DISTANCES, count, score_counts, score_masks


def ball(shift=0):
    mask = np.zeros((6, 20, 20), np.uint8)
    mask[1:4, 5 + shift : 12 + shift, 5:12] = 1
    return mask


def test_distances_and_volumes_are_in_the_scans_unit():
    score = score_masks(ball(2), ball(), spacing=(4.0, 0.5, 0.5), unit="mm")
    assert (score.unit, score.dims) == ("mm", 3)
    assert score.hd95 == pytest.approx(1.0)
    assert 0 < score.surface_distance < 1
    assert score.volume == score.reference_volume == pytest.approx(3 * 7 * 7)
    assert score.volume_difference == 0
    assert score.per_class["foreground"]["hd95"] == score.hd95
    assert score.per_class["foreground"]["volume"] == score.volume


def test_without_a_spacing_lengths_are_pixels():
    score = score_masks(ball(2), ball())
    assert (score.unit, score.dims, score.hd95) == ("px", 3, pytest.approx(2.0))
    assert score.volume == 3 * 7 * 7


def test_distances_can_be_left_out():
    score = score_masks(ball(2), ball(), surfaces=False)
    assert math.isnan(score.hd95)
    assert not set(DISTANCES) & score.per_class["foreground"].keys()
    assert score.volume > 0


def test_an_empty_mask_has_no_distance_two_have_none_at_all():
    nothing = np.zeros_like(ball())
    missed = score_masks(nothing, ball())
    assert math.isnan(missed.hd95)
    assert math.isnan(missed.per_class["foreground"]["surface_distance"])
    assert missed.volume_difference == -missed.reference_volume < 0
    both = score_masks(nothing, nothing)
    assert (both.hd95, both.surface_distance, both.volume) == (0, 0, 0)
    assert both.per_class == {}


def test_several_classes_are_a_mean_over_those_that_have_a_distance():
    reference = ball() + 2 * np.roll(ball(), 8, axis=1)
    prediction = ball(1)
    prediction[0, 0, :3] = 3
    names = ("a", "b", "c", "d")
    score = score_masks(prediction, reference, names, spacing=(1.0, 2.0, 1.0), unit="µm")
    assert set(score.per_class) == {"a", "b", "c"}
    assert score.hd95 == score.per_class["a"]["hd95"] == pytest.approx(2.0)
    assert math.isnan(score.per_class["b"]["hd95"])
    assert score.volume == sum(c["volume"] for c in score.per_class.values())
    assert score.per_class["c"]["volume"] == 3 * 2.0


def test_counts_of_parts_give_the_scores_of_the_whole():
    parts = [count(ball(1)[:2], ball()[:2]), count(ball(1)[2:], ball()[2:])]
    found = score_counts(parts[0] + parts[1], spacing=(1.0, 1.0, 1.0))
    assert found.per_class == score_masks(ball(1), ball(), surfaces=False).per_class


def test_unlabelled_pixels_have_no_volume():
    reference = ball()
    reference[:, :, 8:] = 255
    score = score_masks(ball(), reference, ignore=255)
    assert score.dice == 1
    assert score.volume == 3 * 7 * 3
