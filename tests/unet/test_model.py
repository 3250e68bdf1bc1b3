import pytest
import torch
from torch import nn

from napari_unet.config import UNetConfig
from napari_unet.errors import ConfigError
from napari_unet.unet.model import UNet, probabilities
from napari_unet.unet.summary import parameters, receptive_field, summary
from nets import random_net

OPTIONS = [
    {},
    {"padding": "valid"},
    {"upsampling": "bilinear"},
    {"norm": "batch", "residual": True, "dropout": 0.2},
    {"norm": "instance"},
    {"norm": "group"},
    {"padding": "valid", "residual": True},
    {"stem_stride": 2},
    {"stem_stride": 4, "upsampling": "bilinear"},
    {"in_channels": 3, "out_channels": 4},
    {"channels": (4, 6, 10)},
    {"attention": True},
    {"attention": True, "padding": "valid"},
    {"padding": "zeros", "norm": "batch", "residual": True},
    {"padding": "zeros", "norm": "instance"},
    {"upsampling": "corners", "attention": True},
    {"upsampling": "corners", "padding": "zeros"},
    {"upsampling": "corners", "padding": "valid"},
]
VOLUMES = [
    {},
    {"flat_levels": 1},
    {"flat_levels": 2, "norm": "instance", "residual": True, "dropout": 0.2},
    {"norm": "batch", "upsampling": "bilinear", "flat_levels": 1},
    {"norm": "group", "stem_stride": 2},
    {"stem_stride": 4, "flat_levels": 1, "out_channels": 3},
    {"padding": "valid"},
    {"padding": "valid", "flat_levels": 1, "residual": True},
    {"attention": True, "flat_levels": 1},
    {"upsampling": "corners", "padding": "zeros", "flat_levels": 1},
]


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (16, 16), (33, 20)])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_any_size_in_same_size_out(options, size):
    config = UNetConfig(**{"depth": 2, "base_channels": 4, **options})
    y = UNet(config).eval()(torch.randn(2, config.in_channels, *size))
    assert y.shape == (2, config.out_channels, *size)
    assert y.isfinite().all()


@pytest.mark.parametrize("size", [(1, 1, 1), (3, 5, 2), (8, 8, 8), (5, 18, 11)])
@pytest.mark.parametrize("options", VOLUMES, ids=str)
def test_any_volume_in_same_size_out(options, size):
    config = UNetConfig(**{"dims": 3, "depth": 2, "base_channels": 2, **options})
    y = UNet(config).eval()(torch.randn(1, 1, *size))
    assert y.shape == (1, config.out_channels, *size)
    assert y.isfinite().all()


def test_flat_levels_keep_the_slices_apart():
    """With every level but the bottleneck flat, and that one blind, slices do not meet."""
    config = UNetConfig(dims=3, depth=2, base_channels=2, flat_levels=2)
    net = UNet(config).eval()
    for conv in (net.bottleneck.conv1, net.bottleneck.conv2):
        conv.weight.data[:, :, 0] = conv.weight.data[:, :, 2] = 0
    x = torch.randn(1, 1, 4, 16, 16)
    changed = x.clone()
    changed[:, :, 2] += 1
    before, after = net(x), net(changed)
    assert not before[:, :, 2].equal(after[:, :, 2])
    for z in (0, 1, 3):
        assert before[:, :, z].equal(after[:, :, z])


@pytest.mark.parametrize("options", [{"flat_levels": 1}, {"dims": 3, "flat_levels": 5}], ids=str)
def test_flat_levels_that_there_cannot_be_are_refused(options):
    with pytest.raises(ConfigError, match="flat levels"):
        UNetConfig(**options)


def test_the_same_seed_gives_the_same_network_as_ever():
    """Logits of the first version of this class: saved models and seeds must go on to mean them."""
    torch.manual_seed(0)
    net = UNet(UNetConfig(depth=2, base_channels=4)).eval()
    x = torch.linspace(-1, 1, 64).view(1, 1, 8, 8)
    y = net(x)[0, 0]
    wanted = torch.tensor([[-3.000635, -3.00034], [-3.002749, -3.000428]])
    torch.testing.assert_close(y[::4, ::4], wanted, rtol=1e-4, atol=1e-5)


def test_the_paper_s_sizes():
    net = UNet(UNetConfig(depth=4, base_channels=1, padding="valid"))
    assert net.margins((388, 388)) == [(92, 92)] * 2  # 572 in, 388 out: figure 1
    assert sum(net.margins((389, 388))[0]) + 389 == 588


def test_valid_convolutions_of_flat_levels_lose_nothing_along_z():
    config = UNetConfig(dims=3, depth=2, base_channels=1, padding="valid", flat_levels=2)
    flat, plain = UNet(config), UNet(UNetConfig(depth=2, base_channels=1, padding="valid"))
    z, *rest = flat.margins((6, 30, 20))
    assert z == (2, 2)  # the bottleneck's two convolutions
    assert rest == plain.margins((30, 20))


def test_the_paper_s_parameters():
    with torch.device("meta"):
        net = UNet(UNetConfig(depth=4, base_channels=64, padding="valid", out_channels=2))
    assert parameters(net) == 31_030_658  # counted from the paper's figure, biases included
    assert sum(isinstance(m, nn.Conv2d | nn.ConvTranspose2d) for m in net.modules()) == 23


def test_valid_output_lies_where_its_input_is():
    """Inside the mirrored border's reach, shifting the image shifts the output."""
    torch.manual_seed(0)
    net = UNet(UNetConfig(depth=1, base_channels=3, padding="valid")).eval()
    x = torch.randn(1, 1, 40, 40)
    whole, part = net(x), net(x[..., 4:36, 6:38])  # shifts by multiples of the pooling
    r, _ = receptive_field(net.config)
    inner = slice(r, 32 - r)
    torch.testing.assert_close(whole[..., 4:36, 6:38][..., inner, inner], part[..., inner, inner])


@pytest.mark.parametrize(
    "options",
    [
        {"depth": 1},
        {"depth": 2},
        {"depth": 2, "upsampling": "bilinear"},
        {"depth": 1, "stem_stride": 2},
        {"depth": 1, "stem_stride": 4, "upsampling": "bilinear"},
        {"depth": 2, "padding": "valid"},
        {"depth": 2, "attention": True},
        {"depth": 2, "upsampling": "corners", "padding": "zeros"},
        {"depth": 2, "dims": 3},
        {"depth": 2, "dims": 3, "flat_levels": 1, "stem_stride": 2},
    ],
    ids=str,
)
def test_receptive_field_is_what_the_gradient_reaches(options):
    config = UNetConfig(base_channels=2, **options)
    assert _measured_field(config) == receptive_field(config)


def _measured_field(config):
    torch.manual_seed(0)
    net = UNet(config).double()
    # A maximum has a gradient at one place only.
    mean = {2: nn.AvgPool2d, 3: nn.AvgPool3d}[config.dims]
    net.pool = nn.ModuleList(mean(p.kernel_size) for p in net.pool)
    for p in net.parameters():
        p.data = p.data.abs() * 0.1 + 0.01  # nothing cancels, and no gate closes
    return tuple(_reach(net, axis) for axis in range(config.dims))


def _reach(net, axis):
    """Return how far along ``axis`` the gradient of one output pixel gets at the most."""
    config = net.config
    steps = [2**h * s for h, s in zip(config.halvings, config.strides, strict=True)]
    step, n = steps[axis], list(steps)
    n[axis] = step * (2 * receptive_field(config)[axis] // step + 3)
    others = [a for a in range(config.dims) if a != axis]
    x = torch.rand(1, 1, *n, dtype=torch.double, requires_grad=True)
    y = net(x)[0, 0].sum(dim=others)
    reach = []
    for i in range(n[axis] // 2 // step * step, n[axis] // 2 // step * step + step):
        (g,) = torch.autograd.grad(y[i], x, retain_graph=True)
        rows = g[0, 0].abs().sum(dim=others).nonzero()[:, 0]
        reach.append(int(rows.max() - rows.min()) + 1)
    return max(reach)


def test_probabilities():
    assert probabilities(torch.zeros(1, 1, 2, 2)).eq(0.5).all()
    assert probabilities(torch.randn(1, 3, 2, 2)).sum(dim=1).allclose(torch.ones(1, 2, 2))


def test_summary_names_every_level_and_the_totals():
    config = UNetConfig(depth=3, base_channels=8, stem_stride=2, norm="batch")
    text = summary(config)
    for word in ("stem", "encoder 3", "bottleneck", "decoder 1", "head", "receptive field"):
        assert word in text
    with torch.device("meta"):
        assert f"{parameters(UNet(config)):,} parameters" in text


def test_summary_of_a_volume_s_network_names_each_axis():
    text = summary(UNetConfig(dims=3, depth=2, base_channels=4, flat_levels=1, attention=True))
    assert "1×1/2×1/2" in text
    assert "1/2×1/4×1/4" in text
    assert "receptive field 20×52×52 pixels" in text


@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("classes", [1, 3])
def test_an_untrained_network_sees_background(classes, stride):
    torch.manual_seed(0)
    config = UNetConfig(depth=2, base_channels=8, out_channels=classes, stem_stride=stride)
    p = probabilities(UNet(config)(torch.randn(2, 1, 32, 32)))
    background = 1 - p[:, 0] if classes == 1 else p[:, 0]
    assert background.min() > 0.8


@pytest.mark.parametrize("options", [{}, {"upsampling": "corners", "padding": "zeros"}], ids=str)
@pytest.mark.parametrize("dims", [2, 3])
def test_supervised_levels_answer_too_and_reach_the_deep_weights(dims, options):
    sizes = {"dims": dims, "depth": 3, "base_channels": 2}
    config = UNetConfig(**sizes, **options, supervision=2, out_channels=3)
    net = UNet(config)
    x = torch.randn(2, 1, *(9, 11, 14)[:dims])
    fine, *coarse = net.answers(x)
    assert fine.equal(net(x))
    assert [a.shape for a in coarse] == [fine.shape] * 2
    coarse[-1].sum().backward()
    assert net.decoder[0].conv1.weight.grad is not None  # its own level and what is below
    assert net.decoder[1].conv1.weight.grad is None


@pytest.mark.parametrize("wrong", [{"depth": 2, "supervision": 2}, {"padding": "valid"}])
def test_levels_that_cannot_be_supervised_are_refused(wrong):
    with pytest.raises(ConfigError, match="deep supervision"):
        UNetConfig(**{"depth": 4, "supervision": 1, **wrong})


@pytest.mark.parametrize("options", [{"stem_stride": 4}, {"padding": "zeros"}], ids=str)
def test_one_tiny_image_can_be_learned_from(options):
    """A lane may be given a single image, and a norm needs more than one pixel of it."""
    net = UNet(UNetConfig(depth=3, base_channels=2, norm="batch", **options)).train()
    for n in (32, 15):
        assert net(torch.randn(1, 1, n, n)).shape == (1, 1, n, n)


def test_zeros_within_the_network_leave_even_images_as_they_are():
    """At sides that halve evenly there is nothing to fill, and mirrors do nothing either."""
    even, uneven = torch.randn(1, 1, 16, 24), torch.randn(1, 1, 17, 23)
    mirrored = random_net(UNetConfig(depth=3, base_channels=2, norm="batch"))
    filled = random_net(UNetConfig(depth=3, base_channels=2, norm="batch", padding="zeros"))
    assert filled(even).equal(mirrored(even))
    assert not filled(uneven).allclose(mirrored(uneven))
