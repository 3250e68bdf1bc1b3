"""Regions of errors are found, the largest first."""

from __future__ import annotations

import numpy as np

from napari_unet import mistakes as module
from napari_unet.mistakes import find_mistakes
from napari_unet.tally import ADDED, CONFUSED, MISSED, RIGHT


def test_regions_of_each_kind_are_found_the_largest_first():
    outcomes = np.zeros((20, 30), np.uint8)
    outcomes[1:4, 1:4] = MISSED
    outcomes[4, 4] = MISSED  # connected by a corner
    outcomes[1:4, 4:6] = ADDED  # touches, but is another kind of error
    outcomes[10:12, 20:29] = CONFUSED
    outcomes[15, 15] = RIGHT
    found, number = find_mistakes(outcomes)
    assert number == 3
    assert [(m.outcome, m.pixels) for m in found] == [(CONFUSED, 18), (MISSED, 10), (ADDED, 6)]
    assert found[1].at == (2, 2)
    assert found[0].box == ((10, 12), (20, 29))


def test_in_a_volume_the_largest_plane_is_gone_to():
    outcomes = np.zeros((5, 9, 9), np.uint8)
    outcomes[1, 4, 4] = outcomes[2, 3:6, 3:6] = outcomes[3, 4, 3:6] = MISSED
    (found,), _ = find_mistakes(outcomes)
    assert found.pixels == 13
    assert found.at == (2, 4, 4)


def test_a_pixel_of_a_ring_is_gone_to_and_not_its_empty_middle():
    outcomes = np.zeros((9, 9), np.uint8)
    outcomes[1:8, 1:8] = ADDED
    outcomes[2:7, 2:7] = 0
    (found,), _ = find_mistakes(outcomes)
    assert outcomes[found.at] == ADDED


def test_regions_do_not_reach_through_time():
    outcomes = np.zeros((3, 4, 4), np.uint8)
    outcomes[:, 1, 1] = MISSED
    assert find_mistakes(outcomes)[1] == 1
    found, number = find_mistakes(outcomes, apart=1)
    assert number == 3
    assert [m.at for m in found] == [(0, 1, 1), (1, 1, 1), (2, 1, 1)]


def test_of_very_many_only_the_largest_are_told(monkeypatch):
    monkeypatch.setattr(module, "MOST", 5)
    outcomes = np.zeros((20, 20), np.uint8)
    outcomes[::2, ::2] = ADDED
    outcomes[0, :3] = ADDED
    found, number = find_mistakes(outcomes)
    assert (len(found), number) == (5, 99)
    assert found[0].pixels == 3


def test_nothing_wrong_is_no_region():
    assert find_mistakes(np.ones((4, 4), np.uint8)) == ((), 0)
