"""Painted labels that were replaced and come back."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.widgets.hand import Hand
from napari_unet.widgets.layer_tags import Whose, facts
from napari_unet.widgets.segmentations import Segmentations

MODEL = "/models/m.unet.safetensors"


@pytest.fixture
def layers(viewer):
    return Segmentations(Hand(viewer))


@pytest.fixture
def whose(viewer):
    image = viewer.add_image(np.zeros((4, 6, 8)), name="scan", scale=(3, 1, 1))
    return Whose(facts(image).id, MODEL, "m")


def ones(*shape):
    return np.ones(shape, np.uint8)


def test_what_was_painted_comes_back(viewer, layers, whose):
    layers.write(whose, ones(4, 6, 8))
    labels = viewer.layers["scan · m"]
    labels.data[0, 0, 0] = 7
    assert not layers.replaced.has(labels)
    layers.replaced.keep(labels)
    layers.write(whose, 2 * ones(4, 6, 8))
    assert labels.data[0, 0, 0] == 2
    assert layers.replaced.has(labels)
    layers.replaced.bring_back(labels)
    assert labels.data[0, 0, 0] == 7
    assert labels.data[0, 0, 1] == 1
    assert layers.painted(whose.image, MODEL)
    assert not layers.replaced.has(labels)


def test_what_was_given_up_does_not_come_back(viewer, layers, whose):
    layers.write(whose, ones(4, 6, 8))
    labels = viewer.layers["scan · m"]
    layers.replaced.keep(labels)
    layers.replaced.forget(labels)
    labels.data[0, 0, 0] = 7
    layers.replaced.bring_back(labels)
    assert labels.data[0, 0, 0] == 7
    assert not layers.replaced.has(None)
