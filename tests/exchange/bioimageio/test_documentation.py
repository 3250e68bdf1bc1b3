from dataclasses import replace

from napari_unet.exchange.bioimageio.documentation import documentation
from packages import CARDS


def test_it_tells_what_the_card_tells() -> None:
    scores = {"val_dice": 0.81234, "test": {"mean": {"iou": 0.5, "hd95": 9}, "rows": [1, 2]}}
    text = documentation(replace(CARDS["binary"], scores=scores))
    for part in (
        "# tiny one\n",
        "## Limits\n\nDark images.\n\nVery bright ones.",
        "## Not for\n\nDiagnosis.",
        "## Validation\n",  # bioimage.io asks for it
        "| val_dice | 0.8123 |\n| test / mean / iou | 0.5 |\n",
    ):
        assert part in text
    assert "rows" not in text
    assert "hd95" not in text


def test_it_tells_how_this_program_differs() -> None:
    assert "fit (keeping its aspect)" in documentation(CARDS["classes"])
    assert "A slice's neighbours are its channels" in documentation(CARDS["slices"])
    assert "tiles of it" in documentation(CARDS["volumes"])
