from dataclasses import replace

import pytest
import torch

from napari_unet.config import UNetConfig
from napari_unet.presets import PRESETS
from napari_unet.quantities import size_words
from napari_unet.unet import memory
from napari_unet.unet.memory import Memory, activations, estimate, fits
from napari_unet.unet.model import UNet
from napari_unet.unet.speed import Speed

NET = UNetConfig(depth=2, base_channels=4, norm="batch")


def really_kept(net, x):
    found = {}

    def note(tensor):
        found[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
        y = net(x)
    for p in net.parameters():
        found.pop(p.untyped_storage().data_ptr(), None)
    del y
    return sum(found.values())


@pytest.mark.parametrize("config", [NET, replace(NET, norm="none", residual=True, stem_stride=2)])
def test_what_is_kept_is_told_without_computing(config):
    wanted = really_kept(UNet(config), torch.randn(2, 1, 32, 48))
    assert activations(config, (2, 32, 48), "float32") == pytest.approx(wanted, rel=0.02)


def test_half_precision_keeps_less_and_volumes_are_told_too():
    whole = activations(NET, (2, 64, 64), "float32")
    assert activations(NET, (2, 64, 64), "bfloat16") < 0.75 * whole
    assert activations(NET, (4, 64, 64), "float32") == pytest.approx(2 * whole, rel=0.02)
    deep = replace(NET, dims=3)
    assert activations(deep, (1, 16, 64, 64), "float32") > 4 * whole


def test_the_batch_counts_in_its_parts():
    recipe = replace(PRESETS["plain"], network=NET)
    parts = replace(recipe, optim=replace(recipe.optim, accumulate=4))
    how = Speed("cpu")
    assert estimate(parts, how, 0).step < 0.5 * estimate(recipe, how, 0).step
    assert estimate(recipe, how, 10**6).host - estimate(recipe, how, 0).host == 10**6


def test_images_beyond_the_share_of_memory_are_kept_in_files(monkeypatch):
    monkeypatch.setattr(memory, "free_ram", lambda: 10**9)
    need = estimate(replace(PRESETS["plain"], network=NET), Speed("cpu"), 10**12)
    assert need.host < memory.OWN + 10**9


def test_what_fits(monkeypatch):
    monkeypatch.setattr(memory, "free_ram", lambda: 10**9)
    assert fits(Memory(4 * 10**8, 4 * 10**8, "cpu"), "cpu")
    assert not fits(Memory(6 * 10**8, 4 * 10**8, "cpu"), "cpu")


def test_sizes_in_words():
    assert [size_words(s) for s in (1.13e9, 9.9e8, 2.5e7)] == ["1.1 GB", "990 MB", "25.0 MB"]
