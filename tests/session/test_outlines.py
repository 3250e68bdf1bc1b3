"""Outlines drawn by hand: which pixels lie in them."""

from __future__ import annotations

import numpy as np

from napari_unet.session.outlines import around, ellipse, outlines_mask


def test_an_outline_covers_the_pixels_whose_centres_lie_in_it():
    square = np.array([[1.5, 2.5], [1.5, 5.5], [4.5, 5.5], [4.5, 2.5]])
    sides = around([square], (20, 20))
    assert sides == ((1, 6), (2, 7))
    mask = outlines_mask([square], sides)
    wanted = np.zeros((20, 20), bool)
    wanted[2:5, 3:6] = True
    assert np.array_equal(mask, wanted[1:6, 2:7])


def test_an_outline_beside_the_image_touches_nothing():
    square = np.array([[-9, -9], [-9, -4], [-4, -4]], float)
    assert around([square], (20, 20)) is None
    partly = around([square + 6], (20, 20))
    assert partly == ((0, 3), (0, 3))


def test_an_ellipse_is_round():
    outline = ellipse(np.array([[0, 0], [0, 20], [10, 20], [10, 0]], float))
    mask = outlines_mask([outline], ((0, 11), (0, 21)))
    assert mask[5, 10]
    assert mask[5, 1]
    assert not mask[1, 1]
    assert abs(mask.sum() - np.pi * 5 * 10) < 12
