"""What names of folders and files say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.data.pairing.names import natural, place, read_part, tokens, without_word


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("GroundT_FacePhoto2", ["groundtruth", "face", "photo", "2"]),
        ("Ground Truth", ["groundtruth"]),
        ("JPEGImages", ["jpeg", "images"]),
        ("imagesTr", ["images", "tr"]),
        ("trainannot", ["train", "annot"]),
        ("unmasked", ["unmasked"]),
    ],
)
def test_tokens(name: str, words: list[str]) -> None:
    assert tokens(name) == words


@pytest.mark.parametrize(
    ("part", "role", "rest"),
    [
        ("images", "image", ""),
        ("imagesTr", "image", "tr"),
        ("labelsTr", "mask", "tr"),
        ("label_images", "mask", ""),
        ("train_masks_png", "mask", "train"),
        ("GroundT_FacePhoto", "mask", "face"),
        ("FacePhoto", "image", "face"),
        ("SegmentationClass", "mask", ""),
        ("x_train", "image", "train"),
        ("y_train", "mask", "train"),
        ("TCGA_CS_4941", "", "tcga cs 4941"),
    ],
)
def test_a_folders_role_and_what_else_it_says(part: str, role: str, rest: str) -> None:
    assert read_part(part)[::2] == (role, rest)


@pytest.mark.parametrize(
    ("parts", "role", "key"),
    [
        (("train", "images"), "image", ("train",)),
        (("masks", "train"), "mask", ("train",)),
        (("labels", "images"), "image", ()),
        (("masks", "scan12"), "mask", ("12",)),
        (("images", "scan12"), "image", ("12",)),
        (("Ground_Truth", "GroundT_FacePhoto"), "mask", ("face",)),
        ((), "", ()),
    ],
)
def test_a_path(parts: tuple[str, ...], role: str, key: tuple[str, ...]) -> None:
    assert (place(parts).role, place(parts).key) == (role, key)


@pytest.mark.parametrize(
    ("stem", "rest"),
    [
        ("a_mask", "a"),
        ("a-Mask", "a"),
        ("a.seg", "a"),
        ("mask_a", "a"),
        ("gt 5", "5"),
        ("a_ground_truth", "a"),
        ("001mask", "001"),
        ("mask001", "001"),
        ("mask", ""),
        ("X_1_mask", "X_1"),
        ("m(01-32)_gr", None),
        ("unmasked", None),
        ("amask", None),
        ("a_mask_1", None),
    ],
)
def test_affixes(stem: str, rest: str | None) -> None:
    found = without_word(stem, "mask")
    assert (found and found[0]) == rest
    if found and found[0]:
        assert sorted((found[0] + found[1], found[1] + found[0]))
        assert stem in (found[0] + found[1], found[1] + found[0])


@given(st.lists(st.integers(0, 10**6)))
def test_natural_order_is_that_of_numbers(numbers: list[int]) -> None:
    names = sorted((f"a{n}.png" for n in numbers), key=natural)
    assert names == [f"a{n}.png" for n in sorted(numbers)]


@given(st.lists(st.text()))
def test_any_names_can_be_ordered(names: list[str]) -> None:
    sorted(names, key=natural)
