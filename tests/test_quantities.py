import pytest

from napari_unet.quantities import plural, shape_words, size_words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (7_849_000, "7.8 MB"),
        (99_960_000, "100 MB"),
        (214_400_000, "214 MB"),
        (999_700_000, "1.0 GB"),
        (5e12, "5,000 GB"),
    ],
)
def test_bytes_are_told_with_no_more_digits_than_are_read(size, words):
    assert size_words(size) == words


def test_sides_are_told_in_their_order():
    assert shape_words((3, 512, 512)) == "3 × 512 × 512"
    assert shape_words(()) == ""


def test_one_is_no_several():
    assert [plural(n, "case") for n in (0, 1, 2)] == ["0 cases", "1 case", "2 cases"]
