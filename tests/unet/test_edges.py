import pytest
import torch

from napari_unet.config import UNetConfig
from napari_unet.unet.edges import WITHOUT, Edges, needs
from napari_unet.unet.summary import context


@pytest.mark.parametrize("shape", [{}, {"attention": True}, {"stem_stride": 2, "depth": 4}])
def test_no_more_is_needed_than_the_network_looks_at(shape):
    config = UNetConfig(**{"depth": 3, "base_channels": 2, **shape})
    stem = config.strides[-1] if config.stem_stride > 1 else 0
    shown = needs(config)[0].down * config.strides[-1] + stem
    assert context(config)[-1] // 2 < shown <= context(config)[-1] + 2


def test_a_little_is_needed_on_the_right_of_the_u():
    found = needs(UNetConfig(depth=2))
    assert [(n.down, n.below, n.up) for n in found] == [(22, 1, 2), (10, 2, 4), (4, 0, 4)]


def test_only_sides_within_the_image_are_cut():
    x = torch.arange(60.0).view(1, 1, 2, 5, 6)
    cut = Edges(((False, True), (True, True)), 4).cut(3, 2)
    assert torch.equal(cut(x), x[..., :4, 1:5])
    assert WITHOUT.cut(3, 2)(x) is x
