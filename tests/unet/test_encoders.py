import sys

import pytest
import torch

from hub import SMALL, random_weights
from napari_unet.config import ENCODERS, UNetConfig
from napari_unet.errors import ConfigError, ModelError
from napari_unet.unet.encoders import Encoder, load_pretrained
from napari_unet.unet.memory import activations
from napari_unet.unet.model import UNet
from napari_unet.unet.stream import streams
from napari_unet.unet.summary import summary

NETWORK = UNetConfig(encoder=SMALL, base_channels=4, norm="batch")


@pytest.fixture(scope="module")
def weights():
    return random_weights(SMALL)


@pytest.mark.parametrize("name", [name for name in ENCODERS if name])
def test_every_encoder_halves_the_image_five_times(name):
    with torch.device("meta"):
        encoder = Encoder(name, 2)
        found = encoder(torch.empty(1, 2, 64, 96))
    wanted = [(c, 64 // 2**i, 96 // 2**i) for i, c in enumerate(encoder.channels, 1)]
    assert [tuple(f.shape[1:]) for f in found] == wanted
    assert len(found) == 5


def test_a_grey_image_gives_what_it_gives_in_three_channels(weights):
    grey, colour = Encoder(SMALL, 1).eval(), Encoder(SMALL, 3).eval()
    for encoder in (grey, colour):
        load_pretrained(encoder, weights, "weights")
    x = torch.rand(1, 1, 64, 64)
    with torch.no_grad():
        for a, b in zip(grey(x), colour(x.expand(-1, 3, -1, -1)), strict=True):
            assert a.std() > 0
            torch.testing.assert_close(a, b)


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_the_first_convolution_is_fitted_and_keeps_its_strength(weights, channels):
    encoder = Encoder(SMALL, channels)
    load_pretrained(encoder, weights, "weights")
    mine, theirs = encoder.state_dict(), weights["conv_stem.weight"]
    first = mine["net.conv_stem.weight"]
    assert first.shape[1] == channels
    # Colour keeps its three; more channels take them in turn, each so much weaker.
    for c in range(channels if channels > 1 else 0):
        torch.testing.assert_close(first[:, c], theirs[:, c % 3] * 3 / channels)
    others = [k for k in mine if k != "net.conv_stem.weight"]
    assert all(mine[k].equal(weights[k.removeprefix("net.")]) for k in others)


def test_weights_of_another_network_are_refused(weights):
    for wrong in (
        {},
        {**weights, "layer9.weight": torch.zeros(1)},
        {**weights, "conv_stem.weight": torch.zeros(16, 3, 5, 5)},
        {**weights, "conv_stem.weight": torch.zeros(16, 4, 3, 3)},
    ):
        encoder = Encoder(SMALL, 1)
        before = {k: v.clone() for k, v in encoder.state_dict().items()}
        with pytest.raises(ModelError, match=f"other.safetensors does not hold .* {SMALL}"):
            load_pretrained(encoder, wrong, "other.safetensors")
        assert all(v.equal(before[k]) for k, v in encoder.state_dict().items())


def test_a_network_with_an_encoder_takes_images_of_any_size():
    config = UNetConfig(
        encoder=SMALL, channels=(4,) * 5, attention=True, supervision=1, in_channels=2
    )
    net = UNet(config)
    for size in ((1, 1), (33, 70)):
        for training in (True, False):
            answers = net.train(training).answers(torch.rand(1, 2, *size))
            assert [a.shape for a in answers] == [(1, 1, *size)] * 2
            assert all(a.isfinite().all() for a in answers)


def test_every_weight_of_it_learns():
    net = UNet(NETWORK)
    net(torch.rand(2, 1, 64, 64)).square().mean().backward()
    assert [k for k, p in net.named_parameters() if p.grad is None] == []


def test_what_is_told_of_it():
    text = summary(NETWORK)
    assert f"encoder {SMALL} of timm" in text
    assert "1/32" in text
    assert activations(NETWORK, (2, 64, 64), "float32") > 1e6
    assert not streams(NETWORK)


@pytest.mark.parametrize(
    "options",
    [{"dims": 3}, {"padding": "valid"}, {"padding": "zeros"}, {"depth": 3}, {"stem_stride": 4}],
    ids=str,
)
def test_what_does_not_go_with_an_encoder_is_refused(options):
    with pytest.raises(ConfigError, match=f"^encoder: {SMALL}"):
        UNetConfig(encoder=SMALL, **options)


@pytest.mark.parametrize("name", ["hf-hub:somebody/model", "local-dir:/tmp", "vit_base_patch16"])
def test_only_known_encoders_are_built(name):
    with pytest.raises(ConfigError, match="Encoder"):
        UNetConfig(encoder=name)


def test_without_timm_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ModelError, match=r"pip install 'napari-unet-workbench\[encoders\]'"):
        UNet(NETWORK)
