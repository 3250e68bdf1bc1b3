"""What is done to labels, against naive words for the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from napari_unet.cleaning import clean, number, object_spaces
from napari_unet.config import CleanUp
from napari_unet.errors import ConfigError

SHAPES = st.sampled_from([(7, 9), (1, 1), (3, 5, 6), (4, 1, 7), (2, 2, 5, 5)])
CLASSES = st.sampled_from([1, 3])
QUICK = settings(deadline=None, max_examples=60)


@st.composite
def labelled(draw: st.DrawFn) -> NDArray[np.uint8]:
    """Draw labels of one class or of three, of a plane, a volume or several volumes."""
    shape, classes = draw(SHAPES), draw(CLASSES)
    return draw(arrays(np.uint8, shape, elements=st.integers(0, classes)))


def steps(ndim: int, corners: bool) -> list[tuple[int, ...]]:
    """Return the ways to a pixel's neighbours."""
    ways = [tuple(int(i) - 1 for i in way) for way in np.ndindex((3,) * ndim)]
    return [w for w in ways if any(w) and (corners or sum(map(abs, w)) == 1)]


def areas(mask: NDArray[np.bool_], corners: bool) -> list[set[tuple[int, ...]]]:
    """Return the connected parts of a mask, in the order of their first pixels."""
    left = {tuple(map(int, p)): None for p in np.argwhere(mask)}
    found = []
    while left:
        queue = deque([next(iter(left))])
        left.pop(queue[0])
        part = set(queue)
        while queue:
            at = queue.popleft()
            for way in steps(mask.ndim, corners):
                to = tuple(a + b for a, b in zip(at, way, strict=True))
                if to in left:
                    left.pop(to)
                    part.add(to)
                    queue.append(to)
        found.append(part)
    return found


def at_rim(part: set[tuple[int, ...]], shape: tuple[int, ...]) -> bool:
    """Say whether a part reaches the edge; a volume of one slice has none across it."""
    volume = len(shape) == 3
    return any(
        i in (0, side - 1) and not (volume and side == 1)
        for point in part
        for i, side in zip(point, shape, strict=True)
    )


def every_space(labels: NDArray[np.uint8], planes: bool) -> Iterator[tuple[int, ...]]:
    yield from np.ndindex(labels.shape[: -2 if planes else -min(labels.ndim, 3)])


@QUICK
@given(labelled(), st.booleans())
def test_holes_take_the_class_that_encloses_them_most_closely(labels, planes):
    expected = labels.copy()
    for space in every_space(labels, planes):
        here = labels[space]
        closest: dict[tuple[int, ...], int] = {}
        for c in range(1, 4):
            for part in areas(here != c, corners=False):
                if not (here == c).any() or at_rim(part, here.shape):
                    continue
                for point in part:
                    if here[point] == 0 and len(part) < closest.get(point, labels.size + 1):
                        closest[point] = len(part)
                        expected[space][point] = c
    assert np.array_equal(clean(labels, CleanUp(fill_holes=True), planes=planes), expected)


@QUICK
@given(labelled(), st.integers(0, 6), st.booleans(), st.booleans())
def test_small_objects_go_and_the_largest_stays(labels, least, largest, planes):
    expected = labels.copy()
    for space in every_space(labels, planes):
        for c in range(1, 4):
            parts = areas(labels[space] == c, corners=True)
            best = max(parts, key=len, default=None)  # the first of equals
            for part in parts:
                if len(part) < least or (largest and part is not best):
                    for point in part:
                        expected[space][point] = 0
    config = CleanUp(largest=largest, min_size=least)
    assert np.array_equal(clean(labels, config, planes=planes), expected)


@QUICK
@given(labelled(), st.booleans())
def test_every_object_of_a_class_has_a_number(labels, planes):
    objects, classes = number(labels, planes=planes)
    count = 0
    for space in every_space(labels, planes):
        for c in range(1, 4):
            for part in areas(labels[space] == c, corners=True):
                count += 1
                assert {int(objects[space][p]) for p in part} == {count}
                assert classes[count - 1] == c
    assert count == len(classes) == objects.max(initial=0)
    assert np.array_equal(objects > 0, labels > 0)


@QUICK
@given(labelled(), st.booleans())
def test_a_watershed_only_parts_what_is_connected(labels, planes):
    whole, _ = number(labels, planes=planes)
    parts, classes = number(labels, part=True, planes=planes)
    assert np.array_equal(parts > 0, labels > 0)
    assert sorted(set(parts[parts > 0])) == list(range(1, len(classes) + 1))
    for i, c in enumerate(classes, start=1):
        assert len(set(whole[parts == i])) == 1
        assert set(labels[parts == i]) == {c}


@QUICK
@given(
    arrays(np.uint8, (9, 8), elements=st.integers(0, 2)),
    st.sampled_from([0.5, 1.0, 1.7]),
)
def test_smoothing_takes_what_prevails_around(labels, sigma):
    reach = int(3 * sigma + 0.5)
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-(offsets**2) / (2 * sigma**2))
    # Beyond its edge an image goes on as at the edge.
    padded = np.pad(labels, reach, mode="edge")
    shares = np.zeros((3, *labels.shape))
    for c in range(3):
        for (i, dy), (j, dx) in ((a, b) for a in enumerate(offsets) for b in enumerate(offsets)):
            there = padded[
                reach + dy : reach + dy + labels.shape[0], reach + dx : reach + dx + labels.shape[1]
            ]
            shares[c] += weights[i] * weights[j] * (there == c)
    shares /= weights.sum() ** 2
    first, second = np.sort(shares, axis=0)[-1], np.sort(shares, axis=0)[-2]
    clear = first - second > 1e-5  # in float32 a draw may go either way
    cleaned = clean(labels, CleanUp(smooth=sigma))
    assert np.array_equal(cleaned[clear], shares.argmax(axis=0)[clear])


def disc(shape: tuple[int, int], centre: tuple[int, int], radius: float) -> NDArray[np.bool_]:
    y, x = np.ogrid[: shape[0], : shape[1]]
    return (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2


def test_touching_discs_are_parted_and_an_ellipse_is_not():
    labels = np.zeros((70, 120), np.uint8)
    labels[disc(labels.shape, (30, 30), 15) | disc(labels.shape, (30, 52), 12)] = 1
    y, x = np.ogrid[:70, :120]
    labels[(y - 58) ** 2 / 64 + (x - 80) ** 2 / 900 < 1] = 1
    assert number(labels)[0].max() == 2
    parted, _ = number(labels, part=True)
    assert parted.max() == 3
    sizes = sorted(np.bincount(parted.ravel())[1:].tolist())
    assert abs(sizes[0] - disc((70, 120), (30, 52), 12).sum()) < 45


def test_thick_slices_are_taken_into_account():
    labels = np.zeros((5, 40, 40), np.uint8)
    labels[2] = disc((40, 40), (20, 20), 12)
    config = CleanUp(smooth=2.0)
    assert not clean(labels, config).any()  # as if it were a plate
    assert clean(labels, config, spacing=(10.0, 1.0, 1.0)).any()
    assert clean(labels, config, planes=True).any()


def test_what_lies_far_apart_is_smoothed_as_if_alone():
    near = np.zeros((60, 60), np.uint8)
    near[28:33, 27:33] = 1
    far = near.copy()
    far[1, 1] = far[58, 58] = 1
    smooth = CleanUp(smooth=1.5)
    middle = np.s_[15:45, 15:45]
    assert np.array_equal(clean(near, smooth)[middle], clean(far, smooth)[middle])


def test_labels_are_not_written_into_and_nothing_to_do_costs_nothing():
    labels = np.ones((4, 4), np.uint8)
    labels[1, 1] = 0
    assert clean(labels, CleanUp()) is labels
    assert clean(labels, CleanUp(min_size=1)) is labels
    filled = clean(labels, CleanUp(fill_holes=True))
    assert filled.all()
    assert labels[1, 1] == 0
    assert not clean(np.zeros((4, 4), np.uint8), CleanUp(smooth=2.0, largest=True)).any()


def test_the_order_is_smooth_fill_choose_number():
    labels = np.zeros((40, 60), np.uint8)
    labels[disc(labels.shape, (20, 20), 12)] = 1
    labels[disc(labels.shape, (20, 20), 4)] = 0
    labels[20, 50] = 1  # smoothed away before it could be counted
    labels[5:9, 50:54] = 1
    config = CleanUp(smooth=1.0, fill_holes=True, largest=True, objects="components")
    cleaned = clean(labels, config)
    assert cleaned.dtype == np.int32
    assert cleaned[20, 20] == cleaned.max() == 1


def test_spaces_are_planes_or_volumes():
    assert list(object_spaces((4, 5), planes=False)) == [()]
    assert list(object_spaces((2, 4, 5), planes=True)) == [(0,), (1,)]
    assert list(object_spaces((2, 3, 4, 5), planes=False)) == [(0,), (1,)]


@pytest.mark.parametrize("wrong", [{"smooth": -1.0}, {"min_size": -1}, {"objects": "cells"}])
def test_settings_are_checked(wrong):
    with pytest.raises(ConfigError):
        CleanUp(**wrong)


def test_whether_anything_is_done():
    assert not CleanUp()
    assert not CleanUp(min_size=1)
    assert CleanUp(objects="components")
    assert not CleanUp(objects="components").tidies
    assert CleanUp(smooth=0.5).tidies
