import pytest

from napari_unet.data.formats import SUFFIXES, is_supported, stem_of, suffix_of


def test_suffixes() -> None:
    assert {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".npy", ".mat"} < set(SUFFIXES)
    assert is_supported("A.PNG")
    assert not is_supported("a.txt")


@pytest.mark.parametrize(
    ("name", "stem", "suffix"),
    [
        ("a/b.PNG", "b", ".png"),
        ("x.ome.TIF", "x", ".ome.tif"),
        ("1.5T.tiff", "1.5T", ".tiff"),
        (".ome.tif", ".ome", ".tif"),
        ("notes", "notes", ""),
        ("notes.txt", "notes", ".txt"),
    ],
)
def test_a_suffix_may_have_two_parts(name: str, stem: str, suffix: str) -> None:
    assert (stem_of(name), suffix_of(name)) == (stem, suffix)
