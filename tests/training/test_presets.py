"""Every preset trains, made narrow and shown small images: all else is as the preset says."""

from dataclasses import replace

import numpy as np
import pytest

from napari_unet.card import read_card
from napari_unet.events import EpochEnd, Note, TrainFinished
from napari_unet.jobs import TrainJob
from napari_unet.presets import PRESETS, preset
from napari_unet.training.job import train
from napari_unet.unet import speed


@pytest.fixture(autouse=True)
def pace(monkeypatch):
    """Let nothing be measured: every image takes a hundredth of a second."""
    monkeypatch.setattr(speed, "measure", lambda *_, **__: 0.01)


@pytest.fixture(scope="module")
def volumes(tmp_path_factory):
    root = tmp_path_factory.mktemp("volumes")
    image = np.zeros((6, 24, 24), np.uint8)
    image[2:4, 6:16, 6:16] = 200
    for part, value in (("images", 1), ("masks", 0)):
        (root / part).mkdir()
        for i in range(4):
            np.save(root / part / f"p{i}.npy", image + value * i if value else image // 200)
    return root


def narrow(name):
    """Return a preset with four channels at every level, for images of 32 pixels."""
    recipe = preset(name)
    network = replace(recipe.network, channels=(4,) * (recipe.network.depth + 1))
    size = (4, 16, 16) if network.dims == 3 else (32, 32)
    return replace(
        recipe,
        network=network,
        preprocess=replace(recipe.preprocess, size=size),
        optim=replace(recipe.optim, precision="float32", channels_last="no", lanes=1),
    )


# That with an encoder is trained in test_pretrained.py.
@pytest.mark.parametrize("name", [n for n in PRESETS if not PRESETS[n].network.encoder])
def test_every_preset_trains(folder, volumes, model, name):
    recipe = narrow(name)
    deep = name in ("2.5d", "3d")
    job = TrainJob(str(volumes if deep else folder), str(model), name, recipe, epochs=1)
    *events, done = train(job)
    assert isinstance(done, TrainFinished)
    (end,) = (e for e in events if isinstance(e, EpochEnd))
    assert end.loss > 0
    assert not [e.text for e in events if isinstance(e, Note) and "finite" in e.text]
    card = read_card(model)
    asked, found = recipe.network, card.network
    assert replace(asked, in_channels=1, out_channels=1) == replace(
        found, in_channels=1, out_channels=1, flat_levels=asked.flat_levels
    )
    assert found.in_channels == 1 + 2 * recipe.preprocess.neighbours
    trained = card.training["recipe"]["optim"]
    kept = ("optimizer", "loss", "schedule", "momentum", "border_weight", "patience", "lr", "ema")
    assert {k: trained[k] for k in kept} == {k: getattr(recipe.optim, k) for k in kept}
