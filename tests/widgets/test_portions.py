"""Which part of an image is meant: read from layers, sliders, the camera and drawn shapes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.card import ModelCard
from napari_unet.config import PreprocessConfig, UNetConfig
from napari_unet.data.cases import LabelRule
from napari_unet.errors import DataError
from napari_unet.widgets.hand import Hand
from napari_unet.widgets.portions import INSIDE, SLICE, VIEW, WHOLE, Portions


def card(dims=2, channels=1, neighbours=0, mode="whole"):
    network = UNetConfig(in_channels=channels * (2 * neighbours + 1), dims=dims)
    size = (16, 32, 32)[-dims:]
    preprocess = PreprocessConfig(mode, size, neighbours=neighbours)
    return ModelCard("m", network, preprocess, LabelRule())


@pytest.fixture
def portions(viewer):
    return Portions(Hand(viewer))


def test_a_picture_can_be_segmented_whole_or_as_far_as_it_is_in_view(viewer, portions):
    layer = viewer.add_image(np.zeros((40, 60)))
    assert [key for key, _ in portions.wheres(layer, card())] == [WHOLE, VIEW]
    assert portions.axes(layer, card()) == []
    layer.corner_pixels = np.array([[5, 10], [20, 30]])
    part = portions.portion(layer, card(), VIEW)
    assert part.kept == ((5, 21), (10, 31))
    assert part.box == ((0, 40), (0, 60))
    assert portions.portion(layer, card(mode="patch"), VIEW).box == ((0, 37), (0, 47))


def test_the_view_of_several_levels_is_that_of_the_finest(viewer, portions):
    data = np.zeros((64, 64))
    layer = viewer.add_image([data, data[::4, ::4]], multiscale=True)
    layer._data_level = 1
    layer.corner_pixels = np.array([[2, 4], [7, 9]])
    assert portions.portion(layer, card(), VIEW).kept == ((8, 29), (16, 37))


def test_a_volume_is_gone_through_along_any_axis(viewer, portions):
    layer = viewer.add_image(np.zeros((5, 6, 7)), axis_labels=("z", "y", "x"), scale=(4, 1, 1))
    assert portions.axes(layer, card()) == [(-3, "z (5)"), (-2, "y (6)"), (-1, "x (7)")]
    assert portions.portion(layer, card(), WHOLE).order == (0, 1, 2)
    assert portions.portion(layer, card(), WHOLE, -2).order == (1, 0, 2)
    assert portions.portion(layer, card(), WHOLE, -1).order == (2, 0, 1)
    assert portions.axes(layer, card(dims=3)) == []
    assert portions.portion(layer, card(dims=3), WHOLE, -1).plain
    assert portions.spacing(layer, card()) == (4, 1, 1)
    unnamed = viewer.add_image(np.zeros((5, 6, 7)))
    assert portions.axes(unnamed, card())[0] == (-3, "axis 0 (5)")


def test_the_shown_slice_is_the_one_that_is_looked_at(viewer, portions):
    layer = viewer.add_image(np.zeros((5, 6, 7)), scale=(4, 1, 1), translate=(8, 0, 0))
    viewer.dims.set_point(0, 8 + 3 * 4)
    part = portions.portion(layer, card(neighbours=1), SLICE)
    assert part.kept == ((3, 4), (0, 6), (0, 7))
    assert part.box[0] == (2, 5)
    viewer.dims.order = (2, 0, 1)
    viewer.dims.set_point(2, 5)
    part = portions.portion(layer, card(), SLICE)
    assert part.kept == ((0, 5), (0, 6), (5, 6))
    assert part.order == (2, 0, 1)
    assert SLICE not in dict(portions.wheres(layer, card(dims=3)))


def test_of_several_volumes_the_shown_one_is_meant(viewer, portions):
    layer = viewer.add_image(np.zeros((3, 5, 6, 7)))
    viewer.dims.set_point(0, 2)
    assert "volume" in dict(portions.wheres(layer, card(dims=3)))[SLICE]
    part = portions.portion(layer, card(dims=3), SLICE)
    assert part.kept == ((2, 3), (0, 5), (0, 6), (0, 7))


def test_points_in_time_are_no_slices(viewer, portions):
    layer = viewer.add_image(np.zeros((5, 6, 7)), axis_labels=("t", "y", "x"))
    assert portions.axes(layer, card()) == []
    assert portions.in_time(layer, card())
    part = portions.portion(layer, card(neighbours=1), WHOLE, -1)
    assert part.apart
    assert part.take(layer.data).shape == (5, 1, 6, 7)


def test_channels_are_no_slices_either(viewer, portions):
    layer = viewer.add_image(np.zeros((2, 6, 7)))
    part = portions.portion(layer, card(channels=2), WHOLE)
    assert (part.shape, part.channel, part.canvas) == ((6, 7), 0, (6, 7))
    middle = viewer.add_image(np.zeros((5, 3, 6, 7)), axis_labels=("z", "c", "y", "x"))
    part = portions.portion(middle, card(channels=3), WHOLE)
    assert (part.shape, part.channel, part.canvas) == ((5, 6, 7), 1, (5, 3, 6, 7))
    turned = viewer.add_image(np.zeros((2, 6, 7)), shear=(0.5, 0, 0))
    assert portions.portion(turned, card(channels=2), WHOLE).canvas == (2, 6, 7)


def test_drawn_shapes_are_where_they_lie_in_the_world(viewer, portions):
    layer = viewer.add_image(np.zeros((4, 40, 60)), scale=(3, 0.5, 0.5), translate=(0, 5, 5))
    assert not any(key.startswith(INSIDE) for key, _ in portions.wheres(layer, card()))
    corners = np.array([[10.1, 10.1], [10.1, 14.9], [14.9, 14.9], [14.9, 10.1]])
    shapes = viewer.add_shapes([corners], shape_type="rectangle", name="tumours")
    (where,) = [key for key, text in portions.wheres(layer, card()) if text == "inside tumours"]
    part = portions.portion(layer, card(), where)
    assert part.kept == ((0, 4), (10, 21), (10, 21))
    assert part.mask.shape == (1, 11, 11)
    assert part.mask[0, 1:10, 1:10].all()
    assert part.mask.sum() == 81
    before = portions.outlines(where)
    shapes.data = [corners + 1]
    assert portions.outlines(where) != before
    shapes.data = [corners + 1000]
    with pytest.raises(DataError, match="beside"):
        portions.portion(layer, card(), where)
    viewer.layers.remove(shapes)
    with pytest.raises(DataError, match="removed"):
        portions.portion(layer, card(), where)
    assert portions.outlines(where) == ()


def test_an_ellipse_and_shapes_with_a_place_of_their_own(viewer, portions):
    layer = viewer.add_image(np.zeros((40, 60)))
    viewer.add_shapes(
        [np.array([[0, 0], [0, 10], [10, 10], [10, 0]])], shape_type="ellipse", translate=(20, 30)
    )
    where = portions.wheres(layer, card())[-1][0]
    part = portions.portion(layer, card(), where)
    assert part.kept == ((20, 31), (30, 41))
    assert part.mask[5, 5]
    assert not part.mask[0, 0]
    lines = viewer.add_shapes([np.array([[0, 0], [5, 5]])], shape_type="line")
    assert f"{INSIDE}{lines.unique_id}" not in dict(portions.wheres(layer, card()))
