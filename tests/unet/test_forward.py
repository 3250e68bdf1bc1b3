from dataclasses import replace

import pytest
import torch

from napari_unet.config import UNetConfig
from napari_unet.unet.forward import Forward, Sparing
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


class Scarce:
    """A network that two images at a time are too many for."""

    speed = Speed("cpu")

    def __init__(self, most=2):
        self.most, self.sizes = most, []

    def __call__(self, images):
        self.sizes.append(len(images))
        if len(images) > self.most:
            raise RuntimeError("CUDA error: out of memory")
        return images * 2


def test_where_memory_runs_out_fewer_images_are_run_at_once():
    told = []
    scarce = Scarce()
    sparing = Sparing(scarce, told.append)
    x = torch.randn(9, 1, 4, 4)
    assert sparing(x).equal(x * 2)
    assert scarce.sizes == [9, 4, 2, 2, 2, 2, 1]
    assert len(told) == 2
    assert "with 2 at a time" in told[-1]
    scarce.sizes.clear()
    sparing(x)
    assert scarce.sizes == [2, 2, 2, 2, 1]  # it remembers


def test_where_one_image_is_too_much_it_is_an_error():
    with pytest.raises(RuntimeError, match="out of memory"):
        Sparing(Scarce(0), print)(torch.zeros(3, 1, 4, 4))
