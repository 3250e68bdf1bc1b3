from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_unet.card import ModelCard
from napari_unet.config import PreprocessConfig, UNetConfig
from napari_unet.data.cases import LabelRule
from napari_unet.exchange.bioimageio import tensors
from napari_unet.exchange.bioimageio.network import unet
from napari_unet.exchange.bioimageio.trial import phantom
from napari_unet.schema import to_json
from napari_unet.unet.model import probabilities
from napari_unet.unet.predict import predict
from napari_unet.unet.preprocess import Fit
from nets import random_net
from packages import CARDS


def test_sides_of_patches_are_what_the_network_halves_evenly() -> None:
    assert tensors.sides(CARDS["binary"]) == [{"min": 16, "step": 2}, {"min": 18, "step": 2}]
    assert tensors.sides(CARDS["volumes"])[0] == {"min": 4, "step": 2}
    assert tensors.sides(CARDS["classes"]) == [15, 16]
    flat = UNetConfig(dims=3, depth=2, flat_levels=1, stem_stride=2, norm="batch")
    card = ModelCard("x", flat, PreprocessConfig("patch", (1, 17, 30)), LabelRule())
    sides = [{"min": 2, "step": 2}, {"min": 16, "step": 8}, {"min": 24, "step": 8}]
    assert tensors.sides(card) == sides
    assert tensors.least_size(card) == (2, 16, 24)


def test_channels_are_named() -> None:
    assert tensors.channel_names(CARDS["classes"]) == ["channel0", "channel1"]
    names = tensors.channel_names(CARDS["slices"])
    assert names[:3] == ["channel0_slice-1", "channel1_slice-1", "channel0_slice+0"]
    classes = tensors.output_tensor(CARDS["classes"])["axes"][1]["channel_names"]
    assert classes == ["background", "class 0", "class 1"]


def test_descriptions_are_no_longer_than_allowed() -> None:
    for card in CARDS.values():
        for tensor in (tensors.input_tensor(card), tensors.output_tensor(card)):
            assert 0 < len(tensor["description"]) <= 128


def test_mean_and_deviation_of_the_training_set_hold_for_every_slice() -> None:
    (step,) = tensors.preprocessing(CARDS["slices"])
    assert step["kwargs"] == {"axis": "channel", "mean": [0.3, 0.5] * 3, "std": [0.2, 0.1] * 3}
    unknown = replace(CARDS["slices"].preprocess, mean=(), std=())
    (step,) = tensors.preprocessing(replace(CARDS["slices"], preprocess=unknown))
    assert step["id"] == "zero_mean_unit_variance"


def test_each_difference_is_told() -> None:
    every = PreprocessConfig("whole", margin="cut", mirror=True, neighbours=1)
    card = replace(CARDS["slices"], preprocess=every)
    assert len(tensors.differences(card)) == 4
    assert len(tensors.differences(CARDS["slices"])) == 3


@pytest.mark.parametrize("intensity", ["percentile", "zscore"])
def test_a_larger_image_comes_out_nearly_as_here(intensity: str) -> None:
    """As a package says it: scaled first, then normalised; here it is the other way round."""
    config = PreprocessConfig("whole", (32, 32), intensity=intensity)
    card = ModelCard("x", UNetConfig(depth=1, base_channels=4, norm="batch"), config, LabelRule())
    net, image = random_net(card.network), phantom(1, (96, 96))
    (here,) = predict(image[0], "yx", 1, config, net, 1)

    small = Fit.of((96, 96), (32, 32)).image(torch.from_numpy(image))
    x = small.numpy()
    for step in tensors.preprocessing(card):
        x = APPLIED[step["id"]](x)
    theirs = unet(tensors.standardised(card), **to_json(card.network)).eval()
    theirs.load_state_dict(net.state_dict())
    answer = theirs(torch.from_numpy(x.astype(np.float32))[None])
    there = probabilities(torch.nn.functional.interpolate(answer, (96, 96), mode="bilinear"))
    apart = np.abs(here[0] / 255 - there[0, 0].detach().numpy())
    assert 0 < apart.max() < 0.25
    assert apart.mean() < 0.02


APPLIED = {
    "scale_range": lambda x: (
        (x - np.percentile(x, 0.5)) / (np.percentile(x, 99.5) - np.percentile(x, 0.5) + 1e-6)
    ),
    "clip": lambda x: x.clip(0, 1),
    "zero_mean_unit_variance": lambda x: (x - x.mean()) / (x.std() + 1e-6),
}
