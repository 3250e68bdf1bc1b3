from dataclasses import replace

import pytest
import torch

from napari_unet.config import UNetConfig
from napari_unet.unet.forward import Forward
from napari_unet.unet.model import UNet
from napari_unet.unet.speed import Speed

NET = UNet(UNetConfig(depth=2, base_channels=4, norm="batch")).eval()


@pytest.mark.parametrize("images", [1, 2, 5])
@pytest.mark.parametrize("lanes", [2, 3])
def test_lanes_give_the_answers_of_one(images, lanes):
    x = torch.randn(images, 1, 12, 20)
    with Forward(NET, Speed("cpu")) as one, Forward(NET, Speed("cpu", lanes=lanes)) as many:
        threads = torch.get_num_threads()
        torch.testing.assert_close(many(x), one(x))
        assert torch.get_num_threads() == threads


@pytest.mark.parametrize("lanes", [1, 2])
def test_nothing_is_kept_for_a_backward_pass(lanes):
    with Forward(NET, Speed("cpu", lanes=lanes)) as forward:
        assert not forward(torch.randn(2, 1, 8, 8)).requires_grad


def test_the_number_format_holds_in_every_lane():
    seen = []
    net = UNet(NET.config).eval()
    net.head.register_forward_hook(lambda module, args, out: seen.append(out.dtype))
    half = replace(Speed("cpu", lanes=2), precision="bfloat16")
    with Forward(net, half) as forward:
        assert forward(torch.randn(2, 1, 8, 8)).dtype == torch.float32
    assert seen == [torch.bfloat16] * 2
