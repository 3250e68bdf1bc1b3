import pytest

from napari_unet.config import OptimConfig, PreprocessConfig, Recipe, UNetConfig
from napari_unet.errors import ConfigError

VOLUMES = PreprocessConfig(size=(16, 64, 64))


def test_a_network_must_see_what_the_preprocessing_makes():
    with pytest.raises(ConfigError, match="2D network needs 2 numbers"):
        Recipe(preprocess=VOLUMES)


@pytest.mark.parametrize(
    ("network", "preprocess"),
    [(UNetConfig(dims=3), VOLUMES), (UNetConfig(in_channels=3), PreprocessConfig(neighbours=1))],
)
def test_border_weights_are_for_pictures(network, preprocess):
    with pytest.raises(ConfigError, match="is for pictures"):
        Recipe("", network, preprocess, optim=OptimConfig(border_weight=10.0))
