"""Patients in parts of given shares."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.splits.test_split import cases

from napari_unet.data.splits.division import divide

SIZES = st.lists(st.integers(1, 30), min_size=4, max_size=40)


@given(SIZES, st.integers(2, 4), st.text())
def test_every_part_gets_somebody_and_everybody_a_part(sizes: list[int], parts: int, seed) -> None:
    people = {f"p{i}": Counter({"": n}) for i, n in enumerate(sizes)}
    names = [str(n) for n in range(parts)]
    chosen = divide(people, dict.fromkeys(names, 1 / parts), seed)
    assert set(chosen) == set(people)
    assert set(chosen.values()) == set(names)
    assert divide(people, dict.fromkeys(names, 1 / parts), seed) == chosen


def test_kinds_are_spread() -> None:
    people = {f"p{i}": Counter({"ab"[i % 2]: 4}) for i in range(40)}
    chosen = divide(people, {"x": 0.5, "y": 0.5}, "0")
    kinds = Counter((chosen[p], *found) for p, found in people.items())
    assert set(kinds.values()) == {10}


def test_a_tag_is_chosen_or_the_coarsest_taken() -> None:
    from napari_unet.data.splits.division import count_people
    from napari_unet.errors import DataError

    made = cases([2, 2], ["a", "b"])
    assert count_people(made) == count_people(made, "kind")
    with pytest.raises(DataError, match=r"'colour'.*the tags are kind"):
        count_people(made, "colour")
    with pytest.raises(DataError, match="no tags"):
        count_people(cases([1]), "kind")
