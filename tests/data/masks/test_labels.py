"""From stored values to class indices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_unet.data.cases import LabelRule
from napari_unet.data.masks.labels import apply_rule, describe_rule
from napari_unet.errors import DataError

ANY = st.one_of(
    arrays(np.uint8, (5, 6)),
    arrays(np.uint16, (5, 6)),
    arrays(np.int64, (5, 6)),
    arrays(np.float32, (5, 6)),
    arrays(np.float64, (5, 6)),
    arrays(np.bool_, (5, 6)),
)


@given(ANY, st.floats(-1000, 70_000))
def test_above_the_threshold_is_foreground(mask: np.ndarray, threshold: float) -> None:
    found = apply_rule(mask, LabelRule(threshold=threshold))
    assert found.dtype == np.uint8
    expected = np.array([float(v) > threshold for v in mask.ravel().tolist()]).reshape(mask.shape)
    assert np.array_equal(found, expected)


@given(ANY, st.lists(st.integers(-10, 70_000), min_size=2, max_size=5, unique=True))
def test_only_named_values_are_classes(mask: np.ndarray, values: list[int]) -> None:
    names = tuple(f"class {v}" for v in values)
    found = apply_rule(mask, LabelRule(values=tuple(values), names=names))
    assert found.dtype == np.uint8
    for stored, index in zip(mask.ravel().tolist(), found.ravel().tolist(), strict=True):
        near = round(stored) if np.isfinite(stored) else None
        assert index == (values.index(near) + 1 if near in values else 0)


def test_more_classes_than_can_be_told_apart_are_refused() -> None:
    values = tuple(range(1, 255))
    rule = LabelRule(values=values, names=tuple(map(str, values)))
    assert apply_rule(np.array([[254]]), rule).tolist() == [[254]]
    with pytest.raises(DataError, match="255 classes are too many"):
        apply_rule(np.array([[1]]), LabelRule(values=(*values, 255), names=("a",) * 255))


def test_rules_in_words() -> None:
    assert describe_rule(LabelRule(threshold=127.5)) == "foreground where the mask is above 127.5"
    assert (
        describe_rule(LabelRule(values=(1, 4), names=("class 1", "class 4")))
        == "class 1 where it is 1, class 4 where it is 4"
    )
