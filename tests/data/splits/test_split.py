"""Splits never part a patient."""

import json
import random
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.config import SplitConfig
from napari_unet.data.cases import SUBSETS, Case
from napari_unet.data.splits.split import Split, cases_of, load, make_split, split_path
from napari_unet.errors import DataError


def cases(sizes: list[int], kinds: list[str] | None = None) -> list[Case]:
    """One patient per size, with so many cases and (maybe) a kind."""
    path = Path("x.png")
    return [
        Case(f"{p}/{n}", path, path, f"patient{p}", "", {"kind": kinds[p]} if kinds else {})
        for p, size in enumerate(sizes)
        for n in range(size)
    ]


SIZES = st.lists(st.integers(1, 30), min_size=3, max_size=25)
CONFIGS = st.builds(
    SplitConfig,
    st.floats(1, 100),
    st.floats(0, 50),
    st.floats(0, 50),
    st.integers(0, 10),
)


@given(SIZES, CONFIGS)
def test_no_patient_is_parted_and_no_case_lost(sizes: list[int], config: SplitConfig) -> None:
    made = cases(sizes)
    split = make_split(made, config)
    assert set(split.subsets) == {c.name for c in made}
    homes = defaultdict(set)
    for case in made:
        homes[case.patient].add(split.subsets[case.name])
    assert all(len(home) == 1 for home in homes.values())
    wanted = {s for s in SUBSETS if getattr(config, s) > 0}
    assert set(split.subsets.values()) == wanted


@given(SIZES, CONFIGS, st.randoms())
def test_the_order_of_the_cases_does_not_matter(
    sizes: list[int], config: SplitConfig, chance: random.Random
) -> None:
    made = cases(sizes, [f"kind{i % 3}" for i in range(len(sizes))])
    shuffled = list(made)
    chance.shuffle(shuffled)
    assert make_split(made, config).subsets == make_split(shuffled, config).subsets


def test_the_seed_matters() -> None:
    made = cases([3] * 30)
    splits = [make_split(made, SplitConfig(seed=s)).subsets for s in (0, 0, 1)]
    assert splits[0] == splits[1] != splits[2]


@pytest.mark.parametrize("ratios", [(80, 10, 10), (70, 0, 30), (61.25, 8.75, 30), (1, 1, 1)])
def test_shares_are_as_asked_for(ratios: tuple[float, float, float]) -> None:
    made = cases([random.Random(i).randint(1, 30) for i in range(150)])
    counts = Counter(make_split(made, SplitConfig(*ratios)).subsets.values())
    for subset, ratio in zip(SUBSETS, ratios, strict=True):
        assert counts[subset] / len(made) == pytest.approx(ratio / sum(ratios), abs=0.01)


def test_many_cases_of_their_own_are_divided_exactly() -> None:
    counts = Counter(make_split(cases([1] * 2000), SplitConfig()).subsets.values())
    assert counts == {"train": 1600, "val": 200, "test": 200}


def test_kinds_are_spread_over_the_subsets() -> None:
    made = cases([4] * 90, [("common", "common", "rare")[i % 3] for i in range(90)])
    split = make_split(made, SplitConfig(60, 20, 20))
    for subset in SUBSETS:
        chosen = [c.tags["kind"] for c in cases_of(split, made, subset)]
        assert chosen.count("rare") / len(chosen) == pytest.approx(1 / 3, abs=0.06)


def test_one_huge_patient_goes_to_train() -> None:
    split = make_split(cases([100, 5, 5, 5]), SplitConfig())
    assert split.subsets["0/0"] == "train"


def test_two_patients_give_up_validation() -> None:
    split = make_split(cases([5, 5]), SplitConfig())
    assert set(split.subsets.values()) == {"train", "test"}
    assert set(make_split(cases([5, 5]), SplitConfig(80, 20, 0)).subsets.values()) == {
        "train",
        "val",
    }


def test_one_patient_cannot_be_divided() -> None:
    with pytest.raises(DataError, match="patient0"):
        make_split(cases([20]), SplitConfig())
    assert set(make_split(cases([20]), SplitConfig(100, 0, 0)).subsets.values()) == {"train"}
    with pytest.raises(DataError, match="no cases"):
        make_split([], SplitConfig())


# --- files --------------------------------------------------------------------------------------


def test_a_split_comes_back_from_its_file(tmp_path: Path) -> None:
    split = make_split(cases([3, 2, 4, 1]), SplitConfig(70, 10, 20, seed=5), "a column")
    split.save(tmp_path / "a.split.json")
    assert load(tmp_path / "a.split.json") == split
    text = json.loads((tmp_path / "a.split.json").read_text())
    assert sum(text["cases"].values()) == 10
    assert set(text["subsets"]) == set(SUBSETS)


def test_without_patients_each_case_is_its_own(tmp_path: Path) -> None:
    Split({"a": "train", "ü": "test"}, (80, 10, 10), 0).save(tmp_path / "s.json")
    assert load(tmp_path / "s.json").patients == {"a": "a", "ü": "ü"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": 1}',
        '{"format": "x", "subsets": {}}',
        '{"format": 1, "subsets": []}',
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(DataError, match="no split file"):
        load(tmp_path / "s.json")


def test_missing_and_newer_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no split file"):
        load(tmp_path / "s.json")
    (tmp_path / "s.json").write_text('{"format": 99}')
    with pytest.raises(DataError, match="newer"):
        load(tmp_path / "s.json")


@pytest.mark.parametrize(
    ("model", "split"),
    [("m/a.unet.safetensors", "m/a.split.json"), ("a.b.safetensors", "a.b.split.json")],
)
def test_the_split_lies_beside_the_model(model: str, split: str) -> None:
    assert split_path(model) == Path(split)


def test_cases_of_a_subset() -> None:
    made = cases([2, 2, 2])
    split = Split({"0/0": "train", "0/1": "train", "1/0": "test"}, (80, 10, 10), 0)
    assert [c.name for c in cases_of(split, made, "train")] == ["0/0", "0/1"]
    assert cases_of(split, made, "val") == ()
    assert len(cases_of(split, made, "all")) == 6
    with pytest.raises(DataError, match="subset 'tset'"):
        cases_of(split, made, "tset")
    with pytest.raises(DataError, match="--subset all"):
        cases_of(split, made[3:], "test")
