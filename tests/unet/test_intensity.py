import numpy as np
import pytest
import torch

from napari_unet.config import PreprocessConfig
from napari_unet.unet import intensity as module
from napari_unet.unet.intensity import Moments, Scale, normalise, to_float

RNG = np.random.default_rng(0)


def image_of(shape, dtype, channels):
    image = RNG.normal(100, 30, (*shape, channels) if channels > 1 else shape)
    image = np.clip(image, 0, 250).astype(dtype)
    if image.dtype.kind == "f":
        image.flat[::101] = np.nan
        image.flat[5] = np.inf
    return image


def in_strips(image, rows):
    return lambda: (image[i : i + rows] for i in range(0, len(image), rows))


@pytest.mark.parametrize("intensity", ["zscore", "percentile", "dataset"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", [(71, 60), (9, 20, 31)])
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16, np.int16, np.float32, np.float64])
def test_strips_have_the_scale_of_the_whole(shape, dtype, channels, intensity, monkeypatch):
    monkeypatch.setattr(module, "SAMPLE", 500)
    image = image_of(shape, dtype, channels)
    config = PreprocessConfig(
        intensity=intensity, mean=(0.3,) * channels, std=(0.2,) * channels, size=(8,) * len(shape)
    )
    wanted = normalise(to_float(image, len(shape)), config)
    for rows in (1, 7, len(image)):
        scale = Scale.measure(in_strips(image, rows), shape, channels, config)
        found = torch.cat(
            [scale.of_values(strip, len(shape)) for strip in in_strips(image, rows)()], dim=1
        )
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)


def test_a_table_of_few_values_changes_nothing():
    image = RNG.integers(0, 255, (64, 64)).astype(np.uint8)
    scale = Scale.of(to_float(image), PreprocessConfig())
    assert scale.of_values(image, 2).equal(scale.apply(to_float(image)))
    colour = np.stack([image, image // 2, image // 3], axis=-1)
    assert scale.of_values(colour, 2).equal(scale.apply(to_float(colour)))


def test_a_part_takes_the_image_s_least_value_where_it_is_not_finite():
    image = np.array([[np.nan, 5.0], [3.0, -7.0]], np.float32)
    scale = Scale.measure(in_strips(image, 1), (2, 2), 1, PreprocessConfig(intensity="zscore"))
    assert scale.least == -7
    seen = torch.cat([scale.of_values(image[i : i + 1], 2) for i in (0, 1)], dim=1)
    assert seen[0, 0, 0] == seen[0, 1, 1]


def test_moments_of_parts_are_those_of_all():
    values = torch.randn(10_000, dtype=torch.float64) * 3 + 1e6
    moments = Moments()
    for part in values.split(999):
        moments.add(part)
    (mean,), (deviation,) = moments.scale()
    assert mean == pytest.approx(float(values.mean()), rel=1e-12)
    assert deviation == pytest.approx(float(values.std(correction=0)), rel=1e-9)


@pytest.mark.parametrize("value", [200, 1e12])
def test_constant_strips_are_exactly_zero(value):
    image = np.full((50, 33), value, np.uint8 if value < 256 else np.float64)
    scale = Scale.measure(in_strips(image, 7), image.shape, 1, PreprocessConfig())
    assert not scale.of_values(image, 2).any()
