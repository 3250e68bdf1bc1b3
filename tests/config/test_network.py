import pytest

from napari_unet.config import UNetConfig
from napari_unet.errors import ConfigError


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"depth": 2, "channels": (8, 16)}, "needs 3"),
        ({"padding": "valid", "stem_stride": 2}, "cannot be combined"),
        ({"padding": "zeros", "stem_stride": 2}, "cannot be combined"),
        ({"padding": "zeros", "attention": True}, "cannot be combined"),
        ({"padding": "valid", "supervision": 1}, "deep supervision"),
        ({"depth": 2, "supervision": 2}, "deep supervision"),
        ({"encoder": "resnet18", "dims": 3}, "is for 2D"),
        ({"encoder": "resnet18", "depth": 3}, "depth of 4"),
        ({"flat_levels": 1}, "need 3D"),
    ],
)
def test_what_does_not_fit_together_is_refused_in_words(settings, words):
    with pytest.raises(ConfigError, match=words):
        UNetConfig(**settings)


def test_levels_double_unless_given():
    assert UNetConfig(depth=2, base_channels=8).levels == (8, 16, 32)
    assert UNetConfig(depth=2, channels=(5, 6, 7)).levels == (5, 6, 7)


def test_flat_levels_halve_no_depth():
    flat = UNetConfig(dims=3, depth=3, flat_levels=1, stem_stride=2)
    assert (flat.halvings, flat.strides) == ((2, 3, 3), (1, 2, 2))


def test_corners_pass_on_half_the_channels():
    assert UNetConfig(depth=2, base_channels=8).rising == (8, 16, 32)
    assert UNetConfig(depth=2, base_channels=8, upsampling="corners").rising == (8, 8, 16)
