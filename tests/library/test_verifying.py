"""Whether a model is what it says."""

from __future__ import annotations

import pytest
import torch

from models import bright_model, random_model
from napari_unet.card import SUFFIX, checksum
from napari_unet.config import UNetConfig
from napari_unet.errors import ModelError
from napari_unet.library import verify
from napari_unet.library.verifying import _least
from napari_unet.unet.file import load_model, save_model


def test_a_sound_model_is_read_as_a_whole_and_run(boxed):
    found = verify("brain-tumor")
    assert found.path == str(boxed)
    assert found.checksum == checksum(boxed)
    assert found.weights == sum(p.numel() for p in load_model(boxed)[0].parameters())
    assert "brain-tumor is sound" in found.text
    assert "1 output)" in found.text


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("mode", ["whole", "patch"])
def test_models_of_any_kind_run(tmp_path, mode, dims):
    verify(bright_model(tmp_path / f"m{SUFFIX}", mode=mode, dims=dims, neighbours=int(dims == 2)))


@pytest.mark.parametrize("norm", ["none", "instance", "group"])
def test_the_smallest_image_is_one_that_every_norm_is_defined_on(tmp_path, norm):
    found = verify(random_model(tmp_path / f"m{SUFFIX}", norm=norm))
    assert len(found.ran) == 3


def test_unpadded_networks_get_their_margin():
    from napari_unet.unet.model import UNet

    config = UNetConfig(padding="valid", depth=2, base_channels=2)
    card = type("Card", (), {"network": config})
    sides = _least(card)
    assert UNet(config).eval()(torch.zeros(1, 1, *sides)).shape[2] >= 1


def test_numbers_that_overflow_on_the_way_are_found(tmp_path):
    path = bright_model(tmp_path / f"m{SUFFIX}")
    model, card = load_model(path)
    for p in model.parameters():
        p.fill_(3e38)
    save_model(path, model, card)
    with pytest.raises(ModelError, match=r"runs, but|finite"):
        verify(path)
