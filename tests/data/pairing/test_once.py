"""Names that occur once, in places that fit each other."""

import pytest

from napari_unet.data.pairing.matches import Matches
from napari_unet.data.pairing.once import take_once
from napari_unet.data.pairing.tree import scan


def pairs(root) -> dict[str, str]:
    matches = Matches()
    files = list(scan(root).files)
    left = take_once(files, matches, str.casefold, lambda f: f.place.key, 0.5)
    assert len(left) == len(files) - 2 * len(matches.pairs)
    assert all(m.confidence == 0.5 for m in matches.pairs)
    return {m.image.rel: m.mask.rel for m in matches.pairs}


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("data/face/1.png", "masks/face/1.png"),
        ("p1/1.png", "masks/1.png"),
        ("scans/1.png", "p1/masks/1.png"),
        ("Images/A.png", "masks/a.png"),
        ("images/a.png", "masks x/a_L.png"),
        ("images/a.png", "masks x/a.jpg.png"),
    ],
)
def test_a_place_within_the_other(folder, image: str, mask: str) -> None:
    assert pairs(folder(image, mask)) == {image: mask}


@pytest.mark.parametrize(
    "names",
    [
        ("p1/1.png", "p2/masks/1.png"),
        ("a/1.png", "b/1.png", "masks/1.png"),
        ("a/1.png", "masks/1.png", "labels/1.png"),
        ("a/1.png", "masks/10.png"),
    ],
)
def test_doubt_pairs_nothing(folder, names: tuple[str, ...]) -> None:
    assert pairs(folder(*names)) == {}
