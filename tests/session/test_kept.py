"""Arrays that rest compressed."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.session.kept import Kept


@pytest.mark.parametrize("shape", [(1, 7, 9), (3, 2, 5, 5), (1, 0, 4), (1, 64, 64)])
def test_an_array_comes_back_as_it_was(shape, monkeypatch):
    monkeypatch.setattr("napari_unet.session.kept.PIECE", 100)
    array = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    kept = Kept(array[..., ::-1])
    kept.rest()
    assert kept.shape == shape
    assert np.array_equal(kept.array, array[..., ::-1])
    assert kept.array is kept.array


def test_what_is_mostly_the_same_takes_little():
    assert Kept(np.zeros((1, 512, 512), np.uint8)).nbytes < 5000
