from __future__ import annotations

import ast
import sys
from types import ModuleType
from typing import Any

import pytest
import torch

from napari_unet.errors import ModelError
from napari_unet.exchange.bioimageio import architecture as gathering
from napari_unet.exchange.bioimageio.architecture import architecture
from napari_unet.schema import to_json
from nets import random_net
from packages import CARDS


@pytest.fixture
def gathered(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The file as a module, made without this program."""
    module = ModuleType("gathered")
    monkeypatch.setitem(sys.modules, "gathered", module)
    exec(compile(architecture("1.2.3"), "unet.py", "exec"), vars(module))
    return module


def test_it_names_nothing_of_this_program_and_its_version() -> None:
    text = architecture("1.2.3")
    assert "napari-unet 1.2.3" in text
    for node in ast.walk(ast.parse(text)):
        names = [a.name for a in getattr(node, "names", []) if isinstance(a, ast.alias)]
        assert not any(n.startswith("napari") for n in [*names, str(getattr(node, "module", ""))])


@pytest.mark.parametrize("key", CARDS)
def test_it_is_the_same_network(gathered: Any, key: str) -> None:
    network = CARDS[key].network
    ours = random_net(network)
    theirs = gathered.unet(**to_json(network)).eval()
    theirs.load_state_dict(ours.state_dict())
    image = torch.randn(2, network.in_channels, *(8,) * network.dims)
    assert type(theirs).__module__ != type(ours).__module__
    assert torch.equal(theirs(image), ours(image))


def test_a_standardised_network_brings_images_to_mean_0_and_deviation_1(gathered: Any) -> None:
    network = CARDS["classes"].network
    plain, other = (gathered.unet(s, **to_json(network)).eval() for s in (False, True))
    other.load_state_dict(plain.state_dict())
    image = torch.rand(2, 2, 8, 8) * 3 + 5
    axes = (1, 2, 3)
    scaled = (image - image.mean(axes, keepdim=True)) / image.std(axes, False, keepdim=True)
    torch.testing.assert_close(other(image), plain(scaled))
    flat = torch.full((1, 2, 8, 8), 0.25)
    torch.testing.assert_close(other(flat), plain(torch.zeros(1, 2, 8, 8)))


def test_two_definitions_of_one_name_are_refused() -> None:
    parts = gathering._Parts(names={"UNet": "somewhere.else"})
    with pytest.raises(ModelError, match="defines UNet twice"):
        parts.gather(gathering.MODULE, gathering.CALLABLE)
