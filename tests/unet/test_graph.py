"""The steps in a model file, taken by an interpreter that knows torch only."""

import json
from importlib.util import find_spec
from operator import itemgetter

import pytest
import torch
import torch.nn.functional as F

from napari_unet.config import UNetConfig
from napari_unet.unet.graph import OPERATIONS, UnknownStepError, _Recorder, graph, graph_text
from nets import random_net

CONFIGS = {
    "plain": UNetConfig(depth=2, base_channels=4),
    "auto": UNetConfig(
        depth=2, base_channels=4, norm="batch", residual=True, stem_stride=4, supervision=1
    ),
    "classes": UNetConfig(depth=1, base_channels=4, out_channels=3, stem_stride=2, dropout=0.3),
    "valid": UNetConfig(depth=2, base_channels=4, padding="valid", residual=True),
    "attention": UNetConfig(
        depth=2, base_channels=4, attention=True, norm="group", upsampling="bilinear"
    ),
    "milesial": UNetConfig(
        depth=2, base_channels=4, padding="zeros", upsampling="corners", norm="batch"
    ),
    "volumes": UNetConfig(
        dims=3, depth=2, base_channels=4, norm="instance", stem_stride=2, attention=True
    ),
    "flat": UNetConfig(dims=3, depth=2, base_channels=4, flat_levels=1, padding="valid"),
    "deep": UNetConfig(depth=5, channels=(2,) * 6, norm="instance"),
}


def taken(found, weights, x):
    """Take the steps as docs/model_file.md does."""
    border = [
        pixels
        for n, (step, before, after, lost) in zip(x.shape[:1:-1], found["sides"], strict=True)
        for pixels in (before, after + -(n + lost) % step)
    ]
    known = {"image": F.pad(x, border, mode="reflect"), **weights}
    for name, operation, tensors, options in found["steps"]:
        function = getattr(F, operation, None) or getattr(torch, operation)
        given = {k: itemgetter(*v)(known) for k, v in tensors.items()}
        known[name] = function(**given, **options)
    return known["logits"][(..., *map(slice, x.shape[2:]))]


@pytest.mark.parametrize("name", CONFIGS)
def test_the_steps_give_what_the_network_gives_at_any_size(name):
    config = CONFIGS[name]
    net = random_net(config)
    # The one is mirrored to even sides, instead of filled with zeros inside.
    spaces = ((36, 44), (40, 36)) if name == "milesial" else ((35, 38), (64, 35))
    deep = (25,) * (config.dims - 2)
    found = json.loads(json.dumps(graph(config, (*deep, 34, 34))))
    for space in spaces:
        x = torch.randn(1, config.in_channels, *deep, *space)
        torch.testing.assert_close(taken(found, net.state_dict(), x), net(x), rtol=1e-4, atol=1e-4)


@pytest.mark.skipif(find_spec("timm") is None, reason="needs timm, of the extra encoders")
def test_pretrained_encoders_are_written_down_as_well():
    config = UNetConfig(encoder="mobilenetv3_large_100", depth=4, base_channels=4, norm="batch")
    net, x = random_net(config), torch.randn(1, 1, 70, 64)
    found = taken(graph(config, (64, 64)), net.state_dict(), x)
    torch.testing.assert_close(found, net(x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_steps_are_few_kinds_of_operations_in_order(config):
    known = {"image", *random_net(config).state_dict()}
    steps = graph(config, (32,) * config.dims)["steps"]
    for name, operation, tensors, options in steps:
        assert {one for names in tensors.values() for one in names} <= known
        assert {*tensors, *options} <= {*OPERATIONS[operation]}
        known.add(name)
    assert steps[-1][0] == "logits"


def test_what_cannot_be_written_down_is_left_out(monkeypatch):
    monkeypatch.delitem(OPERATIONS, "relu")
    with pytest.raises(UnknownStepError, match="relu"):
        graph(CONFIGS["plain"], (32, 32))
    graph_text.cache_clear()
    assert graph_text(CONFIGS["plain"], (32, 32)) is None
    graph_text.cache_clear()


def test_what_comes_from_elsewhere_is_not_guessed():
    x = torch.zeros(1, 1, 2, 2)
    net = random_net(CONFIGS["plain"])
    with pytest.raises(UnknownStepError, match="without a name"), _Recorder(net, x):
        x + torch.ones(1)
