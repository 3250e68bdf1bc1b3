import sys
from importlib.util import find_spec

import pytest
import torch

from napari_unet.config import UNetConfig
from napari_unet.errors import ModelError
from napari_unet.unet import onnx_graph
from napari_unet.unet.fuse import fuse
from napari_unet.unet.graph import UnknownStepError
from napari_unet.unet.model import probabilities
from napari_unet.unet.onnx_graph import onnx_model
from nets import random_net

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

PICTURES = [
    {},
    {"norm": "batch", "residual": True, "stem_stride": 4, "out_channels": 3},
    {"norm": "instance", "upsampling": "bilinear", "stem_stride": 2},
    {"norm": "group", "base_channels": 8},
    {"attention": True, "supervision": 1},
    {"padding": "valid", "residual": True, "norm": "batch"},
    {"padding": "valid", "attention": True},
    {"padding": "zeros", "upsampling": "corners", "norm": "batch"},
    {"dropout": 0.5},
]
VOLUMES = [
    {"norm": "batch"},
    {"norm": "group", "residual": True, "out_channels": 3, "stem_stride": 2},
    {"flat_levels": 1, "stem_stride": 2, "upsampling": "bilinear"},
    {"flat_levels": 1, "padding": "valid", "residual": True},
    {"flat_levels": 1, "attention": True, "norm": "instance"},
    {"padding": "zeros", "upsampling": "corners", "flat_levels": 1},
]
VARIANTS = [{"dims": 2, **v} for v in PICTURES] + [{"dims": 3, **v} for v in VOLUMES]
SIDES = ((8, 16, 24), (5, 17, 23), (1, 2, 1))  # even, uneven, and smaller than any margin


def session(model):
    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_any_network_answers_as_in_torch_to_any_number_of_images_of_any_size(options):
    net = random_net(UNetConfig(**{"depth": 2, "base_channels": 4, "in_channels": 2, **options}))
    run = session(onnx_model(net)).run
    for batch, sides in enumerate(SIDES, start=1):
        images = 3 * torch.randn(batch, 2, *sides[-net.config.dims :])
        wanted = probabilities(net(images))
        found = torch.from_numpy(run(["probabilities"], {"image": images.numpy()})[0])
        assert found.shape == wanted.shape
        assert (found - wanted).abs().max() < 1e-4
        assert max(sides) < 3 or wanted.std() > 0.01  # or anything would be equal


@pytest.mark.parametrize("name", ["resnet18", "efficientnet_b0", "mobilenetv3_large_100"])
def test_networks_with_an_encoder_do_too(name):
    if find_spec("timm") is None:
        pytest.skip("timm is not installed")
    net = random_net(UNetConfig(base_channels=2, norm="batch", encoder=name))
    images = torch.randn(2, 1, 33, 40)
    found = session(onnx_model(net)).run(None, {"image": images.numpy()})[0]
    assert (torch.from_numpy(found) - probabilities(net(images))).abs().max() < 1e-4


def test_batch_norms_may_have_been_folded_away():
    net = random_net(UNetConfig(depth=1, base_channels=2, norm="batch", stem_stride=2))
    images = torch.randn(1, 1, 3, 9)
    wanted = net(images)
    found = session(onnx_model(fuse(net), "logits")).run(None, {"image": images.numpy()})[0]
    assert torch.allclose(torch.from_numpy(found), wanted, atol=1e-4)


def test_the_answer_can_be_logits():
    net = random_net(UNetConfig(depth=1, base_channels=2, out_channels=2))
    images = torch.randn(1, 1, 9, 7)
    found = session(onnx_model(net, "logits")).run(["logits"], {"image": images.numpy()})[0]
    assert torch.allclose(torch.from_numpy(found), net(images), atol=1e-4)


def test_what_cannot_be_written_down_is_refused(monkeypatch):
    def other(config, size):
        raise UnknownStepError("fold")

    monkeypatch.setattr(onnx_graph, "graph", other)
    with pytest.raises(ModelError, match="cannot be written as ONNX: fold"):
        onnx_model(random_net(UNetConfig(depth=1, base_channels=2)))


def test_a_missing_package_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ModelError, match=r"pip install 'napari-unet-workbench\[onnx\]'"):
        onnx_model(random_net(UNetConfig(depth=1, base_channels=2)))
