"""Whole folders: tables, MATLAB files, names, and what is left over."""

from pathlib import Path

import pytest

from napari_unet.data.pairing.find import Pairing, find_pairs, mask_key
from napari_unet.data.pairing.unpaired import NO_FORMAT, NO_IMAGE, NO_MASK


def names(pairing: Pairing, root: Path) -> dict[str, str]:
    return {
        p.image.relative_to(root).as_posix(): p.mask.relative_to(root).as_posix()
        for p in pairing.pairs
    }


def left_out(pairing: Pairing, root: Path) -> dict[str, str]:
    return {u.path.relative_to(root).as_posix(): u.reason for u in pairing.unpaired}


def test_every_file_left_over_has_a_reason(folder) -> None:
    root = folder(
        *("images/1.png", "images/2.png", "images/read me.txt"),
        *("masks/1.png", "masks/3.png", "masks/1.jpg"),
    )
    found = find_pairs(root)
    assert names(found, root) == {"images/1.png": "masks/1.png"}
    assert left_out(found, root) == {
        "images/2.png": NO_MASK,
        "masks/3.png": NO_IMAGE,
        "images/read me.txt": NO_FORMAT,
        "masks/1.jpg": "another file is taken in its place: images/1.png and masks/1.png",
    }
    assert found.rule == "same name in images and masks"


def test_pairs_come_in_the_order_of_their_numbers(folder) -> None:
    root = folder(*(f"{k}/{n}.png" for n in (10, 9, 100) for k in ("images", "masks")))
    assert list(names(find_pairs(root), root)) == [f"images/{n}.png" for n in (9, 10, 100)]


def test_an_empty_folder_is_no_error_here(folder) -> None:
    assert find_pairs(folder()).pairs == ()


# --- keys ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("a_mask.png", "a"),
        ("p1/a.tif", "p1/a"),
        ("gt_12.png", "12"),
        ("mask.png", "mask"),
        ("a.b.png", "a.b"),
    ],
)
def test_masks_of_one_case_share_a_key(path: str, key: str) -> None:
    assert mask_key(path) == mask_key(Path(path)) == key


# --- real data ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("brain_tumor", 2557),
        ("brain_tumor_512", 40),
        ("brain_tumor_mat", 11),
        ("lgg", 176),
        ("pratheepan", 78),
        ("dsb2018", 56),
        ("isbi2012", 20),
        ("hippocampus", 100),
    ],
)
def test_all_real_pairs_are_found_and_right(real_data, name: str, count: int) -> None:
    root = real_data(name)
    found = find_pairs(root)
    assert len(found.pairs) == count
    assert found.unpaired == ()
    assert len({p.mask for p in found.pairs}) == count
    for pair in found.pairs:
        image, mask = pair.image, pair.mask
        assert mask.stem.removesuffix("_mask") == image.stem
        assert mask.parent.name.removeprefix("GroundT_") in (
            image.parent.name,
            *("masks", "labels", "label", "labelsTr"),
        )
        assert "order" not in pair.reason
        assert pair.confidence >= 0.9
