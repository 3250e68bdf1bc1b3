"""Pairs and facts from tables."""

from pathlib import Path

import pytest

from napari_unet.data.pairing.find import Pairing, find_pairs


def names(pairing: Pairing, root: Path) -> dict[str, str]:
    return {
        p.image.relative_to(root).as_posix(): p.mask.relative_to(root).as_posix()
        for p in pairing.pairs
    }


def left_out(pairing: Pairing, root: Path) -> dict[str, str]:
    return {u.path.relative_to(root).as_posix(): u.reason for u in pairing.unpaired}


def test_a_table_decides(folder) -> None:
    root = folder("a/1.png", "a/2.png", "a/3.png", "b/x.png", "b/y.png", "b/1.png")
    (root / "metadata.csv").write_text(
        "image;mask;label;patient_id\na/1.png;b/x.png;2;P7\na/2.png;b/y.png;1;P8\n"
        "a/3.png;;1;P8\na/4.png;b/1.png;1;P8\n"
    )
    found = find_pairs(root)
    assert names(found, root) == {"a/1.png": "b/x.png", "a/2.png": "b/y.png"}
    assert left_out(found, root) == {
        "a/3.png": "metadata.csv names no mask for it",
        "a/4.png": "named in metadata.csv, but not there",
        "b/1.png": "not listed in metadata.csv",
    }
    assert found.rule == "listed in metadata.csv"
    assert found.facts[root / "a/1.png"] == {"label": "2", "patient_id": "P7"}
    assert found.facts_from == "metadata.csv"
    assert any("not list" in n for n in found.notes)


def test_a_table_that_names_an_image_twice(folder) -> None:
    root = folder("a/1.png", "b/x.png", "b/y.png")
    (root / "pairs.csv").write_text("image,mask\na/1.png,x.png\na/1.png,y.png\na/1.png,x.png\n")
    found = find_pairs(root)
    assert names(found, root) == {"a/1.png": "b/x.png"}
    assert "another mask" in left_out(found, root)["b/y.png"]


def test_tables_of_splits_are_all_read_and_lie_where_they_like(folder) -> None:
    root = folder("images/1.png", "images/2.png", "masks/1.png", "masks/2.png")
    (root / "lists").mkdir()
    (root / "lists" / "train.csv").write_text("image,mask\n../images/1.png,../masks/1.png\n")
    (root / "lists" / "test.csv").write_text("image,mask\n2.png,2.png\n")
    found = find_pairs(root)
    assert names(found, root) == {"images/1.png": "masks/1.png", "images/2.png": "masks/2.png"}


def test_a_table_of_another_place_leaves_the_rest_alone(folder) -> None:
    root = folder("a/i/1.png", "a/m/1.png", "a/m/2.png", "images/5.png", "masks/5.png")
    (root / "a" / "metadata.csv").write_text("image,mask\ni/1.png,m/1.png\n")
    found = find_pairs(root)
    assert names(found, root) == {"a/i/1.png": "a/m/1.png", "images/5.png": "masks/5.png"}
    assert left_out(found, root) == {"a/m/2.png": "not listed in a/metadata.csv"}


@pytest.mark.parametrize(
    "text",
    [
        "image,patient\n1.png,P1\n2.png,P2\n",
        "patient,id\nP1,1\nP2,2\n",
        "filename,patient\nimages/1.png,P1\nimages/2.png,P2\n",
    ],
)
def test_a_table_without_masks_still_says_whose_images_they_are(folder, text: str) -> None:
    root = folder("images/1.png", "images/2.png", "masks/1.png", "masks/2.png")
    (root / "people.csv").write_text(text)
    found = find_pairs(root)
    assert len(found.pairs) == 2
    assert {f["patient"] for f in found.facts.values()} == {"P1", "P2"}
    assert found.unpaired == ()


@pytest.mark.parametrize("text", ["", "image,mask\n", "a,b\n1,2\n", "image,mask\nx.png,y.png\n"])
def test_a_useless_table_does_no_harm(folder, text: str) -> None:
    root = folder("images/1.png", "masks/1.png")
    (root / "metadata.csv").write_text(text)
    found = find_pairs(root)
    assert names(found, root) == {"images/1.png": "masks/1.png"}
    assert list(left_out(found, root)) == ["metadata.csv"]
