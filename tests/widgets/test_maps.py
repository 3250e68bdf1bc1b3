"""Probabilities and uncertainty as image layers."""

from __future__ import annotations

from types import SimpleNamespace

import dask.array as da
import numpy as np
import pytest

from napari_unet.session.portion import all_of, portion
from napari_unet.widgets import maps as module
from napari_unet.widgets.hand import Hand
from napari_unet.widgets.layer_tags import Whose, facts
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.maps import Maps


@pytest.fixture
def maps(viewer):
    return Maps(Hand(viewer))


@pytest.fixture
def whose(viewer):
    image = viewer.add_image(np.zeros((6, 8)), name="scan", scale=(2, 3), rotate=20)
    return Whose(facts(image).id, "/models/m", "m")


def values():
    return np.arange(48, dtype=np.uint8).reshape(6, 8)


def test_a_map_lies_on_its_image_and_is_updated(viewer, maps, whose):
    maps.show(whose, "probability", "tumour", values(), all_of((6, 8)))
    image, layer = viewer.layers
    assert layer.name == "scan · m · probability · tumour"
    assert np.allclose(layer.data, values() / 255)
    assert np.allclose(layer.data_to_world((5, 7)), image.data_to_world((5, 7)))
    assert tuple(layer.contrast_limits) == (0, 1)
    assert maps.shown(whose.image, whose.model, "probability")
    assert not maps.shown(whose.image, whose.model, "uncertainty")
    maps.show(whose, "probability", "tumour", values()[::-1], all_of((6, 8)))
    assert np.allclose(layer.data, values()[::-1] / 255)
    assert len(viewer.layers) == 2
    maps.show(whose, "probability", "edema", values(), all_of((6, 8)))
    assert len(viewer.layers) == 3
    maps.remove(whose.image)
    assert len(viewer.layers) == 1


def test_what_was_not_asked_about_is_zero(viewer, maps, whose):
    part = portion((6, 8), (0, 1), {0: (2, 4)}, mask=np.arange(8)[None] < 3)
    maps.show(whose, "uncertainty", "", 255 * np.ones((2, 8), np.uint8), part)
    data = viewer.layers[-1].data
    assert data.sum() == 6
    assert data[2:4, :3].all()


def test_large_maps_are_lazy(viewer, maps, whose, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 10)
    maps.show(whose, "probability", "", values(), all_of((6, 8)))
    layer = viewer.layers[-1]
    assert isinstance(layer.data, da.Array)
    assert np.allclose(np.asarray(layer.data), values() / 255)
    part = portion((6, 8), (0, 1), {0: (2, 4)})
    maps.show(whose, "uncertainty", "", values()[2:4], part)
    assert np.allclose(np.asarray(viewer.layers[-1].data)[2:4], values()[2:4] / 255)


def test_of_large_maps_a_slice_is_made_when_it_is_looked_at(viewer, maps, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 10)
    image = viewer.add_image(np.zeros((3, 6, 8)), name="volume")
    whose = Whose(facts(image).id, "/models/m", "m")
    probabilities = np.stack([np.full((3, 6, 8), level, np.uint8) for level in (128, 127)])
    result = SimpleNamespace(probabilities=probabilities, uncertainty=None, classes=("a",))
    for kind, value in (("probability", 127 / 255), ("uncertainty", 1)):
        ((what, shown),) = module.values_of(result, kind)
        maps.show(whose, kind, what, shown, all_of((3, 6, 8)))
        data = viewer.layers[" · ".join(filter(None, ("volume · m", kind, what)))].data
        assert data.chunks == ((1, 1, 1), (6,), (8,))
        assert np.allclose(np.asarray(data[1]), value, atol=0.01)
    part = portion((3, 6, 8), (1, 2), {0: (1, 3), 1: (2, 4)})
    maps.show(whose, "probability", "a", probabilities[0, 1:, 2:4], part)
    data = viewer.layers["volume · m · probability · a"].data
    assert data.chunks == ((1, 1, 1), (6,), (8,))
    assert np.asarray(data).sum(axis=2).astype(int).tolist() == [[0] * 6] + 2 * [[0, 0, 4, 4, 0, 0]]


def test_a_map_is_no_image_to_be_segmented(viewer):
    layers = Layers(viewer)
    image = viewer.add_image(np.zeros((6, 8)), name="scan")
    whose = Whose(facts(image).id, "/models/m", "m")
    layers.maps.show(whose, "probability", "", values(), all_of((6, 8)))
    assert [i.name for i in layers.images()] == ["scan"]
    viewer.layers.selection.active = viewer.layers[-1]
    assert layers.active_image().name == "scan"
    image.data = np.ones((6, 8))
    assert len(viewer.layers) == 1
