import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_unet.card import KEY, ModelCard
from napari_unet.config import PreprocessConfig, UNetConfig
from napari_unet.data.cases import LabelRule
from napari_unet.errors import ModelError
from napari_unet.unet.file import load_model, save_model
from napari_unet.unet.model import UNet

CONFIG = UNetConfig(depth=1, base_channels=4, norm="batch", residual=True)
CARD = ModelCard("m", CONFIG, PreprocessConfig(), LabelRule())


@pytest.fixture
def file(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "m.unet.safetensors"
    save_model(path, UNet(CONFIG), CARD)
    return path


def test_the_same_network_comes_back(tmp_path):
    net = UNet(CONFIG).eval()
    save_model(tmp_path / "m.unet.safetensors", net, CARD)
    other, card = load_model(tmp_path / "m.unet.safetensors")
    x = torch.randn(1, 1, 9, 9)
    assert other(x).equal(net(x))
    assert card == CARD


def test_half_precision_weights_are_read_as_float32(file):
    weights = {k: v.half() if v.is_floating_point() else v for k, v in load_file(file).items()}
    save_file(weights, file, {KEY: CARD.dumps()})
    net, _ = load_model(file)
    assert {p.dtype for p in net.parameters()} == {torch.float32}
    assert net(torch.zeros(1, 1, 8, 8)).isfinite().all()


@pytest.mark.parametrize("cut", [0, 4, 100, -1])
def test_truncated_files_are_refused(file, cut):
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(ModelError):
        load_model(file)


def test_weights_of_another_network_are_refused(file):
    weights = load_file(file)
    weights["head.bias"] = torch.zeros(3)
    save_file(weights, file, {KEY: CARD.dumps()})
    with pytest.raises(ModelError, match=r"do not fit its card \(e.g. head.bias"):
        load_model(file)


def test_a_card_that_asks_for_a_giant_is_refused_at_no_cost(file):
    giant = UNetConfig(depth=8, channels=(4096,) * 9)
    card = ModelCard("m", giant, PreprocessConfig(), LabelRule())
    save_file(load_file(file), file, {KEY: card.dumps()})
    with pytest.raises(ModelError, match="do not fit"):
        load_model(file)


def test_pickles_are_never_opened(tmp_path):
    file = tmp_path / "m.unet.safetensors"
    torch.save({"x": torch.zeros(1)}, file)
    with pytest.raises(ModelError):
        load_model(file)
    np.save(tmp_path / "n.npy", np.zeros(3))
    with pytest.raises(ModelError):
        load_model(tmp_path / "n.npy")
