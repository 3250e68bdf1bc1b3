import pytest
import torch

from napari_unet.config import UNetConfig
from napari_unet.unet.stream import Stream, streams
from nets import random_net


def streamed(net, x, rows):
    stream, height = Stream(net), x.shape[2]
    ends = range(rows, height + rows, rows)
    parts = [stream(x[:, :, end - rows : end], last=end >= height) for end in ends]
    return torch.cat([part for part in parts if part is not None], dim=2)


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
        torch.testing.assert_close(streamed(net, x, rows), whole, atol=1e-4, rtol=1e-4)
    assert whole.std() > 0.1


def test_only_so_many_rows_wait_as_the_network_looks_ahead():
    net = random_net(UNetConfig(depth=1, base_channels=2))
    stream, came = Stream(net), 0
    with torch.inference_mode():
        for given in range(2, 64, 2):
            logits = stream(torch.randn(1, 1, 2, 8))
            came += 0 if logits is None else logits.shape[2]
            assert given - came <= 12


def test_what_averages_over_space_is_not_streamed():
    assert streams(UNetConfig(norm="batch"))
    assert streams(UNetConfig(norm="none"))
    assert not streams(UNetConfig(norm="instance"))
    assert not streams(UNetConfig(norm="group"))
    assert not streams(UNetConfig(padding="valid"))
