"""Axes: known, told or guessed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.data.readers.layout import find_layout
from napari_unet.data.scan import AXES
from napari_unet.errors import DataError


@pytest.mark.parametrize(
    ("shape", "known", "axes"),
    [
        ((64, 48), "", "yx"),
        ((64, 48, 3), "", "yxc"),
        ((3, 64, 48), "", "yxc"),
        ((30, 64, 48), "", "zyx"),
        ((30, 64, 48, 3), "", "zyxc"),
        ((30, 2, 64, 48), "", "zyxc"),
        ((5, 30, 64, 48), "", "tzyx"),
        ((7, 30, 2, 64, 48), "", "tzyxc"),
        ((1, 64, 1, 48), "", "yx"),
        ((1, 48), "", "yx"),
        ((9, 64, 48), "qyx", "zyx"),
        ((5, 9, 64, 48), "qqyx", "tzyx"),
        ((9, 64, 48, 3), "qyxs", "zyxc"),
        ((9, 5, 64, 48), "zqyx", "tzyx"),
        ((1, 64, 48, 1), "zyxc", "yx"),
        ((64, 1), "yx", "yx"),
        ((64, 48, 7), "yxz", "zyx"),
    ],
)
def test_axes_are_known_or_guessed(shape: tuple[int, ...], known: str, axes: str) -> None:
    layout = find_layout(shape, known)
    array = np.arange(np.prod(shape)).reshape(shape)
    assert layout.axes == axes
    assert layout.apply(array).shape == layout.shape(shape)
    in_order = axes in ("yx", "yxc") and shape[0] > 3
    assert bool(layout.guess) == (not in_order and (not known or "q" in known) and shape[0] > 1)


def test_a_guess_is_said_in_words() -> None:
    guess = find_layout((30, 64, 48, 3)).guess
    assert guess.endswith("taken for 30 slices, 64 rows, 48 columns, 3 channels")


@pytest.mark.parametrize(
    ("shape", "wanted", "axes"),
    [
        ((30, 64, 48), "tyx", "tyx"),
        ((30, 64, 48), "cyx", "yxc"),
        ((48, 64, 30), "XYZ", "zyx"),
        ((1, 30, 64, 48), "zyx", "zyx"),
        ((1, 30, 64, 48), "tzyx", "zyx"),
    ],
)
def test_a_person_knows_better(shape: tuple[int, ...], wanted: str, axes: str) -> None:
    layout = find_layout(shape, "q" * len(shape), wanted)
    assert (layout.axes, layout.guess) == (axes, "")


@pytest.mark.parametrize("wanted", ["yx", "zzx", "zyxc", "abc", "tzc"])
def test_letters_that_do_not_fit_are_refused(wanted: str) -> None:
    with pytest.raises(DataError, match="axes"):
        find_layout((30, 64, 48), wanted=wanted)


@pytest.mark.parametrize("shape", [(), (5,), (0, 4), (9, 9, 9, 9, 9, 9), (9,) * 5])
def test_what_is_no_image_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="not that of an image"):
        find_layout(shape)


@given(st.lists(st.integers(1, 6), min_size=2, max_size=6))
def test_every_pixel_is_kept_in_order(sizes: list[int]) -> None:
    array = np.arange(np.prod(sizes)).reshape(sizes)
    try:
        layout = find_layout(array.shape)
    except DataError:
        assert sum(n > 1 for n in sizes) > 4
        return
    placed = layout.apply(array)
    assert sorted(placed.ravel()) == sorted(array.ravel())
    assert list(layout.axes) == sorted(layout.axes, key=AXES.index)
