import pytest

from napari_unet.config import PreprocessConfig
from napari_unet.errors import ConfigError


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"size": (64,)}, "two numbers"),
        ({"size": (4, 64)}, "between"),
        ({"size": (64, 1_000_000)}, "between"),
        ({"size": (16, 64, 64), "neighbours": 1}, "are for 2D"),
        ({"mean": (0.5,), "std": (0.0,)}, "positive"),
        ({"mean": (0.5,)}, "one positive deviation per mean"),
    ],
)
def test_what_no_image_can_be_made_is_refused_in_words(settings, words):
    with pytest.raises(ConfigError, match=words):
        PreprocessConfig(**settings)
