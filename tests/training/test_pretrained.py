"""Trainings with a pretrained encoder; nothing is fetched."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from hub import SMALL, lies_in_cache, offline, random_weights
from napari_unet.api import segment
from napari_unet.card import read_card
from napari_unet.config import UNetConfig
from napari_unet.errors import ModelError, WeightsError
from napari_unet.events import Note, Progress, TrainFinished
from napari_unet.jobs import ResumeJob, TrainJob
from napari_unet.presets import begun_at_random
from napari_unet.training.job import resume, train
from napari_unet.unet.file import load_model
from napari_unet.unet.summary import describe_model
from trainings import OPTIM, TINY

NETWORK = UNetConfig(encoder=SMALL, channels=(4,) * 5, norm="batch")
RECIPE = replace(TINY, network=NETWORK, optim=replace(OPTIM, epochs=1, lr=1e-9))
FIRST = "pretrained.net.conv_stem.weight"


@pytest.fixture(scope="module")
def weights():
    return random_weights(SMALL)


def job(folder, model, **changes):
    return TrainJob(str(folder), str(model), recipe=RECIPE, **changes)


def test_begins_with_the_weights_of_the_hub_and_tells_so(
    folder, model, tmp_path, monkeypatch, weights
):
    offline(monkeypatch, tmp_path)
    lies_in_cache(monkeypatch, tmp_path, SMALL, weights)
    *events, done = train(job(folder, model))
    assert isinstance(done, TrainFinished)
    assert any("ra_in1k" in e.text for e in events if isinstance(e, Note))
    # It hardly moved; grey images take the sum of red, green and blue.
    wanted = weights["conv_stem.weight"].sum(1, keepdim=True)
    torch.testing.assert_close(load_file(model)[FIRST], wanted, atol=1e-4, rtol=0)
    told = {"name": "mobilenetv3_large_100.ra_in1k", "licence": "apache-2.0"}
    assert read_card(model).training["encoder"] == told
    # Going on with it, and loading it, needs no weights but its own.
    lies_nowhere = tmp_path / "empty"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(lies_nowhere))
    *_, longer = resume(ResumeJob(str(model), epochs=2))
    assert longer.epochs == 2
    assert read_card(model).training["encoder"] == told
    net, card = load_model(model)
    assert card.network.encoder == SMALL
    assert all(not t.is_meta for t in (*net.parameters(), *net.buffers()))
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "timm", None)
        with pytest.raises(ModelError, match="pip install"):
            load_model(model)
        text = describe_model(card)
        assert text.startswith("m\n")
        assert "pip install" in text
    segmented = segment(np.zeros((37, 50), np.float32), model)
    assert segmented.shape == (37, 50)


def begin(job):
    """Let a training come to its first step, and stop it there; return what it has noted."""
    notes = []
    for event in (events := train(job)):
        if isinstance(event, Note):
            notes.append(event.text)
        if isinstance(event, Progress) and event.what.startswith("training"):
            break
    events.close()
    return " ".join(notes)


def test_offline_training_is_refused_and_random_weights_are_as_asked(
    folder, model, tmp_path, monkeypatch
):
    offline(monkeypatch, tmp_path)
    with pytest.raises(WeightsError, match="random weights"):
        begin(job(folder, model))
    assert not model.exists()
    random = replace(job(folder, model), recipe=begun_at_random(RECIPE))
    assert "begins with random weights" in begin(random)


def test_weights_of_ones_own(folder, model, tmp_path, monkeypatch, weights):
    offline(monkeypatch, tmp_path)
    path = tmp_path / "own.safetensors"
    save_file(weights, path)
    assert "own.safetensors" in begin(job(folder, model, encoder_weights=str(path)))
    with pytest.raises(ModelError, match=r"none\.safetensors"):
        begin(job(folder, model, encoder_weights=str(tmp_path / "none.safetensors")))
