import pytest

from napari_unet.printable import printable


@pytest.mark.parametrize(
    "text",
    [
        "tumour, grade II–III",
        "Glioma (last epoch)",
        "皮膚",
        "🧑\u200d🔬",
        "a\tb\nc",
        "Aufnahme\u202f1",
    ],
)
def test_texts_stay_as_they_are(text):
    assert printable(text) == text


@pytest.mark.parametrize(
    "text", ["\x1b[31m", "\x00", "\r", "\u202e", "\ud800", "\u2028", "\x9b31m"]
)
def test_what_a_terminal_obeys_is_replaced(text):
    assert printable(f"a{text}b") == f"a\N{REPLACEMENT CHARACTER}{text[1:]}b"


def test_a_name_is_one_line_and_not_endless():
    assert printable("a\nb\t c", lines=False) == "a b c"
    assert printable("a" * 99, 10) == "a" * 9 + "…"
    assert printable("a" * 10, 10) == "a" * 10
