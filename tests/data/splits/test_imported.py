"""Splits that somebody brings are found and checked."""

from pathlib import Path

import pytest

from napari_unet.config import SplitConfig
from napari_unet.data.cases import Case, Dataset, LabelRule
from napari_unet.data.splits.imported import read_split
from napari_unet.data.splits.split import make_split
from napari_unet.errors import DataError


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    """Six cases of three patients, each file another; sizes are equal."""
    root = tmp_path / "data"
    cases = []
    for i in range(6):
        image, mask = root / "images" / f"s{i}.png", root / "masks" / f"s{i}_mask.png"
        for path in (image, mask):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes([i]) * 100)
        cases.append(Case(f"images/s{i}", image, mask, f"P{i // 2}", ""))
    return Dataset(root, tuple(cases), (), "", "somewhere", LabelRule(), 1)


def write(folder: Path, **lists: str) -> Path:
    for name, text in lists.items():
        (folder / f"{name}.txt").write_text("\n".join(text.split(";")))
    return folder / "train.txt"


@pytest.mark.parametrize(
    "names",
    [
        "s0;s1;s2;s3",
        "s0.png;images/s1.png;/somewhere/else/images/s2.png;data\\images\\s3.png",
        "images/s0 masks/s0_mask;s1.png,s1_mask.png;images/s2.png\tmasks/s2_mask.png;s3_mask.png",
    ],
)
def test_names_are_found_however_they_are_written(data: Dataset, tmp_path, names: str) -> None:
    checked = read_split(write(tmp_path, train=names, test="s4;s5"), data)
    assert [n for n, s in checked.split.subsets.items() if s == "train"] == [
        f"images/s{i}" for i in range(4)
    ]
    assert (checked.unknown, checked.missing, checked.leaks) == ((), (), ())
    assert checked.split.ratios == (66.7, 0.0, 33.3)
    assert list(checked.notes()) == []


def test_a_leak_is_told_by_name(data: Dataset, tmp_path: Path) -> None:
    data.cases[5].image.write_bytes(data.cases[1].image.read_bytes())
    checked = read_split(write(tmp_path, train="s0;s1;s2", test="s3;s4;s5;s0"), data)
    assert checked.leaks == (
        "case images/s0 in train and test",
        "patient P1 in train (1) and test (1)",
        "the same image as images/s1 (train) and images/s5 (test)",
    )
    assert "A leak: patient P1 in train (1) and test (1)." in list(checked.notes())


def test_unknown_and_missing_names_are_told(data: Dataset, tmp_path: Path) -> None:
    checked = read_split(write(tmp_path, train="s0;s1;nobody", test="s2;s3"), data)
    assert checked.unknown == ("nobody",)
    assert checked.missing == ("images/s4", "images/s5")
    assert "nobody" in " ".join(checked.notes())


def test_a_name_that_could_be_several_cases_is_unknown(data: Dataset, tmp_path: Path) -> None:
    twin = Case("more/s0", data.root / "more" / "s0.png", data.root / "x.png", "P9", "")
    data = Dataset(data.root, (*data.cases, twin), (), "", "", LabelRule(), 1)
    checked = read_split(write(tmp_path, train="s0;images/s1", test="more/s0"), data)
    assert checked.unknown == ("s0",)
    assert checked.split.subsets == {"images/s1": "train", "more/s0": "test"}


def test_our_own_file_comes_back(data: Dataset, tmp_path: Path) -> None:
    made = make_split(data.cases, SplitConfig(seed=7), "somewhere")
    made.save(tmp_path / "split.json")
    assert read_split(tmp_path / "split.json", data).split == made


def test_the_folders_of_the_data_are_a_split(tmp_path: Path) -> None:
    cases = [
        Case(f"{s}/images/{s}1", tmp_path / s / "images" / f"{s}1.png", tmp_path / "m.png", s, "")
        for s in ("train", "test")
    ]
    data = Dataset(tmp_path, tuple(cases), (), "", "", LabelRule(), 1)
    assert read_split(tmp_path, data).split.subsets == {
        "train/images/train1": "train",
        "test/images/test1": "test",
    }


def test_a_split_of_other_data_is_refused(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"names none of the 6 cases.*'x, y'"):
        read_split(write(tmp_path, train="x;y"), data)
