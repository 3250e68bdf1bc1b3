from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from napari_unet.card import is_picture
from napari_unet.drawing import (
    CONFUSED,
    EXTRA,
    HIT,
    MISSED,
    PANEL,
    TITLES,
    draw,
    error_masks,
    paint,
    panels,
    thumbnail,
    to_rgb,
)
from napari_unet.errors import DataError
from napari_unet.report import PictureRow, picture


def row(shape: tuple[int, ...] = (40, 60), classes: int = 1, **changes: object) -> PictureRow:
    rng = np.random.default_rng(0)
    values: dict[str, object] = {
        "name": "case",
        "image": rng.integers(0, 4000, shape).astype(np.uint16),
        "reference": rng.integers(0, classes + 1, shape[:2]),
        "prediction": rng.integers(0, classes + 1, shape[:2]),
        "caption": "Dice 0.500",
    }
    return PictureRow(**{**values, **changes})


def test_picture_is_a_png_of_all_rows(tmp_path):
    path = tmp_path / "out" / "p.png"
    picture(path, [row(), row((50, 50, 3)), row((400, 100))])
    with Image.open(path) as png:
        assert png.format == "PNG"
        width, height = png.size
    assert width > PANEL * len(TITLES)
    assert height > PANEL * 2 + round(PANEL * 40 / 60)


@pytest.mark.parametrize(("shape", "size"), [((40, 80), (256, 64)), ((400, 100, 3), (64, 128))])
def test_a_thumbnail_shows_image_and_prediction(shape, size):
    with Image.open(io.BytesIO(thumbnail(row(shape, prediction=np.ones(shape[:2], int))))) as png:
        assert png.format == "PNG"
        assert png.size == size
        pixels = np.asarray(png.convert("RGB")).astype(float)
    image, predicted = pixels[:, : size[0] // 2], pixels[:, size[0] // 2 :]
    assert np.ptp(image.mean((0, 1))) < np.ptp(predicted.mean((0, 1))) - 20  # grey, and orange


def test_a_thumbnail_of_noise_fits_into_a_model_file():
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3)).astype(np.uint8)
    assert is_picture(thumbnail(row((300, 300), image=noise)))


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((20, 30)),
        np.full((20, 30), np.nan),
        np.eye(20, 30, dtype=bool),
        np.random.default_rng(0).normal(size=(20, 30, 3)).astype(np.float32),
        np.full((20, 30), np.iinfo(np.int16).min, np.int16),
        np.zeros((20, 30, 1)),
        np.zeros((20, 30, 2)),
        np.zeros((20, 30, 4), np.uint8),
        np.where(np.eye(20, 30) > 0, np.inf, 1.0),
    ],
)
def test_any_real_image_can_be_drawn(image):
    rgb = to_rgb(image)
    assert rgb.shape == (20, 30, 3)
    assert rgb.dtype == np.uint8
    blank = np.zeros((20, 30), int)
    assert draw([PictureRow("x" * 500, image, blank, blank)]).width > PANEL


def test_contrast_is_stretched_past_outliers():
    image = np.linspace(100, 200, 10_000).reshape(100, 100)
    image[0, 0] = 1e9
    rgb = to_rgb(image)
    assert rgb.min() == 0
    assert (rgb == 255).mean() < 0.02
    assert 120 < rgb[50, 50, 0] < 136


def test_a_few_bright_pixels_stay_visible():
    image = np.zeros((100, 100))
    image[50, 50] = 7
    assert to_rgb(image)[50, 50, 0] == 255
    assert to_rgb(image)[0, 0, 0] == 0


def test_errors_are_told_apart():
    reference = np.array([[1, 1, 0, 0, 2]])
    prediction = np.array([[1, 0, 1, 0, 1]])
    found = {colour: mask.tolist() for mask, colour in error_masks(reference, prediction)}
    assert found == {
        HIT: [[True, False, False, False, False]],
        MISSED: [[False, True, False, False, False]],
        EXTRA: [[False, False, True, False, False]],
        CONFUSED: [[False, False, False, False, True]],
    }


def test_a_single_pixel_is_painted_in_full_colour():
    mask = np.zeros((9, 9), bool)
    mask[4, 4] = True
    painted = paint(np.zeros((9, 9, 3), np.uint8), [(mask, HIT)])
    assert tuple(painted[4, 4]) == HIT
    assert not painted[~mask].any()


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.uint16])
def test_masks_of_any_integer_type(dtype):
    shape = (16, 300)
    image, reference, prediction, agreement = panels(
        row(shape, reference=np.ones(shape, dtype), prediction=np.zeros(shape, dtype))
    )
    assert {p.shape for p in (image, reference, prediction, agreement)} == {(15, PANEL, 3)}
    assert np.array_equal(image, prediction)
    assert tuple(agreement[0, 0]) == MISSED


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(DataError, match=r"case: the prediction is \(3, 3\)"):
        draw([row(prediction=np.zeros((3, 3), int))])
    with pytest.raises(DataError, match="no case"):
        draw([])


def test_the_legend_speaks_of_wrong_classes_only_where_there_are_some():
    legend = slice(-20, None)
    binary, several = (np.asarray(draw([row(classes=k)]))[legend] for k in (1, 2))
    assert not (binary == CONFUSED).all(axis=-1).any()
    assert (several == CONFUSED).all(axis=-1).any()
