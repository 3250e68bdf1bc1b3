"""The steps in a model file are taken by an interpreter that knows torch only."""

import json

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
}


def taken(steps, known):
    """Take the steps as docs/model_file.md does."""
    for name, operation, tensors, options in steps:
        given = {k: known[v] for k, v in tensors.items()}
        if operation == "cat":
            known[name] = torch.cat([given["first"], given["second"]], 1)
        elif operation == "match":
            x, like = given["input"], given["like"]
            border = []
            for a, b in zip(x.shape[:1:-1], like.shape[:1:-1], strict=True):
                border += [(b - a) // 2, b - a - (b - a) // 2]
            known[name] = F.pad(x, border)
        else:
            function = getattr(F, operation, None) or getattr(torch, operation)
            known[name] = function(**given, **options)
    return known["logits"]


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_the_steps_give_what_the_network_gives_at_any_size(config):
    net = random_net(config)
    found = json.loads(json.dumps(graph(config)))
    for space in ((21, 38), (32, 16)):
        space = (9,) * (config.dims - 2) + space
        x = torch.randn(1, config.in_channels, *space)
        padded = x
        for axis, (n, side) in enumerate(zip(space, found["sides"], strict=True), start=2):
            length = max(-(-(n + side["lost"]) // side["step"]), side["least"]) * side["step"]
            length += side["more"]
            i = (torch.arange(length) - side["before"]) % (2 * n - 2)
            padded = padded.index_select(axis, torch.minimum(i, 2 * n - 2 - i))
        y = taken(found["steps"], {"image": padded, **net.state_dict()})
        y = y[:, :, *map(slice, space)]
        torch.testing.assert_close(y, net(x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_steps_are_few_kinds_of_operations_in_order(config):
    known = {"image", *random_net(config).state_dict()}
    steps = graph(config)["steps"]
    for name, operation, tensors, options in steps:
        assert set(tensors.values()) <= known
        assert {*tensors, *options} <= {*OPERATIONS[operation]}
        known.add(name)
    assert steps[-1][0] == "logits"


def test_what_cannot_be_written_down_is_left_out(monkeypatch):
    monkeypatch.delitem(OPERATIONS, "relu")
    with pytest.raises(UnknownStepError, match="relu"):
        graph(CONFIGS["plain"])
    graph_text.cache_clear()
    assert graph_text(CONFIGS["plain"]) is None
    graph_text.cache_clear()


def test_other_joins_are_not_guessed():
    x = torch.zeros(1, 1, 2, 2)
    net = random_net(CONFIGS["plain"])
    with pytest.raises(UnknownStepError, match="joined"), _Recorder(net, x):
        torch.cat([x, x, x], dim=1)
