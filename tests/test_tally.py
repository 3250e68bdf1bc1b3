"""A tally's counts equal those of the whole, whatever was changed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_unet import tally as module
from napari_unet.errors import DataError
from napari_unet.metrics import count
from napari_unet.tally import ADDED, BACKGROUND, CONFUSED, MISSED, RIGHT, Tally

FIELDS = ("tp", "fp", "fn", "tn", "correct", "total")


def same(counts, expected) -> bool:
    return all(np.array_equal(getattr(counts, f), getattr(expected, f)) for f in FIELDS)


def whole(tally: Tally):
    return count(tally.prediction, tally.reference, tally.classes, tally.ignore)


def labels(rng, shape, classes, dtype="uint8", ignore=None):
    made = rng.integers(0, classes + 1, shape).astype(dtype)
    if ignore is not None:
        made[rng.random(shape) < 0.1] = ignore
    return made


def random_box(rng, shape):
    ends = [sorted(rng.integers(0, n + 1, 2)) for n in shape]
    return tuple(slice(int(a), int(b)) for a, b in ends)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "uint16", "int64"])
@pytest.mark.parametrize("classes", [1, 3, 40])
@pytest.mark.parametrize("ignore", [None, 255])
def test_it_begins_with_the_counts_of_the_whole(dtype, classes, ignore):
    rng = np.random.default_rng(0)
    if dtype == "bool" and classes > 1:
        pytest.skip("a mask of bools has one class")
    tally = Tally(
        labels(rng, (31, 17), classes, dtype), labels(rng, (31, 17), classes, "int16", ignore),
        classes, ignore,
    )  # fmt: skip
    assert same(tally.counts, whole(tally))


@pytest.mark.parametrize("shape", [(48, 40), (6, 20, 24), (3, 4, 12, 16)])
@pytest.mark.parametrize(("classes", "ignore"), [(1, None), (1, 255), (3, 255), (20, None)])
def test_ten_thousand_strokes_leave_the_counts_of_the_whole(shape, classes, ignore, monkeypatch):
    monkeypatch.setattr(module, "PART", 300)  # so that a box is counted in pieces
    rng = np.random.default_rng(len(shape) + classes)
    tally = Tally(
        labels(rng, shape, classes), labels(rng, shape, classes, ignore=ignore), classes, ignore
    )
    before = []
    for stroke in range(10_000 if (len(shape), classes) == (2, 3) else 1_500):
        box = random_box(rng, shape)
        painted = tally.reference if stroke % 5 == 0 else tally.prediction
        undone = before.pop() if before and stroke % 7 == 0 else None
        if undone is not None:
            box, painted, old = undone
            painted[box] = old
        else:
            before.append((box, painted, painted[box].copy()))
            within = rng.random(painted[box].shape) < 0.5
            painted[box][within] = rng.integers(0, classes + 1)
        tally.update(box)
        if stroke % 50 == 0:
            tally.look((*(int(rng.integers(n)) for n in shape[:-2]), None, None))
        if stroke % 97 == 0:
            assert same(tally.counts, whole(tally))
            at = tuple(slice(None) if i is None else i for i in tally._looked_at)
            seen = count(tally.prediction[at], tally.reference[at], classes, ignore)
            assert same(tally.in_sight, seen)
    assert same(tally.counts, whole(tally))


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_a_change_that_nobody_told_of_is_found_by_going_over_all(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    shape = tuple(data.draw(st.lists(st.integers(1, 12), min_size=2, max_size=4)))
    tally = Tally(labels(rng, shape, 2), labels(rng, shape, 2), 2)
    at = tuple(int(rng.integers(n)) for n in shape)
    tally.prediction[at] = (tally.prediction[at] + 1) % 3
    told = [box for part in tally.parts() for box in tally.update(part)]
    assert len(told) == 1
    assert all(s.start <= i < s.stop for s, i in zip(told[0], at, strict=True))
    assert same(tally.counts, whole(tally))
    assert not [box for part in tally.parts() for box in tally.update(part)]


def test_it_can_be_counted_part_by_part_while_somebody_paints(monkeypatch):
    monkeypatch.setattr(module, "PART", 64)
    rng = np.random.default_rng(1)
    tally = Tally(labels(rng, (30, 30), 1), labels(rng, (30, 30), 1), count=False)
    for part in tally.parts():
        box = random_box(rng, (30, 30))
        tally.prediction[box] = 1
        tally.update(box)
        tally.update(part)
    assert same(tally.counts, whole(tally))


def test_the_version_changes_with_the_counts_only():
    tally = Tally(np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.uint8))
    box = (slice(0, 2), slice(0, 2))
    assert tally.update(box) == () and tally.version == 0
    tally.prediction[1, 1] = 5
    assert tally.update(box) == (box,) and tally.version == 1
    tally.prediction[1, 1] = 7  # foreground as before
    assert tally.update(box) == () and tally.version == 1


@pytest.mark.parametrize(("value", "dtype"), [(4, "uint8"), (-1, "int32"), (9, "int64")])
@pytest.mark.parametrize("name", ["prediction", "reference"])
def test_a_label_that_is_no_class_is_told_until_it_is_gone(value, dtype, name):
    tally = Tally(np.zeros((4, 4), dtype), np.ones((4, 4), dtype), 3)
    painted = getattr(tally, name)
    before = painted[0, 0]
    painted[0, 0] = value
    tally.update((slice(0, 1), slice(0, 4)))
    with pytest.raises(DataError, match=f"The {name} holds labels that are no class"):
        _ = tally.counts
    painted[0, 0] = before
    tally.update((slice(0, 1), slice(0, 4)))
    assert same(tally.counts, whole(tally))


def test_a_prediction_of_what_is_ignored_is_looked_over():
    tally = Tally(np.full((2, 2), 9), np.full((2, 2), 255), 3, 255)
    assert tally.counts.total == 0


def test_other_shapes_are_refused():
    with pytest.raises(DataError, match="3×4 but the reference is 4×3"):
        Tally(np.zeros((3, 4), int), np.zeros((4, 3), int))


def test_outcomes_say_what_is_wrong():
    prediction, reference = np.array([[0, 1, 1, 0, 2, 2]]), np.array([[0, 1, 0, 2, 1, 255]])
    tally = Tally(prediction, reference, 2, 255)
    expected = [[BACKGROUND, RIGHT, ADDED, MISSED, CONFUSED, BACKGROUND]]
    assert tally.outcomes((slice(0, 1), slice(0, 6))).tolist() == expected


def test_it_takes_one_byte_for_each_pixel_of_up_to_thirteen_classes():
    assert Tally.memory((10, 10)) == Tally.memory((10, 10), 13) == 100
    assert Tally.memory((10, 10), 14) == 200


def test_arrays_in_fortran_order_and_views_are_counted():
    rng = np.random.default_rng(2)
    prediction = np.asfortranarray(labels(rng, (8, 9, 10), 1))
    tally = Tally(prediction, labels(rng, (16, 9, 10), 1)[::2])
    prediction[2:5, 3] = 1
    tally.update((slice(2, 5), slice(3, 4), slice(0, 10)))
    assert same(tally.counts, whole(tally))


@pytest.mark.parametrize("classes", [1, 3, 40])
def test_outcomes_are_those_of_each_pixel_wherever_it_lies(classes):
    shape = (4, 6, 5)
    rng = np.random.default_rng(0)
    prediction, reference = rng.integers(0, classes + 1, (2, *shape)).astype(np.uint8)
    expected = np.select(
        [
            (prediction == reference) & (reference > 0),
            prediction == reference,
            reference == 0,
            prediction == 0,
        ],
        [RIGHT, 0, ADDED, MISSED],
        CONFUSED,
    )
    for order in "CF":
        arrays = (np.asarray(a, order=order) for a in (prediction, reference))
        tally = Tally(*arrays, classes)
        for box in ((slice(None),) * 3, (slice(1, 3), slice(2, 5), slice(0, 4)), (slice(0),) * 3):
            outcomes = tally.outcomes(box)
            assert np.array_equal(outcomes, expected[box])
            assert outcomes.flags.writeable  # they become a layer's data
