import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.config import PreprocessConfig
from napari_unet.errors import DataError
from napari_unet.unet.intensity import normalise, to_float
from napari_unet.unet.losses import IGNORE
from napari_unet.unet.preprocess import (
    Fit,
    beside,
    prepare,
    prepare_all,
    shrink,
    together,
)


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
    assert fit.undo(torch.zeros(1, *size)).shape == (1, *shape)


@given(
    st.tuples(*(st.integers(1, 40) for _ in "zyx")),
    st.sampled_from([(16, 16, 16), (4, 24, 16)]),
)
def test_volumes_fit_there_and_back(shape, size):
    fit = Fit.of(shape, size)
    assert all(1 <= n <= min(s, m) for n, s, m in zip(fit.inner, size, shape, strict=True))
    assert fit.image(torch.zeros(2, *shape)).shape == (2, *size)
    labels = fit.labels(np.ones(shape, np.uint8))
    assert labels.shape == size
    assert (labels == 1).sum() == np.prod(fit.inner)
    assert fit.undo(torch.zeros(1, *size)).shape == (1, *shape)


def test_a_volume_that_is_small_enough_is_left_as_it_is():
    volume = np.random.default_rng(0).normal(size=(5, 9, 7)).astype(np.float32)
    config = PreprocessConfig(size=(8, 16, 8), intensity="zscore")
    x, fit = prepare(volume, config)
    assert fit.inner == volume.shape
    np.testing.assert_allclose(fit.undo(x)[0], (volume - volume.mean()) / volume.std(), atol=1e-5)


def test_shrinking_a_volume_averages_as_along_each_axis():
    x = torch.randn(2, 12, 20, 16)
    blurred = shrink(x, (6, 10, 8))
    assert blurred.shape == (2, 6, 10, 8)
    torch.testing.assert_close(blurred.mean(), x.mean(), atol=0.02, rtol=0)
    assert blurred.std() < 0.7 * x.std()


def test_enlarging_a_volume_is_torch_s_trilinear():
    logits = torch.randn(3, 6, 5, 9)
    fit = Fit((21, 10, 30), (6, 5, 9), (6, 5, 9))
    wanted = torch.nn.functional.interpolate(logits[None], size=fit.shape, mode="trilinear")[0]
    torch.testing.assert_close(fit.undo(logits), wanted, atol=1e-5, rtol=1e-5)


def test_a_blob_stays_in_its_place():
    image = np.zeros((60, 100), np.float32)
    image[20:40, 10:50] = 1
    fit = Fit.of(image.shape, (64, 64))
    back = fit.undo(fit.image(torch.from_numpy(image)[None]))[0].numpy() > 0.5
    assert 2 * (back & (image > 0)).sum() / (back.sum() + image.sum()) > 0.97
    labels = fit.labels(image.astype(np.uint8))
    top, left = fit.offset
    inner = labels[top : top + fit.inner[0], left : left + fit.inner[1]]
    assert (inner == 1).float().mean() == pytest.approx(image.mean(), abs=0.02)


def test_patch_models_keep_the_image_s_size():
    x, fit = prepare(np.zeros((50, 70), np.uint8), PreprocessConfig(mode="patch", size=(32, 32)))
    assert x.shape == (1, 50, 70)
    assert fit.undo(x).shape[-2:] == (50, 70)


@pytest.mark.parametrize("intensity", ["zscore", "percentile"])
def test_a_volume_has_one_scale(intensity):
    volume = np.stack([np.full((8, 8), v, np.uint8) for v in (10, 100, 200)])
    config = PreprocessConfig(size=(16, 16), neighbours=1, intensity=intensity)
    planes = [x for x, _ in prepare_all(volume, config, 3)]
    levels = [float(x.mean()) for x in planes]
    assert levels == sorted(levels)
    assert levels[0] < -1 < 1 < levels[2]
    (whole, _), *_ = prepare_all(volume, PreprocessConfig(size=(3, 8, 8), intensity=intensity), 3)
    np.testing.assert_allclose(whole.mean(dim=(0, 2, 3)), levels, atol=1e-5)


def test_what_is_prepared_together():
    flat, thick, deep = (
        PreprocessConfig(size=s, neighbours=n)
        for s, n in (((8, 8), 0), ((8, 8), 2), ((4, 8, 8), 0))
    )
    assert [together(n, flat, "x") for n in (2, 3, 4)] == [2, 2, 2]
    assert [together(n, thick, "x") for n in (2, 3, 4)] == [2, 3, 3]
    assert [together(n, deep, "x") for n in (3, 4)] == [3, 3]
    with pytest.raises(DataError, match=r"x is a single picture, but a 3D network needs volumes"):
        together(2, deep, "x")


def test_neighbours_repeat_the_ends_of_a_volume():
    assert beside(10, range(10, 13), 2) == [10, 10, 10, 11, 12]
    assert beside(12, range(10, 13), 1) == [11, 12, 12]
    assert beside(4, range(4, 5), 1) == [4, 4, 4]
    assert beside(4, range(3, 9), 0) == [4]


def framed(shape=(60, 80)):
    """Return an image that is dark but for rows 20 to 39 and columns 30 to 69, and its mask."""
    image, mask = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    image[..., 20:40, 30:70] = 100
    image[..., 25:35, 40:60] = 200
    mask[..., 25:35, 40:60] = 1
    return image, mask


CUT = PreprocessConfig(size=(48, 88), margin="cut")


def test_dark_margins_are_cut_off_and_put_back():
    image, mask = framed()
    _, fit = prepare(image, CUT)
    assert fit.shape == (24, 44)
    assert fit.uncut == image.shape
    assert fit.inner == (48, 88)  # twice as large: without the cut it would have been 48×64
    labels = fit.labels(mask)
    assert float((labels == 1).float().mean()) == pytest.approx(200 / (24 * 44), abs=0.02)
    binary = torch.where(labels == 1, 5.0, -5.0)[None]
    for planes in (binary, 9.0 * F.one_hot(labels.long().clamp(max=1)).permute(2, 0, 1)):
        whole = fit.undo(planes)
        assert whole.shape[1:] == image.shape
        found = whole[0] > 0 if len(whole) == 1 else whole.argmax(0) == 1
        assert (found.numpy() == mask).mean() > 0.99
        assert not found[:18].any()
        assert not found[:, :28].any()


def test_the_planes_of_a_volume_are_cut_alike():
    volume, mask = framed((3, 60, 80))
    volume[1] = 0  # an empty plane has no content of its own
    made = prepare_all(volume, CUT, 3)
    assert {fit for _, fit in made} == {made[0][1]}
    assert made[0][1].shape == (24, 44)
    deep = PreprocessConfig(size=(3, 24, 44), margin="cut")
    _, fit = prepare(volume, deep)
    assert (fit.shape, fit.start, fit.uncut) == ((3, 24, 44), (0, 18, 28), (3, 60, 80))
    labels = fit.labels(mask)
    back = fit.undo(torch.where(labels == 1, 5.0, -5.0)[None])
    assert torch.equal(back[0] > 0, torch.from_numpy(mask) == 1)


def test_patches_and_bright_images_keep_their_margin():
    image, _ = framed()
    _, fit = prepare(image, PreprocessConfig(mode="patch", size=(32, 32), margin="cut"))
    assert (fit.shape, fit.uncut) == (image.shape, ())
    _, fit = prepare(np.full((60, 80), 7, np.uint8), CUT)
    assert (fit.shape, fit.uncut) == ((60, 80), ())
