from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from napari_unet.exchange.bioimageio.tensors import least_size
from napari_unet.exchange.bioimageio.trial import Trial, phantom
from nets import random_net
from packages import CARDS


def test_channels_are_neighbouring_slices() -> None:
    picture, volume = phantom(3, (16, 20)), phantom(2, (4, 16, 20))
    assert (picture.shape, volume.shape) == ((3, 16, 20), (2, 4, 16, 20))
    assert picture.dtype == np.float32
    assert 0 <= picture.min() < picture.max() <= 1
    assert np.array_equal(volume[0, 1:], volume[1, :-1])


@pytest.mark.parametrize("key", CARDS)
def test_an_image_of_the_described_size_is_answered(key: str) -> None:
    card = CARDS[key]
    trial = Trial.of(random_net(card.network), card)
    assert trial.image.shape == (1, card.network.in_channels, *least_size(card))
    assert trial.answer.shape == (1, card.network.out_channels, *least_size(card))
    with Image.open(io.BytesIO(trial.picture(card))) as picture:
        assert picture.format == "PNG"
