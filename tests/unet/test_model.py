import pytest
import torch
from torch import nn

from napari_unet.config import UNetConfig
from napari_unet.unet.model import UNet, mirror_pad, probabilities
from napari_unet.unet.summary import parameters, receptive_field, summary

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
]


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (16, 16), (33, 20)])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_any_size_in_same_size_out(options, size):
    config = UNetConfig(**{"depth": 2, "base_channels": 4, **options})
    y = UNet(config).eval()(torch.randn(2, config.in_channels, *size))
    assert y.shape == (2, config.out_channels, *size)
    assert y.isfinite().all()


def test_the_paper_s_sizes():
    net = UNet(UNetConfig(depth=4, base_channels=1, padding="valid"))
    assert net.margins(388) == (92, 92)  # 572 in, 388 out: figure 1
    assert sum(net.margins(389)) + 389 == 588


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
    r = receptive_field(net.config)
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
    ],
    ids=str,
)
def test_receptive_field_is_what_the_gradient_reaches(options):
    config = UNetConfig(base_channels=2, **options)
    assert _measured_field(config) == receptive_field(config)


def _measured_field(config):
    torch.manual_seed(0)
    net = UNet(config).double()
    net.pool = nn.AvgPool2d(2)  # a maximum has a gradient at one place only
    for p in net.parameters():
        p.data = p.data.abs() + 0.1  # nothing cancels
    step = 2**config.depth * config.stem_stride
    n = step * (2 * receptive_field(config) // step + 3)
    x = torch.rand(1, 1, n, step, dtype=torch.double, requires_grad=True)
    y = net(x)[0, 0].sum(dim=1)
    reach = []
    for i in range(n // 2 // step * step, n // 2 // step * step + step):
        (g,) = torch.autograd.grad(y[i], x, retain_graph=True)
        rows = g.abs().sum(dim=(0, 1, 3)).nonzero()[:, 0]
        reach.append(int(rows.max() - rows.min()) + 1)
    return max(reach)


def test_mirror_pad_repeats_as_often_as_needed():
    x = torch.arange(3.0).view(1, 1, 1, 3)
    padded = mirror_pad(x, 0, 0, 5, 4)[0, 0, 0]
    assert padded.tolist() == [1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2]
    one = torch.full((1, 1, 1, 1), 7.0)
    assert mirror_pad(one, 2, 3, 1, 0).eq(7).all()


def test_mirror_pad_equals_torch_where_torch_can():
    x = torch.randn(2, 3, 6, 7)
    wanted = nn.functional.pad(x, (4, 5, 3, 2), mode="reflect")
    torch.testing.assert_close(mirror_pad(x, 3, 2, 4, 5), wanted)


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


@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("classes", [1, 3])
def test_an_untrained_network_sees_background(classes, stride):
    torch.manual_seed(0)
    config = UNetConfig(depth=2, base_channels=8, out_channels=classes, stem_stride=stride)
    p = probabilities(UNet(config)(torch.randn(2, 1, 32, 32)))
    background = 1 - p[:, 0] if classes == 1 else p[:, 0]
    assert background.min() > 0.8
