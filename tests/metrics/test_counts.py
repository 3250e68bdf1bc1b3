import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import accuracy_score, f1_score, jaccard_score, precision_score, recall_score

from napari_unet.errors import DataError
from napari_unet.metrics import count, score_masks

SHAPES = st.sampled_from([(1, 1), (3, 4), (7, 5), (2, 3, 4)])


@st.composite
def pairs(draw, top):
    shape = draw(SHAPES)
    masks = arrays(np.uint8, shape, elements=st.integers(0, top))
    return draw(masks), draw(masks)


@settings(max_examples=50)
@given(pairs(1))
def test_binary_scores_equal_scikit_learn(pair):
    p, r = (m.ravel() for m in pair)
    s = score_masks(*pair)
    if not p.any() and not r.any():
        assert (s.dice, s.iou, s.precision, s.recall, s.empty) == (1, 1, 1, 1, True)
    else:
        assert s.dice == pytest.approx(f1_score(r, p, zero_division=0))
        assert s.iou == pytest.approx(jaccard_score(r, p, zero_division=0))
        assert s.precision == pytest.approx(precision_score(r, p, zero_division=0))
        assert s.recall == pytest.approx(recall_score(r, p, zero_division=0))
        assert not s.empty
    assert s.pixel_accuracy == pytest.approx(accuracy_score(r, p))


@settings(max_examples=50)
@given(pairs(3))
def test_several_classes_equal_scikit_learn_per_class(pair):
    p, r = (m.ravel() for m in pair)
    names = ("a", "b", "c")
    s = score_masks(*pair, names)
    present = [c for c in (1, 2, 3) if (p == c).any() or (r == c).any()]
    assert set(s.per_class) == {names[c - 1] for c in present}
    if present:
        each = f1_score(r, p, labels=present, average=None, zero_division=0)
        assert s.dice == pytest.approx(each.mean())
        assert [s.per_class[names[c - 1]]["dice"] for c in present] == pytest.approx(list(each))
    assert s.pixel_accuracy == pytest.approx(accuracy_score(r, p))


@settings(max_examples=50)
@given(pairs(2))
def test_counts_add_up_and_split(pair):
    p, r = pair
    whole = count(p, r, 2)
    assert (whole.tp + whole.fp + whole.fn + whole.tn == p.size).all()
    parts = count(p[:1], r[:1], 2) + count(p[1:], r[1:], 2)
    assert (parts.tp == whole.tp).all()
    assert (parts.fp == whole.fp).all()
    assert parts.correct == whole.correct


def test_any_label_is_foreground_for_one_class():
    assert score_masks(np.array([[0, 255]]), np.array([[0, 7]])).dice == 1


@pytest.mark.parametrize("bad", [np.full((2, 2), 9), np.full((2, 2), -1)])
def test_labels_beyond_the_classes_are_refused(bad):
    with pytest.raises(DataError, match="only 2 classes"):
        score_masks(bad, np.zeros((2, 2), int), ("a", "b"))


def test_shapes_must_agree():
    with pytest.raises(DataError, match=r"2×2 but the reference is 2×3"):
        score_masks(np.zeros((2, 2)), np.zeros((2, 3)))
