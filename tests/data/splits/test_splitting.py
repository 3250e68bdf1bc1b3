"""The split a job works with."""

from pathlib import Path

import pytest
from tests.data.splits.test_split import cases

from napari_unet.config import SplitConfig
from napari_unet.data.cases import Dataset, LabelRule
from napari_unet.data.splits.split import load
from napari_unet.data.splits.splitting import check, divided, folds_of, save
from napari_unet.errors import DataError


def dataset(sizes: list[int], kinds: list[str] | None = None) -> Dataset:
    return Dataset(Path("/data"), tuple(cases(sizes, kinds)), (), "", "x", LabelRule(), 1)


def test_every_patient_is_tested_in_exactly_one_fold() -> None:
    data = dataset([3] * 10, ["a", "b"] * 5)
    splits = [c.split for c in folds_of(data, SplitConfig(folds=5))]
    tested = [{n for n, s in made.subsets.items() if s == "test"} for made in splits]
    assert [len(t) for t in tested] == [6] * 5
    assert set().union(*tested) == {c.name for c in data.cases}
    for made in splits:
        homes = {(c.patient, made.subsets[c.name]) for c in data.cases}
        assert len(homes) == 10
        assert "val" in made.subsets.values()
    kinds = [{c.tags["kind"] for c in data.cases if c.name in t} for t in tested]
    assert kinds == [{"a", "b"}] * 5


def test_more_folds_than_patients_are_refused() -> None:
    with pytest.raises(DataError, match="2 patients cannot be divided into 3 folds"):
        folds_of(dataset([2, 2]), SplitConfig(folds=3))


def test_folds_are_kept_in_files_of_their_own(tmp_path: Path) -> None:
    splits = folds_of(dataset([2, 2, 2, 2]), SplitConfig(folds=2))
    paths = save(splits, tmp_path / "s.json")
    assert [p.name for p in paths] == ["s.fold1.json", "s.fold2.json"]
    assert load(paths[1]) == splits[1].split
    assert save(splits[:1], tmp_path / "s.json") == [tmp_path / "s.json"]
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="could not be written"):
        save(splits, tmp_path / "file" / "s.json")


def test_an_imported_split_without_validation_gets_some(tmp_path: Path) -> None:
    data = dataset([2] * 8)
    (tmp_path / "train.txt").write_text("\n".join(c.name for c in data.cases[:12]))
    (tmp_path / "test.txt").write_text("\n".join(c.name for c in data.cases[12:]))
    split, notes = divided(data, SplitConfig(file=str(tmp_path / "train.txt")))
    counts = [list(split.subsets.values()).count(s) for s in ("train", "val", "test")]
    assert counts == [10, 2, 4]
    assert any("validation" in n for n in notes)
    assert {c.patient for c in data.cases if split.subsets[c.name] == "val"} <= {
        c.patient for c in data.cases[:12]
    }


def test_a_split_without_training_cases_is_refused(tmp_path: Path) -> None:
    data = dataset([1, 1])
    (tmp_path / "test.txt").write_text("\n".join(c.name for c in data.cases))
    with pytest.raises(DataError, match="no case for training"):
        divided(data, SplitConfig(file=str(tmp_path / "test.txt")))


def test_without_a_file_a_split_is_made() -> None:
    data = dataset([2] * 10)
    split, notes = divided(data, SplitConfig())
    assert notes == ()
    assert check(data, SplitConfig()).split.subsets == split.subsets
