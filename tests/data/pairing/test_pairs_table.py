"""Pairs as CSV, there and back."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.data.dataset import open_dataset
from napari_unet.data.pairing.pairs_table import read_tags, write_pairs, write_tags
from napari_unet.errors import DataError


@pytest.fixture
def root(png, tmp_path: Path, disc) -> Path:
    """Three cases, one with two masks, two of one patient; a mask that belongs to nothing."""
    for name in ("patient1_a", "patient1_b", "patient2_ä"):
        png(f"data/images/{name}.png", disc)
    for name in ("patient1_a", "patient2_ä", "patient1_b_mask_1", "patient1_b_mask_2", "zzz"):
        png(f"data/masks/{name}.png", disc * 255)
    return tmp_path / "data"


def test_a_table_written_and_read_gives_the_same_cases(root: Path, tmp_path: Path) -> None:
    before = open_dataset(root)
    table = write_pairs(tmp_path / "pairs.csv", before)
    again = open_dataset(root, pairs=table)
    assert again.cases == before.cases
    assert any(len(c.masks) == 2 for c in again.cases)
    assert table.read_text().splitlines()[0] == "image,mask,patient,confidence,reason,tags"


def test_a_table_decides_alone(root: Path, tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text(
        "image,mask,patient,tags\n"
        "images/patient1_a.png,masks/zzz.png,Ann,kind=x; site=y\n"
        "images/patient1_b.png,masks/zzz.png,Bob,kind=z\n"
    )
    data = open_dataset(root, pairs=table)
    assert [(c.mask.name, c.patient, c.reason, c.confidence) for c in data.cases] == [
        ("zzz.png", "Ann", "listed in mine.csv", 1.0),
        ("zzz.png", "Bob", "listed in mine.csv", 1.0),
    ]
    assert data.cases[0].tags["kind"] == "x"
    assert "not listed in mine.csv" in {u.reason for u in data.unpaired}


def test_files_that_hold_both_come_back(cjdata, tmp_path: Path, disc) -> None:
    for i in range(3):
        cjdata(f"data/{i}.mat", disc * 9, disc, f"MR{i}", 1 + i % 2)
    before = open_dataset(tmp_path / "data")
    table = write_pairs(tmp_path / "pairs.csv", before)
    assert open_dataset(tmp_path / "data", pairs=table).cases == before.cases


def test_an_image_is_not_its_own_mask(root: Path, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("image,mask\nimages/patient1_a.png,images/patient1_a.png\n")
    with pytest.raises(DataError, match="no pair"):
        open_dataset(root, pairs=tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "needs the columns 'image' and 'mask'"),
        ("image,mask\nnot.png,there.png\n", "no pair"),
        ("", "no rows"),
    ],
)
def test_a_useless_table_is_an_error(root: Path, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        open_dataset(root, pairs=tmp_path / "t.csv")


def test_a_table_that_is_not_there(root: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv"):
        open_dataset(root, pairs=tmp_path / "none.csv")
    with pytest.raises(DataError, match="could not be written"):
        (tmp_path / "file").touch()
        write_pairs(tmp_path / "file" / "x.csv", open_dataset(root))


WORDS = st.text(min_size=1).map(str.strip).filter(bool)


@given(st.dictionaries(WORDS, WORDS))
def test_tags_come_back(tags: dict[str, str]) -> None:
    assert read_tags(write_tags(tags)) == tags


def test_tags_are_readable() -> None:
    assert write_tags({"tumor type": "2", "größe": "klein; 3"}) == "tumor type=2; größe=klein%3B 3"
