import numpy as np
import pytest
import torch

from napari_unet.config import PreprocessConfig
from napari_unet.errors import DataError
from napari_unet.unet.predict import parts, predict


def bright(x):
    """Logits of a network that finds whatever is brighter than the mean."""
    return x[:, :1] * 50


def found(image, axes, run=bright, channels=1, batch=3, **settings):
    config = PreprocessConfig(**{"intensity": "zscore", **settings})
    return list(predict(image, axes, channels, config, run, batch))


def volume(*shape):
    return (np.random.default_rng(0).random(shape) > 0.7).astype(np.uint8) * 200


@pytest.mark.parametrize("mode", ["whole", "patch"])
@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 9, 7), (8, 16, 16), (3, 20, 11)])
def test_a_volume_comes_back_voxel_for_voxel(shape, mode):
    image = volume(*shape)
    (one,) = found(image, "zyx", mode=mode, size=(8, 24, 16))
    assert one.shape == (1, *shape)
    assert one.dtype == np.uint8
    if image.any():
        assert ((one[0] > 127) == (image > 100)).all()


@pytest.mark.parametrize("mode", ["whole", "patch"])
def test_large_volumes_keep_their_shape(mode):
    (one,) = found(volume(11, 40, 30), "zyx", mode=mode, size=(4, 8, 8))
    assert one.shape == (1, 11, 40, 30)


def test_each_time_is_a_volume_and_each_volume_one_result():
    image = volume(2, 4, 8, 8)
    config = PreprocessConfig(size=(4, 8, 8))
    both = found(image, "tzyx", size=config.size)
    assert len(both) == parts("tzyx", image.shape, config) == 2
    for one, alone in zip(both, image, strict=True):
        assert np.array_equal(one, found(alone, "zyx", size=config.size)[0])


def test_planes_are_segmented_by_themselves_without_neighbours():
    image = volume(4, 16, 16)
    planes = found(image, "zyx", size=(16, 16))
    assert len(planes) == 4
    for one, plane in zip(planes, image, strict=True):
        assert np.array_equal(one, found(plane, "yx", size=(16, 16))[0])


@pytest.mark.parametrize("mode", ["whole", "patch"])
def test_neighbours_are_seen_as_channels(mode):
    seen = []

    def run(x):
        seen.append(x)
        return x[:, 1:2]

    image = np.arange(3, dtype=np.uint8).repeat(256).reshape(3, 16, 16) * 100
    planes = found(image, "zyx", run, mode=mode, size=(16, 16), neighbours=1)
    assert len(planes) == 3
    levels = [[round(float(c.mean())) for c in x] for x in torch.cat(seen)]
    assert levels == [[-1, -1, 0], [-1, 0, 1], [0, 1, 1]]
    seen.clear()
    found(image, "tyx", run, mode=mode, size=(16, 16), neighbours=1)
    for x in torch.cat(seen):  # times are no neighbours
        assert x[0].equal(x[1])
        assert x[1].equal(x[2])


def test_a_picture_among_volumes_is_refused():
    with pytest.raises(DataError, match="single picture"):
        found(volume(8, 8), "yx", size=(4, 8, 8))
    with pytest.raises(DataError, match="single picture"):
        found(volume(3, 8, 8), "tyx", size=(4, 8, 8))


def test_colour_volumes_become_grey_and_grey_ones_colour():
    grey = volume(4, 8, 8)
    (one,) = found(grey, "zyx", size=(4, 8, 8))
    colour = np.repeat(grey[..., None], 3, axis=-1)
    (same,) = found(colour, "zyxc", size=(4, 8, 8))
    assert np.array_equal(one, same)
    (three,) = found(grey, "zyx", channels=3, size=(4, 8, 8))
    assert np.array_equal(one, three)
    opaque = np.concatenate([colour, np.full((4, 8, 8, 1), 255, np.uint8)], axis=-1)
    assert np.array_equal(one, found(opaque, "zyxc", size=(4, 8, 8))[0])
