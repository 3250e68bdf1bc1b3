import pytest
import torch

from models import bright_model, random_model
from napari_unet.config import UNetConfig
from napari_unet.errors import ModelError
from napari_unet.unet.file import load_model, save_model
from napari_unet.unet.model import UNet
from napari_unet.unet.trying import least, tried


@pytest.mark.parametrize("norm", ["none", "instance", "group"])
def test_the_smallest_image_is_one_that_every_norm_is_defined_on(tmp_path, norm):
    weights, image, answer = tried(random_model(tmp_path / "m", norm=norm))
    assert weights > 0 and image[0] == answer[0] == 1 and image[1:] == answer[1:]


def test_unpadded_networks_get_their_margin():
    config = UNetConfig(padding="valid", depth=2, base_channels=2)
    sides = least(config)
    assert UNet(config).eval()(torch.zeros(1, 1, *sides)).shape[2] >= 1


def test_numbers_that_overflow_on_the_way_are_found(tmp_path):
    model, card = load_model(bright_model(tmp_path / "m"))
    for p in model.parameters():
        p.fill_(3e38)
    save_model(tmp_path / "m", model, card)
    with pytest.raises(ModelError, match="runs, but"):
        tried(tmp_path / "m")
