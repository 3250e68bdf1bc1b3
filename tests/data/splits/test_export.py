"""A split as folders of images and masks."""

from pathlib import Path

import pytest

from napari_unet.config import SplitConfig
from napari_unet.data.cases import Dataset
from napari_unet.data.dataset import open_dataset
from napari_unet.data.splits.export import export_split
from napari_unet.data.splits.imported import read_split
from napari_unet.data.splits.split import Split, make_split
from napari_unet.errors import DataError


@pytest.fixture
def data(png, tmp_path: Path, disc) -> Dataset:
    """Six cases of three patients and two kinds; the last has a mask for each object."""
    rows = ["image,mask,patient,kind"]
    for i in range(6):
        png(f"data/scans/a {i}.png", disc + i)
        png(f"data/drawn/m{i}.png", disc * 255)
        png(f"data/drawn/n{i}.png", disc * 255)
        masks = f"drawn/m{i}.png|drawn/n{i}.png" if i == 5 else f"drawn/m{i}.png"
        rows.append(f"scans/a {i}.png,{masks},P{i // 2},{'ab'[i % 2]}")
    (tmp_path / "data" / "metadata.csv").write_text("\n".join(rows))
    return open_dataset(tmp_path / "data")


@pytest.fixture
def split(data: Dataset) -> Split:
    return make_split(data.cases, SplitConfig(60, 0, 40))


def test_the_folders_open_as_the_same_cases_and_split(data, split, tmp_path: Path) -> None:
    before = {p: p.read_bytes() for p in data.root.rglob("*.png")}
    steps = list(export_split(data, split, tmp_path / "out"))
    assert steps[-1] == (6, 6)
    out = open_dataset(tmp_path / "out")
    assert len(out) == 6
    assert sorted(c.patient for c in out.cases) == sorted(c.patient for c in data.cases)
    assert sorted(c.tags["kind"] for c in out.cases) == ["a"] * 3 + ["b"] * 3
    originals = {c.image.read_bytes(): c for c in data.cases}
    for case in out.cases:
        original = originals[case.image.read_bytes()]
        assert case.name.split("/")[0] == split.subsets[original.name]
        assert len(case.masks) == len(original.masks)
        assert case.mask.read_bytes() == original.mask.read_bytes()
    assert {p: p.read_bytes() for p in data.root.rglob("*.png")} == before
    again = read_split(tmp_path / "out" / "train.txt", out)
    assert (again.unknown, again.missing, again.leaks) == ((), (), ())
    assert again.split.subsets == read_split(tmp_path / "out", out).split.subsets


def test_images_and_masks_have_equal_names(data, split, tmp_path: Path) -> None:
    list(export_split(data, split, tmp_path / "out"))
    images = {p.stem for p in tmp_path.glob("out/*/images/*.png")}
    assert images == {f"a {i}" for i in range(6)}
    assert {p.stem for p in tmp_path.glob("out/*/masks/*.png")} == images - {"a 5"}
    assert not (tmp_path / "out" / "val").exists()
    listed = (tmp_path / "out" / "train.txt").read_text().splitlines()
    assert all((tmp_path / "out" / line).is_file() for line in listed)


def test_copies_are_no_links(data, split, tmp_path: Path) -> None:
    list(export_split(data, split, tmp_path / "out"))
    files = [p for p in (tmp_path / "out").rglob("*") if not p.is_dir()]
    assert len(files) > 12
    assert all(p.stat().st_nlink == 1 and not p.is_symlink() for p in files)


def test_other_folders_are_left_alone(data, split, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(DataError, match="not empty"):
        list(export_split(data, split, tmp_path / "full"))
    with pytest.raises(DataError, match="own folder"):
        list(export_split(data, split, data.root / "split"))
    (tmp_path / "empty").mkdir()
    list(export_split(data, split, tmp_path / "empty"))
    assert (tmp_path / "empty" / "train.txt").is_file()


def test_stopping_leaves_nothing_behind(data, split, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    steps = export_split(data, split, tmp_path / "out")
    next(steps)
    next(steps)
    steps.close()
    assert sorted(tmp_path.iterdir()) == before


def test_a_file_that_is_gone_leaves_nothing_behind(data, split, tmp_path: Path) -> None:
    data.cases[3].mask.unlink()
    with pytest.raises(DataError, match="nothing was left"):
        list(export_split(data, split, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_split_of_other_data_exports_nothing(data, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none of these cases"):
        list(export_split(data, Split({}, (80, 10, 10), 0), tmp_path / "out"))
