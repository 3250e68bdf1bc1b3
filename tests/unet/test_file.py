import io
import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from napari_unet.card import GRAPH_KEY, KEY, ModelCard, read_picture
from napari_unet.config import PreprocessConfig, UNetConfig
from napari_unet.data.cases import LabelRule
from napari_unet.errors import ModelError
from napari_unet.header import read_header
from napari_unet.unet.file import load_model, save_model
from napari_unet.unet.model import UNet
from nets import random_net

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


def test_half_precision_is_half_as_large_and_nearly_the_same(tmp_path):
    config = UNetConfig(depth=2, base_channels=8, norm="batch")
    net, files = random_net(config), (tmp_path / "a", tmp_path / "b")
    card = ModelCard("m", config, PreprocessConfig(), LabelRule())
    for file, half in zip(files, (False, True), strict=True):
        save_model(file, net, card, half=half)
    whole, short = (load_model(file)[0] for file in files)
    x = torch.randn(2, 1, 16, 16)
    assert {p.dtype for p in short.parameters()} == {torch.float32}
    torch.testing.assert_close(short(x), whole(x), rtol=0.02, atol=0.02)
    sizes = [read_header(file).body for file in files]
    assert sizes[1] < 0.55 * sizes[0]


@pytest.mark.parametrize("factor", [1e6, 1e-9])
def test_weights_that_half_precision_cannot_hold_stay_as_they_are(tmp_path, factor):
    config = UNetConfig(depth=1, base_channels=4, norm="instance")
    net = random_net(config)
    net.bottleneck.conv1.weight[1] *= factor
    save_model(
        tmp_path / "m", net, ModelCard("m", config, PreprocessConfig(), LabelRule()), None, True
    )
    found, _ = load_model(tmp_path / "m")
    assert found.bottleneck.conv1.weight.equal(net.bottleneck.conv1.weight)
    assert not found.bottleneck.conv2.weight.equal(net.bottleneck.conv2.weight)


def test_a_picture_and_the_steps_go_with_the_weights(tmp_path):
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9)).save(buffer, "PNG")
    save_model(tmp_path / "m", UNet(CONFIG), CARD, buffer.getvalue())
    assert read_picture(tmp_path / "m") == buffer.getvalue()
    assert json.loads(read_header(tmp_path / "m").metadata[GRAPH_KEY])["steps"]
    with pytest.raises(ModelError, match="PNG"):
        save_model(tmp_path / "n", UNet(CONFIG), CARD, b"GIF89a")
    assert not (tmp_path / "n").exists()


def test_pickles_are_never_opened(tmp_path):
    file = tmp_path / "m.unet.safetensors"
    torch.save({"x": torch.zeros(1)}, file)
    with pytest.raises(ModelError):
        load_model(file)
    np.save(tmp_path / "n.npy", np.zeros(3))
    with pytest.raises(ModelError):
        load_model(tmp_path / "n.npy")
