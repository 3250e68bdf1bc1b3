from collections.abc import Sequence
from typing import Literal

import pytest

from napari_unet.errors import ConfigError
from napari_unet.library.options import options_of


def some_format(
    source: str,
    *,
    classes: Sequence[str] = (),
    size: Sequence[int] = (),
    threshold: float = 0.5,
    half: bool = False,
    layout: Literal["auto", "own"] = "auto",
) -> None:
    """Stand for a format's reader."""


HERE = f"{__name__}:some_format"


def test_texts_become_values():
    texts = ["classes=left lung, heart", "size=64,96", "threshold=0.3", "half=yes", "layout=own"]
    assert options_of(HERE, texts) == {
        "classes": ("left lung", "heart"),
        "size": (64, 96),
        "threshold": 0.3,
        "half": True,
        "layout": "own",
    }
    assert options_of(HERE, ["half=no"]) == {"half": False}
    assert options_of("no.such.module:f", []) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("source=x", "no option 'source' of this format; there are: classes, size, threshold"),
        ("size", "no option 'size'"),
        ("size=64,b", "size=64,b cannot be"),
        ("threshold=much", "threshold=much cannot be"),
        ("half=perhaps", "say yes or no"),
    ],
)
def test_what_is_no_option_is_refused(text, words):
    with pytest.raises(ConfigError, match=words):
        options_of(HERE, [text])
