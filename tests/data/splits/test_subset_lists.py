"""Splits as other programs write them."""

import json
from pathlib import Path

import pytest

from napari_unet.data.splits.subset_lists import folder_subset, from_folders, read_lists, subset_of
from napari_unet.errors import DataError


@pytest.mark.parametrize(
    ("word", "subset"),
    [
        ("train", "train"),
        ("Training", "train"),
        ("VALID", "val"),
        ("dev", "val"),
        ("imagesTs", ""),
        ("test", "test"),
        ("trainval", "train"),
        ("contest", ""),
    ],
)
def test_words(word: str, subset: str) -> None:
    assert subset_of(word) == subset


@pytest.mark.parametrize(
    ("name", "subset"),
    [
        ("train/images/1", "train"),
        ("images/valid/1", "val"),
        ("imagesTs/1", "test"),
        ("images/train", ""),
        ("stage1_train/a/images/a", "train"),
    ],
)
def test_folders(name: str, subset: str) -> None:
    assert folder_subset(name) == subset
    assert from_folders([name]).get(subset, []) == ([name] if subset else [])


@pytest.fixture
def write(tmp_path: Path):
    def write(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


def test_lists_are_read_together(write, tmp_path: Path) -> None:
    train = write("train.txt", "a\n\nb\n")
    write("test.txt", "c\r\n")
    write("trainval.txt", "a\nb\nd\n")
    write("readme.txt", "hello")
    assert read_lists(train) == {"train": ["a", "b"], "test": ["c"]}
    assert read_lists(tmp_path) == read_lists(train)


def test_a_list_of_all_but_the_test_counts_as_training_if_there_is_no_other(write) -> None:
    write("trainval.txt", "a\nb\n")
    assert read_lists(write("test.txt", "c\n")) == {"train": ["a", "b"], "test": ["c"]}


@pytest.mark.parametrize(
    "text",
    [
        "image,subset\na.png,train\nb.png,Test\n",
        "id\tsplit\na.png\ttraining\nb.png\ttesting\n",
        "set;kind;filename\ntrain;x;a.png\ntest;y;b.png\n",
    ],
)
def test_tables(write, text: str) -> None:
    assert read_lists(write("split.csv", text)) == {"train": ["a.png"], "test": ["b.png"]}


def test_tables_of_folds(write) -> None:
    path = write("folds.csv", "image,fold\n1.mat,1\n2.mat,2\n3.mat,10\n")
    assert read_lists(path, 3) == {"train": ["1.mat", "2.mat"], "test": ["3.mat"]}
    with pytest.raises(DataError, match="holds 3 folds"):
        read_lists(path, 4)


def test_json_of_others(write) -> None:
    folds = [{"train": ["a"], "val": ["b"]}, {"train": ["b"], "val": ["a"]}]
    path = write("splits_final.json", json.dumps(folds))
    assert read_lists(path, 2) == {"train": ["b"], "test": ["a"]}
    with pytest.raises(DataError, match="no fold 3"):
        read_lists(path, 3)
    decathlon = {"name": "x", "training": [{"image": "./i/a.nii.gz", "label": "./l/a.nii.gz"}],
                 "test": ["./i/b.nii.gz"]}  # fmt: skip
    assert read_lists(write("dataset.json", json.dumps(decathlon))) == {
        "train": ["./i/a.nii.gz"],
        "test": ["./i/b.nii.gz"],
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "{"),
        ("a.json", "3"),
        ("a.json", '[{"train": 3, "val": 3}]'),
        ("a.csv", "a,b\n1,2\n"),
        ("a.txt", "x"),
        ("train.txt", ""),
    ],
)
def test_other_files_are_no_splits(write, name: str, text: str) -> None:
    with pytest.raises(DataError, match=name):
        read_lists(write(name, text))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv cannot be read"):
        read_lists(tmp_path / "none.csv")
