"""Distances against two independent ways of measuring: every pixel with every other, and MONAI."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist

from napari_unet.errors import DataError
from napari_unet.metrics import score_masks, surface_distances
from napari_unet.metrics.surfaces import _by_transform, _by_tree, surface

SHAPES = st.sampled_from([(1, 1), (1, 6), (9, 7), (12, 12), (1, 5, 4), (4, 5, 6)])
SIDES = st.sampled_from([0.4, 1.0, 1.7, 5.0])


@st.composite
def pairs(draw, top=1):
    """Draw two masks, sparse or dense, one of them at times empty or full, and a spacing."""
    shape = draw(SHAPES)

    def mask():
        kind = draw(st.sampled_from(["any", "any", "sparse", "blocks", "empty", "full"]))
        if kind in ("empty", "full"):
            return np.full(shape, top * (kind == "full"), np.uint8)
        if kind == "blocks":
            made = np.zeros(shape, np.uint8)
            for label in range(1, top + 1):
                box = tuple(
                    slice(*sorted(draw(st.tuples(st.integers(0, n), st.integers(0, n)))))
                    for n in shape
                )
                made[box] = label
            return made
        fill = st.just(0) if kind == "sparse" else None
        return draw(arrays(np.uint8, shape, elements=st.integers(0, top), fill=fill))

    return mask(), mask(), tuple(draw(SIDES) for _ in shape)


def brute(a, b, sides):
    """Measure by definition: the smallest of all distances between two sets of surface pixels."""
    if not a.any() and not b.any():
        return 0.0, 0.0
    if not a.any() or not b.any():
        return math.nan, math.nan

    def edge(mask):
        padded = np.pad(mask, 1)
        at = []
        for point in np.argwhere(padded):
            steps = [s * e for e in np.eye(mask.ndim, dtype=int) for s in (1, -1)]
            if not all(padded[tuple(point + step)] for step in steps):
                at.append((point - 1) * sides)
        return np.array(at)

    every = cdist(edge(a), edge(b))
    there, back = every.min(axis=1), every.min(axis=0)
    hd95 = max(np.percentile(there, 95), np.percentile(back, 95))
    return hd95, np.concatenate([there, back]).mean()


@given(pairs())
def test_distances_are_those_of_all_pixels_with_all_others(drawn):
    a, b, sides = drawn
    (found,) = surface_distances(a, b, spacing=sides)
    assert found == pytest.approx(brute(a > 0, b > 0, sides), nan_ok=True)


@settings(max_examples=40)
@given(pairs(top=3))
def test_every_class_is_measured_by_itself(drawn):
    a, b, sides = drawn
    found = surface_distances(a, b, 3, sides)
    for label, distances in enumerate(found, start=1):
        wanted = brute(a == label, b == label, sides)
        assert distances == pytest.approx(wanted, nan_ok=True)


@pytest.mark.filterwarnings("ignore:monai.metrics.utils get_mask_edges")  # of itself, to itself
@settings(max_examples=40)
@given(pairs())
def test_distances_are_those_of_monai(drawn):
    pytest.importorskip("monai", reason="MONAI is not installed")
    import torch
    from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance

    a, b, sides = drawn
    if not (a.any() and b.any()):
        return  # other conventions there
    first, second = (torch.from_numpy(m)[None, None] for m in (a, b))
    common = {"include_background": True, "spacing": list(sides)}
    hd95 = compute_hausdorff_distance(first, second, percentile=95, **common)
    mean = compute_average_surface_distance(first, second, symmetric=True, **common)
    (found,) = surface_distances(a, b, spacing=sides)
    assert found == pytest.approx((hd95.item(), mean.item()), rel=1e-5, abs=1e-6)


@settings(max_examples=30)
@given(pairs())
def test_tree_and_transform_find_the_same(drawn):
    a, b, sides = drawn
    a, b = surface(a > 0), surface(b > 0)
    if a.any() and b.any():
        for one, other in zip(_by_tree(a, b, sides), _by_transform(a, b, sides), strict=True):
            np.testing.assert_allclose(one, other)


def test_one_pixel_shift_in_each_direction_has_its_own_length():
    a = np.zeros((5, 20, 20), np.uint8)
    a[2, 8:12, 8:12] = 1
    for axis, side in enumerate((5.0, 0.5, 2.0)):
        (found,) = surface_distances(a, np.roll(a, 1, axis), spacing=(5.0, 0.5, 2.0))
        assert found.hd95 == pytest.approx(side)


def test_empty_masks():
    nothing, some = np.zeros((6, 6), int), np.eye(6, dtype=int)
    assert surface_distances(nothing, nothing) == [(0.0, 0.0)]
    for pair in ((nothing, some), (some, nothing)):
        assert all(map(math.isnan, surface_distances(*pair)[0]))


def test_unlabelled_pixels_belong_to_neither_mask():
    reference = np.zeros((8, 8), np.uint8)
    reference[2:5, 2:5] = 1
    prediction = reference.copy()
    prediction[7, 7] = 1
    assert surface_distances(prediction, reference)[0].surface_distance > 0
    reference[6:, :] = 255
    assert surface_distances(prediction, reference, ignore=255) == [(0.0, 0.0)]


def test_times_are_measured_one_by_one():
    a = np.zeros((4, 9, 9), np.uint8)
    a[:3, 2:5, 2:5] = 1
    b = a.copy()
    b[1] = np.roll(a[1], 2, axis=0)  # 2 pixels of 3 off
    b[2] = 0  # not found: no distance; and in the last one there is nothing to find
    (found,) = surface_distances(a, b, spacing=(3.0, 1.0))
    assert found.hd95 == pytest.approx((0 + 6) / 2)
    assert surface_distances(a[3:], b[3:], spacing=(3.0, 1.0)) == [(0.0, 0.0)]
    assert math.isnan(surface_distances(a[2:], b[2:], spacing=(3.0, 1.0))[0].hd95)
    score = score_masks(a, b, spacing=(3.0, 1.0), unit="mm")
    assert (score.dims, score.volume) == (2, pytest.approx(3 * 9 * 3.0 / 4))


@pytest.mark.parametrize("sides", [(0.0, 1.0), (1.0,) * 3, (-1.0, 1.0), (math.nan, 1.0)])
def test_a_spacing_that_cannot_be_is_refused(sides):
    with pytest.raises(DataError, match="spacing"):
        surface_distances(np.eye(3), np.eye(3), spacing=sides)


def test_shapes_must_agree():
    with pytest.raises(DataError, match="shape"):
        surface_distances(np.eye(3), np.eye(4))
