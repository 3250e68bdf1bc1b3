from pathlib import Path

import pytest

from napari_unet.data.cases import Case
from napari_unet.data.splits.joining import learnable


def case(name, patient):
    return Case(name, Path(f"{name}.png"), Path(f"{name}_mask.png"), patient, "")


CASES = [case("a", "p"), case("b", "p"), case("c", "q"), case("d", "r"), case("e", "s")]
SUBSETS = {"a": "train", "c": "val", "d": "test"}


def names(cases):
    return [c.name for c in cases]


def test_what_judges_is_not_learned_from():
    fit, held = learnable(CASES, CASES, SUBSETS)
    assert names(fit) == ["a", "b", "e"]
    assert names(held) == ["c", "d"]


@pytest.mark.parametrize("subset", ["val", "test"])
def test_nor_is_another_image_of_the_same_patient(subset):
    fit, held = learnable([CASES[1], CASES[4]], CASES, {"a": subset})
    assert names(fit) == ["e"]
    assert names(held) == ["b"]


def test_a_patient_s_name_when_the_split_was_made_counts_too():
    fit, held = learnable([CASES[4]], CASES, SUBSETS, {"d": "s"})
    assert not fit
    assert names(held) == ["e"]


def test_without_a_split_everything_can_be_learned_from():
    assert learnable(CASES, CASES, {}) == (CASES, [])
