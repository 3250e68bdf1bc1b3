import numpy as np
import pytest

from napari_unet.data.margins import BESIDE, content


def scan(dtype=np.uint8, low=0, high=200):
    image = np.full((60, 80), low, dtype)
    image[20:40, 30:70] = high
    return image


@pytest.mark.parametrize(
    "image",
    [
        scan(),
        scan(np.int16, -1000, 300),
        scan(float, 0.0, 1e-3),
        np.dstack([scan()] * 3),
        np.stack([scan(), np.zeros_like(scan())]),
    ],
    ids=["grey", "CT", "float", "colour", "stack"],
)
def test_what_is_not_dark_is_found_with_a_little_more(image):
    spatial = 3 if image.shape[0] == 2 else 2
    rows, columns = content(image, spatial)
    assert (rows.start, rows.stop) == (20 - BESIDE, 40 + BESIDE)
    assert (columns.start, columns.stop) == (30 - BESIDE, 70 + BESIDE)


def test_noise_in_the_margin_is_dark():
    rng = np.random.default_rng(0)
    image = scan().astype(float) + rng.normal(0, 3, (60, 80))
    image[3, 5] = image[55, 77] = 255  # specks
    assert content(image) == content(scan())


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((5, 7)),
        np.full((5, 7), np.nan),
        np.full((5, 7), 9, np.uint16),
        np.random.default_rng(0).integers(100, 255, (5, 7), np.uint8),
        np.zeros((1, 1), bool),
    ],
    ids=["zero", "nan", "constant", "bright", "one pixel"],
)
def test_without_a_margin_it_is_everything(image):
    rows, columns = content(image)
    assert image[rows, columns].shape == image.shape


def test_pixels_that_are_not_finite_do_not_hide_the_rest():
    image = scan(float, 0.0, 1.0)
    image[0, 0], image[0, 1] = np.nan, -np.inf
    assert content(image) == content(scan())
