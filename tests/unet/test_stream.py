import pytest
import torch

from napari_unet.config import UNetConfig
from napari_unet.unet.stream import Stream, streams
from nets import random_net


def streamed(net, x, rows, *at_once):
    return torch.cat(list(Stream(net, *at_once)(x.split(rows, dim=2))), dim=2)


@pytest.mark.parametrize("rows", [1, 3, 8, 64])
@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"norm": "batch", "residual": True, "stem_stride": 2},
        {"stem_stride": 4},
        {"attention": True, "upsampling": "bilinear"},
        {"attention": True, "norm": "batch"},
        {"dims": 3},
        {"dims": 3, "flat_levels": 1, "attention": True, "stem_stride": 2},
        {"dims": 3, "flat_levels": 2, "upsampling": "bilinear"},
    ],
    ids=lambda shape: " ".join(f"{k}={v}" for k, v in shape.items()) or "plain",
)
def test_strips_give_what_the_whole_image_does(shape, rows):
    config = UNetConfig(depth=2, base_channels=4, out_channels=2, **shape)
    net = random_net(config)
    steps = [2**h * s for h, s in zip(config.halvings, config.strides, strict=True)]
    x = torch.randn(2, 1, *(3 * step for step in steps))
    with torch.inference_mode():
        whole = net(x)
        for at_once in [(), (1,), (2, 4), (3, 8), (8, 32)]:
            found = streamed(net, x, rows, *at_once)
            torch.testing.assert_close(found, whole, atol=1e-4, rtol=1e-4)
    assert whole.std() > 0.1


@pytest.mark.parametrize(("at_once", "most"), [((), 12), ((2, 4), 16)])
def test_only_so_many_rows_wait_as_the_network_looks_ahead(at_once, most):
    net = random_net(UNetConfig(depth=1, base_channels=2))
    left, came = iter([torch.randn(1, 1, 2, 8)] * 32), 0
    with torch.inference_mode():
        for logits in Stream(net, *at_once)(left):
            came += logits.shape[2]
            given = 64 - 2 * left.__length_hint__()
            assert given - came <= most
    assert given == came == 64


def test_what_a_layer_is_given_is_no_more_than_asked_for(monkeypatch):
    net, seen = random_net(UNetConfig(depth=2, base_channels=2, norm="batch")), set()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.register_forward_hook(lambda _, __, y: seen.add(y.shape[2]))
    with torch.inference_mode():
        streamed(net, torch.randn(1, 1, 64, 8), 32, 4, 16)
    assert max(seen) <= 6  # of a coarse level a few more come together, where the image begins


def test_what_averages_over_space_is_not_streamed():
    assert streams(UNetConfig(norm="batch"))
    assert streams(UNetConfig(norm="none"))
    assert not streams(UNetConfig(norm="instance"))
    assert not streams(UNetConfig(norm="group"))
    assert not streams(UNetConfig(padding="valid"))
    assert not streams(UNetConfig(padding="zeros"))
    assert not streams(UNetConfig(upsampling="corners"))
