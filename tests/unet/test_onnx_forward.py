import pytest
import torch

from napari_unet.config import UNetConfig
from napari_unet.unet.forward import Forward
from napari_unet.unet.onnx_forward import OnnxForward, installed
from napari_unet.unet.speed import Speed
from nets import random_net

pytestmark = pytest.mark.skipif(not installed(), reason="the extra 'onnx' is not installed")


@pytest.mark.parametrize("dims", [2, 3])
def test_it_does_what_torch_does(dims):
    net = random_net(UNetConfig(dims=dims, depth=1, base_channels=4, norm="batch"))
    images = torch.randn(3, 1, *(5, 9, 12)[-dims:])
    last = torch.channels_last if dims == 2 else torch.channels_last_3d
    with Forward(net, Speed("cpu")) as forward:
        wanted = forward(images)
    found = OnnxForward(net, 1)(images.to(memory_format=last))
    assert found.dtype == torch.float32
    assert torch.allclose(found, wanted, atol=1e-4)


def test_it_keeps_to_the_threads_it_is_given(monkeypatch):
    import onnxruntime

    given = []
    session = onnxruntime.InferenceSession

    def noted(data, options, providers):
        given.append((options.intra_op_num_threads, options.inter_op_num_threads, providers))
        return session(data, options, providers)

    monkeypatch.setattr(onnxruntime, "InferenceSession", noted)
    forward = OnnxForward(random_net(UNetConfig(depth=1, base_channels=2)), 3)
    few = forward(torch.zeros(2, 1, 8, 8))
    many = forward(torch.zeros(7, 1, 8, 8))
    assert (len(few), len(many)) == (2, 7)
    cpu = ["CPUExecutionProvider"]
    assert given == [(3, 1, cpu), (1, 1, cpu)], "three that share a run, or three runs at once"


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_images_come_back_in_order(threads):
    net = random_net(UNetConfig(depth=1, base_channels=4))
    images = torch.randn(5, 1, 8, 8)
    assert torch.allclose(OnnxForward(net, threads)(images), net(images), atol=1e-4)
