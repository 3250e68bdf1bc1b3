"""Why a file takes no part (published layouts are in test_layouts)."""

import time

import pytest

from napari_unet.data.pairing.find import find_pairs
from napari_unet.data.pairing.unpaired import (
    NAMES,
    NO_FORMAT,
    NO_IMAGE,
    NO_MASK,
    NO_MASKS_HERE,
    OUTLINES,
)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("images/2.png", NO_MASK),
        ("masks/3.png", NO_IMAGE),
        ("notes.docx", NO_FORMAT),
        ("images/1.json", OUTLINES),
        ("train.txt", NAMES),
        ("images/test/7.png", NO_MASKS_HERE),
        ("p9/masks/4.png", "no image found for it; p8/images/4.png has its name, but belongs "
                           "elsewhere or to several"),
    ],
)  # fmt: skip
def test_reasons(folder, name: str, reason: str) -> None:
    root = folder("images/1.png", "masks/1.png", "p8/images/4.png", "p8/masks/5.png", name)
    found = {u.path.relative_to(root).as_posix(): u.reason for u in find_pairs(root).unpaired}
    assert found[name] == reason


def test_the_pixels_of_a_header_are_known(folder) -> None:
    root = folder("a.mhd", "a.raw", "a_mask.mhd", "a_mask.zraw")
    found = find_pairs(root)
    assert [p.mask.name for p in found.pairs] == ["a_mask.mhd"]
    assert [u.reason for u in found.unpaired] == [
        "holds the pixels of a.mhd",
        "holds the pixels of a_mask.mhd",
    ]


def test_many_files_of_one_name_take_no_longer(folder) -> None:
    root = folder(*(f"{i}/image.png" for i in range(4000)), *(f"x{i}/mask.png" for i in range(10)))
    start = time.perf_counter()
    assert len(find_pairs(root).unpaired) == 4010
    assert time.perf_counter() - start < 20
