"""What a file stores becomes an image or the one plane of a mask."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.data.readers.raster import Raster, as_mask, is_colour, luminance
from napari_unet.data.readers.raster import as_image as as_scan
from napari_unet.errors import DataError


def as_image(raster: Raster) -> np.ndarray:
    return as_scan(raster).array


BLACK_WHITE = np.array([[0, 0, 0], [255, 255, 255]], np.uint8)
WHITE_BLACK = BLACK_WHITE[::-1]
CLASSES = np.array([[0, 0, 0], [128, 0, 0], [0, 128, 0], [255, 255, 255]], np.uint8)


def test_opacity_is_dropped_from_images() -> None:
    rgba = np.dstack([np.full((4, 5), v, np.uint8) for v in (1, 2, 3, 99)])
    assert as_image(Raster(rgba, alpha=True)).tolist() == rgba[..., :3].tolist()
    assert as_image(Raster(rgba[..., 2:], alpha=True)).tolist() == rgba[..., 2].tolist()


def test_a_palette_with_colours_is_a_colour_image_or_a_mask_of_classes(
    disc: np.ndarray,
) -> None:
    raster = Raster(disc, palette=CLASSES)
    assert as_image(raster).shape == (24, 32, 3)
    assert as_image(raster)[8, 20].tolist() == [128, 0, 0]
    assert np.array_equal(as_mask(raster), disc)


@pytest.mark.parametrize(("palette", "foreground"), [(BLACK_WHITE, 255), (WHITE_BLACK, 0)])
def test_a_palette_of_greys_is_brightness(
    disc: np.ndarray, palette: np.ndarray, foreground: int
) -> None:
    raster = Raster(disc, palette=palette)
    expected = np.where(disc, foreground, 255 - foreground)
    assert np.array_equal(as_mask(raster), expected)
    assert np.array_equal(as_image(raster), expected)


def test_an_index_beyond_the_palette_is_black() -> None:
    assert as_mask(Raster(np.array([[0, 1, 7]], np.uint8), palette=WHITE_BLACK)).tolist() == [
        [255, 0, 0]
    ]


def test_opacity_is_the_mask_only_where_it_alone_says_anything(disc: np.ndarray) -> None:
    opacity = disc * 255
    white, zero = np.full_like(disc, 255), np.zeros_like(disc)
    carried = Raster(np.dstack([white] * 3 + [opacity]), alpha=True)
    assert np.array_equal(as_mask(carried), opacity)
    ignored = Raster(np.dstack([opacity] * 3 + [np.full_like(disc, 200)]), alpha=True)
    assert np.array_equal(as_mask(ignored), opacity)
    varying = Raster(np.dstack([opacity] * 3 + [np.where(disc, 188, 255).astype("u1")]), alpha=True)
    assert np.array_equal(as_mask(varying), opacity)
    blank = Raster(np.dstack([zero] * 3 + [white]), alpha=True)
    assert not as_mask(blank).any()
    transparent = Raster(np.dstack([white] * 3 + [zero]), alpha=True)
    assert not as_mask(transparent).any()


def test_bool_becomes_0_and_1_and_byte_order_the_machines(disc: np.ndarray) -> None:
    assert as_mask(Raster(disc.astype(bool))).dtype == np.uint8
    swapped = as_image(Raster(disc.astype(">u2")))
    assert swapped.dtype == np.uint16
    assert np.array_equal(swapped, disc)


@pytest.mark.parametrize(
    "array", [np.zeros((4, 4), complex), np.zeros((4, 4), "U3"), np.zeros(4), np.zeros((0, 4))]
)
def test_what_is_no_image_is_refused(array: np.ndarray) -> None:
    with pytest.raises(DataError):
        as_image(Raster(array))


def test_a_mask_of_five_planes_is_refused() -> None:
    with pytest.raises(DataError, match="5 channels"):
        as_mask(Raster(np.zeros((4, 4, 5)), "yxc"))


@given(st.sampled_from([np.uint8, np.uint16, np.int16, np.int32]), st.integers(0, 255))
def test_luminance_leaves_grey_as_it_is(dtype: type, value: int) -> None:
    grey = luminance(np.full((2, 2, 3), value, dtype))
    assert grey.dtype == dtype
    assert (grey == value).all()


def test_luminance_weighs_colours_and_holds_the_largest_values() -> None:
    colours = np.eye(3, dtype=np.uint8)[None] * 255
    assert luminance(colours).tolist() == [[76, 150, 29]]
    assert luminance(np.full((1, 1, 3), 65535, np.uint16)).tolist() == [[65535]]
    assert luminance(np.eye(3)[None]).tolist() == [[0.299, 0.587, 0.114]]


def test_near_greys_are_no_colours() -> None:
    assert not is_colour(np.array([[2, 0, 1], [250, 255, 251]], np.uint8))
    assert is_colour(CLASSES)
