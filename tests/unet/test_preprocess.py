import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.config import PreprocessConfig
from napari_unet.unet.losses import IGNORE
from napari_unet.unet.preprocess import Fit, normalise, prepare, to_float


@pytest.mark.parametrize(
    "dtype", [bool, np.uint8, np.uint16, np.int16, np.int64, np.float32, float]
)
def test_every_type_of_pixel(dtype):
    image = (np.arange(12).reshape(3, 4) % 2).astype(dtype)
    x = to_float(image)
    assert x.shape == (1, 3, 4)
    assert x.dtype == torch.float32
    assert normalise(x, PreprocessConfig(intensity="zscore")).mean().abs() < 1e-6


def test_8_and_16_bit_versions_look_alike():
    image = np.random.default_rng(0).integers(0, 256, (9, 9)).astype(np.uint8)
    torch.testing.assert_close(to_float(image), to_float(image.astype(np.uint16) * 257))


@pytest.mark.parametrize("intensity", ["zscore", "percentile", "dataset"])
@pytest.mark.parametrize(
    "image",
    [
        np.full((8, 8), 200, np.uint8),
        np.full((8, 8), 1e12),
        np.full((8, 8), np.nan),
        np.array([[np.inf, -np.inf], [np.nan, 1.0]]),
        np.array([[1e300, -1e300], [0, 1]]),
        np.zeros((1, 1), np.float32),
        np.array([[2**62, -(2**62)]]),
    ],
    ids=["constant", "large constant", "nan", "infinite", "huge", "one pixel", "int64"],
)
def test_odd_pixels_come_out_finite_and_tame(image, intensity):
    config = PreprocessConfig(intensity=intensity, mean=(0.4,), std=(0.2,), size=(16, 16))
    if intensity == "dataset" and not np.issubdtype(image.dtype, np.integer):
        image = np.clip(np.nan_to_num(image), 0, 1)
    x, _ = prepare(image, config)
    assert x.isfinite().all()
    assert x.abs().max() < 1e4


def test_constant_image_is_zero():
    x = normalise(to_float(np.full((8, 8), 200, np.uint8)), PreprocessConfig())
    assert x.abs().max() < 1e-3


def test_percentiles_shrug_off_a_hot_pixel():
    rng = np.random.default_rng(0)
    image = rng.normal(100, 10, (64, 64)).astype(np.float32)
    hot = image.copy()
    hot[3, 3] = 1e6
    a, b = (normalise(to_float(i), PreprocessConfig()) for i in (image, hot))
    assert (a - b).abs().median() < 0.02


@given(st.tuples(st.integers(1, 90), st.integers(1, 90)), st.sampled_from([(32, 32), (32, 64)]))
def test_fit_goes_there_and_back(shape, size):
    fit = Fit.of(shape, size)
    assert all(1 <= n <= s for n, s in zip(fit.inner, size, strict=True))
    assert max(n / s for n, s in zip(fit.inner, size, strict=True)) == 1
    assert fit.image(torch.zeros(2, *shape)).shape == (2, *size)
    labels = fit.labels(np.ones(shape, np.uint8))
    assert labels.shape == size
    assert (labels == 1).sum() == fit.inner[0] * fit.inner[1]
    assert set(labels.unique().tolist()) <= {1, IGNORE}
    assert fit.undo(torch.zeros(1, 1, *size)).shape == (1, 1, *shape)


def test_a_blob_stays_in_its_place():
    image = np.zeros((60, 100), np.float32)
    image[20:40, 10:50] = 1
    fit = Fit.of(image.shape, (64, 64))
    back = fit.undo(fit.image(torch.from_numpy(image)[None])[None])[0, 0].numpy() > 0.5
    assert 2 * (back & (image > 0)).sum() / (back.sum() + image.sum()) > 0.97
    labels = fit.labels(image.astype(np.uint8))
    top, left = fit.offset
    inner = labels[top : top + fit.inner[0], left : left + fit.inner[1]]
    assert (inner == 1).float().mean() == pytest.approx(image.mean(), abs=0.02)


def test_patch_models_keep_the_image_s_size():
    x, fit = prepare(np.zeros((50, 70), np.uint8), PreprocessConfig(mode="patch", size=(32, 32)))
    assert x.shape == (1, 50, 70)
    assert fit.undo(x[None]).shape[-2:] == (50, 70)
