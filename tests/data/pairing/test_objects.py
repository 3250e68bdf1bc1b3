"""Several masks for one image (published layouts are in test_layouts)."""

from napari_unet.data.pairing.matching import match
from napari_unet.data.pairing.tree import scan


def masks(root) -> dict[str, list[str]]:
    return {m.image.rel: [f.rel for f in m.masks] for m in match(scan(root).files).pairs}


def test_the_reason_says_that_there_are_several(folder) -> None:
    found = match(scan(folder("a.png", "a_mask_1.png", "a_mask_2.png")).files).pairs[0]
    assert "one mask for each object" in found.reason
    assert len(found.masks) == 2


def test_masks_are_in_the_order_of_their_numbers(folder) -> None:
    root = folder("a.png", *(f"a_nucleus_{n}.png" for n in (10, 9, 1)))
    assert masks(root) == {"a.png": [f"a_nucleus_{n}.png" for n in (1, 9, 10)]}


def test_a_single_counted_name_is_no_object(folder) -> None:
    more = ("masks/c.png", "masks/d.png")
    assert masks(folder("images/a.png", "images/b.png", "masks/a_1.png", *more)) == {}


def test_images_that_share_a_folder_do_not_get_each_others_masks(folder) -> None:
    root = folder("p/images/a.png", "p/images/b.png", "p/masks/x.png", "p/masks/y.png")
    assert not any(len(m) > 1 for m in masks(root).values())


def test_left_and_right_of_different_images_stay_apart(folder) -> None:
    root = folder("a/images/1.png", "b/images/1.png", "leftMask/1.png", "rightMask/1.png")
    assert masks(root) == {}


def test_drawings_by_several_people_are_not_merged(folder) -> None:
    root = folder("images/21.png", "manual1/21_manual1.png", "manual2/21_manual2.png")
    assert masks(root) == {"images/21.png": ["manual1/21_manual1.png"]}
