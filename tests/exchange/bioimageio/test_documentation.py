from dataclasses import replace

from napari_unet.exchange.bioimageio.documentation import documentation
from packages import CARDS


def test_it_tells_what_the_card_tells() -> None:
    scores = {"dice": 0.81234, "by_type": {"a": 0.5, "rows": [1, 2]}, "note": "unseen people"}
    text = documentation(replace(CARDS["binary"], scores=scores))
    for part in (
        "# tiny one\n",
        "## Limits\n\nDark images.\n\nVery bright ones.",
        "## Not for\n\nDiagnosis.",
        "## Validation\n",  # bioimage.io asks for it
        "| dice | 0.8123 |\n| by_type / a | 0.5 |\n| note | unseen people |",
    ):
        assert part in text
    assert "rows" not in text


def test_it_tells_how_this_program_differs() -> None:
    assert "fit (keeping its aspect)" in documentation(CARDS["classes"])
    assert "A slice's neighbours are its channels" in documentation(CARDS["slices"])
    assert "tiles of it" in documentation(CARDS["volumes"])
