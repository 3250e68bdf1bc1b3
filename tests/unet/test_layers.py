import pytest
import torch
from torch import nn

from napari_unet.config import UNetConfig
from napari_unet.unet.layers import (
    SMOOTH,
    TRANSPOSED,
    AttentionGate,
    Shuffle,
    crop_centre,
    enlarged,
    mirror_pad,
    zero_pad,
)


def test_mirror_pad_repeats_as_often_as_needed():
    x = torch.arange(3.0).view(1, 1, 1, 3)
    padded = mirror_pad(x, [(0, 0), (5, 4)])[0, 0, 0]
    assert padded.tolist() == [1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2]
    one = torch.full((1, 1, 1, 1), 7.0)
    assert mirror_pad(one, [(2, 3), (1, 0)]).eq(7).all()


def test_mirror_pad_equals_torch_where_torch_can():
    x = torch.randn(2, 3, 6, 7)
    wanted = nn.functional.pad(x, (4, 5, 3, 2), mode="reflect")
    torch.testing.assert_close(mirror_pad(x, [(3, 2), (4, 5)]), wanted)


def test_zeros_lie_evenly_around_and_one_more_at_the_end():
    one = torch.ones(1, 1, 1, 2, 2)
    assert zero_pad(one, (1, 2, 5))[0, 0, 0, 0].tolist() == [0, 1, 1, 0, 0]
    assert zero_pad(one, (1, 4, 2))[0, 0, 0, :, 0].tolist() == [0, 1, 1, 0]
    assert zero_pad(one, (1, 2, 2)) is one


def test_mirror_pad_knows_depth():
    x = torch.randn(1, 2, 3, 4, 5)
    wanted = nn.functional.pad(x, (2, 1, 1, 3, 2, 0), mode="reflect")
    torch.testing.assert_close(mirror_pad(x, [(2, 0), (1, 3), (2, 1)]), wanted)


def test_crop_centre_takes_the_middle_of_every_axis():
    x = torch.arange(4 * 6 * 3).view(1, 1, 4, 6, 3)
    assert crop_centre(x, (2, 2, 3)).equal(x[..., 1:3, 2:4, :])


def test_shuffle_is_torch_s_where_torch_has_one():
    x = torch.randn(2, 12, 3, 5)
    assert Shuffle((2, 2))(x).equal(nn.PixelShuffle(2)(x))


@pytest.mark.parametrize("factors", [(1, 2, 2), (2, 2, 2), (3, 1, 2)])
def test_shuffle_takes_each_output_s_channels_in_a_row(factors):
    """Voxel (z, y, x) of output k comes from channel k and the place within the factors."""
    number = factors[0] * factors[1] * factors[2]
    x = torch.randn(1, 2 * number, 2, 3, 4)
    y = Shuffle(factors)(x)
    assert y.shape == (1, 2, *(f * n for f, n in zip(factors, (2, 3, 4), strict=True)))
    for place, (a, b, c) in enumerate(torch.cartesian_prod(*map(torch.arange, factors)).tolist()):
        part = y[0, 1, a :: factors[0], b :: factors[1], c :: factors[2]]
        assert part.equal(x[0, number + place])


@pytest.mark.parametrize(("dims", "flat"), [(2, False), (3, False), (3, True)])
def test_an_attention_gate_weighs_between_nothing_and_all(dims, flat):
    torch.manual_seed(0)
    gate = AttentionGate(4, 6, UNetConfig(dims=dims), flat)
    coarse = torch.randn(2, 6, *(3,) * dims)
    skip = torch.randn(2, 4, *(6,) * dims)
    if flat:
        skip = skip[:, :, :3]
    share = gate(skip, coarse) / skip
    assert share.min() > 0
    assert share.max() < 1
    assert torch.allclose(share[:, 0], share[:, 3], atol=1e-5)  # all channels alike
    gate.weight.bias.data.fill_(-50)
    assert gate(skip, coarse).abs().max() < 1e-6


@pytest.mark.parametrize(("space", "size"), [((5, 3), (20, 7)), ((2, 3, 4), (2, 6, 16))])
def test_enlarging_by_products_is_torch_s_interpolation(space, size):
    x = torch.randn(2, 3, *space, dtype=torch.float32, requires_grad=True)
    wanted = nn.functional.interpolate(x, size, mode=SMOOTH[len(space)])
    found = enlarged(x, size)
    torch.testing.assert_close(found, wanted)
    pull = torch.randn_like(found)
    gradients = [torch.autograd.grad(y, x, pull)[0] for y in (found, wanted)]
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize(("dims", "factor"), [(2, (2, 2)), (3, (1, 2, 2))])
@pytest.mark.parametrize("bias", [True, False])
def test_a_transposed_convolution_learns_as_torch_s_does(dims, factor, bias):
    ours = TRANSPOSED[dims](6, 4, factor, stride=factor, bias=bias).train()
    theirs = (nn.ConvTranspose2d, nn.ConvTranspose3d)[dims - 2](6, 4, factor, factor, bias=bias)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 6, *(4,) * dims)
    pull = torch.randn_like(theirs(x))
    for layer in (ours, theirs):
        layer(x).backward(pull)
    torch.testing.assert_close(ours(x), theirs(x))
    for mine, wanted in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, wanted.grad)


def test_a_transposed_convolution_learns_in_half_precision():
    layer = TRANSPOSED[2](6, 4, 2, stride=2).train()
    with torch.autocast("cpu", torch.bfloat16):
        y = layer(torch.randn(2, 6, 8, 8))
    y.backward(torch.ones_like(y))
    assert layer.bias is not None
    assert layer.bias.grad.dtype == torch.float32
    torch.testing.assert_close(layer.bias.grad, torch.full((4,), 2.0 * 16 * 16))
