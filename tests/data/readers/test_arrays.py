"""Which array of a file is meant."""

import pytest

from napari_unet.data.readers.arrays import choose_array
from napari_unet.errors import DataError

VOLUME, LIST = (30, 40, 50), (7,)


@pytest.mark.parametrize(
    ("names", "image", "mask"),
    [
        (("raw", "label"), "raw", "label"),
        (("label", "raw"), "raw", "label"),
        (("Image", "Mask"), "Image", "Mask"),
        (("volumes/raw", "volumes/labels/neurons"), "volumes/raw", "volumes/labels/neurons"),
        (("t0/channel0", "gt/t0"), "t0/channel0", "gt/t0"),
        (("something",), "something", "something"),
        (("labels",), "labels", "labels"),
    ],
)
def test_names_decide(names: tuple[str, ...], image: str, mask: str) -> None:
    shapes = {**dict.fromkeys(names, VOLUME), "times": LIST}
    assert choose_array(shapes, "image") == image
    assert choose_array(shapes, "mask") == mask


def test_a_person_decides() -> None:
    assert choose_array({"a": VOLUME, "b": VOLUME, "c": LIST}, "image", "/b/") == "b"
    with pytest.raises(DataError, match=r"no array 'd' in it \(it holds a, b\)"):
        choose_array({"a": VOLUME, "b": VOLUME}, "image", "d")


def test_nothing_is_chosen_at_random() -> None:
    with pytest.raises(DataError, match="several arrays in it could be the image: a, b; say which"):
        choose_array({"a": VOLUME, "b": VOLUME}, "image")
    with pytest.raises(DataError, match="holds times"):
        choose_array({"times": LIST}, "image")
    with pytest.raises(DataError, match="holds nothing"):
        choose_array({}, "mask")
    many = {f"list{i}": LIST for i in range(20)}
    with pytest.raises(DataError, match="and 12 more"):
        choose_array(many, "image")
