"""The viewer's layers: placed exactly, reused, and never written over a person's work."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels

from napari_unet.data.scan import Scan
from napari_unet.widgets.case_layers import Shown, first_slice
from napari_unet.widgets.layer_tags import Whose
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.placing import PixelSize

MODEL = "/models/m.unet.safetensors"


def blob():
    """Labels of their own for every layer: painting changes them in place."""
    labels = np.zeros((20, 30), np.uint8)
    labels[5:9, 5:9] = 1
    return labels


@pytest.fixture
def layers(viewer):
    return Layers(viewer)


def names(viewer):
    return [layer.name for layer in viewer.layers]


def show(layers, key, size=(20, 30), axes="", **options):
    """Show a case of random pixels; the options are those of its scan."""
    array = np.random.default_rng(0).integers(0, 255, size, np.uint8)
    axes = axes or "yxc"[: len(size)]
    reference = options.pop("reference", np.zeros(size[: len(axes.rstrip("c"))], np.uint8))
    start = options.pop("start", ())
    scan = Scan(array, axes, Path(f"{key}.png"), colour=axes.endswith("c"), **options)
    layers.show_case(Shown(key, key, scan, reference, start=start))
    return array


# --- cases ------------------------------------------------------------------------------------


def test_a_case_opens_as_an_image_and_its_reference(viewer, layers):
    show(layers, "a", spacing=(0.5, 0.25), units=("mm", "mm"))
    image, reference = viewer.layers
    assert (image.name, reference.name) == ("a", "a · reference")
    assert isinstance(image, Image)
    assert isinstance(reference, Labels)
    for layer in (image, reference):
        assert layer.scale.tolist() == [0.5, 0.25]
        assert {str(u) for u in layer.units} == {"millimeter"}
    assert not reference.editable
    assert layers.active_image().id == "a"
    assert layers.reference_name() == "a · reference"


def test_the_next_case_reuses_the_layers(viewer, layers):
    show(layers, "a")
    before = list(viewer.layers)
    pixels = show(layers, "b", size=(40, 20))
    assert list(viewer.layers) == before
    assert names(viewer) == ["b", "b · reference"]
    assert viewer.layers[0].data is pixels
    assert layers.open_case() == "b"


def test_colour_after_grey_takes_a_new_layer(viewer, layers):
    show(layers, "a")
    show(layers, "b", size=(20, 30, 3))
    assert names(viewer) == ["b", "b · reference"]
    assert layers.active_image().channels == 3
    assert layers.active_image().shape == (20, 30)


def test_a_case_without_a_mask_has_no_reference(viewer, layers):
    show(layers, "a")
    show(layers, "b", reference=None)
    assert names(viewer) == ["b"]


def test_images_that_a_person_opened_are_left_alone(viewer, layers):
    mine = viewer.add_image(np.ones((9, 9)), name="mine")
    show(layers, "a")
    show(layers, "b")
    assert mine in viewer.layers
    assert mine.name == "mine"


@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")  # napari's, of oblique volumes
def test_a_volume_lies_where_its_file_says_and_opens_at_its_tumour(viewer, layers):
    affine = np.eye(4)
    affine[:3, 3] = (5, -3, 2)
    affine[:2, :2] = [[0.8, -0.6], [0.6, 0.8]]
    reference = np.zeros((6, 20, 30), np.uint8)
    reference[4, 5:9, 5:9] = 1
    show(
        layers,
        "a",
        (6, 20, 30),
        "zyx",
        spacing=(3.0, 0.5, 0.5),
        units=("mm",) * 3,
        affine=affine,
        reference=reference,
        start=first_slice(reference, reference.shape),
    )
    for layer in viewer.layers:
        assert layer.axis_labels == ("z", "y", "x")
        assert [str(u) for u in layer.units] == ["millimeter"] * 3
        world = affine @ (4 * 3.0, 7 * 0.5, 8 * 0.5, 1)
        assert np.allclose(layer.data_to_world((4, 7, 8)), world[:3])
    assert layers.cases.index() == (4,)


def test_geometry_of_the_last_case_does_not_stick(viewer, layers):
    affine = np.eye(3)
    affine[0, 2] = 9
    show(layers, "a", spacing=(0.5, 0.25), units=("mm", "mm"), affine=affine)
    show(layers, "b")
    for layer in viewer.layers:
        assert layer.scale.tolist() == [1, 1]
        assert np.array_equal(layer.affine.affine_matrix, np.eye(3))
        assert {str(u) for u in layer.units} == {"pixel"}


def test_channels_that_are_no_colours_get_a_slider(viewer, layers):
    array = np.zeros((20, 30, 5), np.uint8)
    array[..., 3] = 7
    reference = np.zeros((20, 30), np.uint8)
    layers.show_case(Shown("a", "a", Scan(array, "yxc", Path("a.tif")), reference))
    image, labels = viewer.layers
    assert not image.rgb
    assert image.axis_labels == ("c", "y", "x")
    assert image.data[3].min() == 7
    assert labels.data.shape == (20, 30)
    # In the plane, both lie on each other.
    assert np.array_equal(image.data_to_world((0, 5, 6))[1:], labels.data_to_world((5, 6)))


def test_levels_and_lazy_arrays_are_shown_as_they_are(viewer, layers):
    import dask.array as da

    fine = da.zeros((64, 64), np.uint8, chunks=16)
    scan = Scan(fine, "yx", Path("a.zarr"), levels=(fine, fine[::2, ::2]))
    layers.show_case(Shown("a", "a", scan, np.zeros((64, 64), np.uint8)))
    image = viewer.layers[0]
    assert image.multiscale
    assert image.data[0] is fine
    show(layers, "b")
    assert not viewer.layers["b"].multiscale


def test_the_first_slice_is_that_with_the_most_foreground():
    reference = np.zeros((2, 5, 8, 8), np.uint8)
    reference[1, 3, :4] = 2
    reference[0, 2, 0] = 1
    assert first_slice(reference, reference.shape) == (1, 3)
    assert first_slice(reference * 0, reference.shape) == (1, 2)
    assert first_slice(None, (7, 8, 8)) == (3,)
    assert first_slice(None, (8, 8)) == ()


def test_the_case_cannot_be_deleted_by_hand_but_by_closing_it(viewer, layers):
    show(layers, "a")
    mine = viewer.add_image(np.ones((9, 9)), name="mine")
    viewer.layers.selection = set(viewer.layers)
    viewer.layers.remove_selected()
    assert mine not in viewer.layers
    assert names(viewer) == ["a", "a · reference"]
    show(layers, "b")
    assert names(viewer) == ["b", "b · reference"]
    assert all(layer.locked for layer in viewer.layers)
    layers.close_case()
    assert not viewer.layers
    assert layers.open_case() == ""


def test_closing_a_case_keeps_what_a_person_painted_on_it(viewer, layers):
    show(layers, "a")
    layers.segmentations.write(Whose("a", MODEL, "m"), blob())
    layers.segmentations.write(Whose("a", "/models/n", "n"), blob())
    viewer.layers["a · m"].paint((15, 15), 1)
    layers.close_case()
    assert names(viewer) == ["a · m (corrected)"]


# --- segmentations ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["plane", "colour", "stack", "time series", "rotated"])
def test_labels_lie_exactly_on_their_image(kind, viewer, layers):
    shapes = {"colour": (20, 30, 3), "stack": (4, 20, 30), "time series": (2, 4, 20, 30)}
    ndim = {"stack": 3, "time series": 4}.get(kind, 2)
    options = {
        "scale": (3.0, 2.0, 0.5, 0.25)[-ndim:],
        "translate": (5.0, 4.0, 3.0, 2.0)[-ndim:],
        "units": ("s", "mm", "mm", "mm")[-ndim:],
        "axis_labels": ("t", "z", "y", "x")[-ndim:],
    }
    if kind == "rotated":
        options |= {"rotate": 30, "shear": [0.2], "affine": np.diag([2, 1, 1.0])}
    image = viewer.add_image(
        np.zeros(shapes.get(kind, (20, 30))), rgb=kind == "colour", name="scan", **options
    )
    facts = layers.active_image()
    layers.segmentations.write(Whose(facts.id, MODEL, "m"), np.ones(facts.shape, np.uint8))
    labels = viewer.layers["scan · m"]
    assert labels.data.shape == facts.shape
    corners = np.stack([np.zeros(ndim), np.array(facts.shape)])
    for corner in corners:
        assert np.allclose(labels.data_to_world(corner), image.data_to_world(corner))
    assert labels.units == image.units
    assert labels.axis_labels == image.axis_labels
    assert viewer.layers.selection.active is image


def test_there_is_one_layer_per_image_and_model(viewer, layers):
    viewer.add_image(np.zeros((20, 30)), name="scan")
    id = layers.active_image().id
    layers.segmentations.write(Whose(id, MODEL, "m"), blob())
    layers.segmentations.write(Whose(id, MODEL, "m"), blob() * 0)
    layers.segmentations.write(Whose(id, "/models/n", "n"), blob())
    assert names(viewer) == ["scan", "scan · m", "scan · n"]
    assert not viewer.layers["scan · m"].data.any()


def test_what_a_person_painted_is_seen_and_undo_is_seen_too(viewer, layers):
    viewer.add_image(np.zeros((20, 30)), name="scan")
    id = layers.active_image().id
    layers.segmentations.write(Whose(id, MODEL, "m"), blob())
    labels = viewer.layers["scan · m"]
    assert not layers.segmentations.painted(id, MODEL)
    labels.paint((15, 15), 1)
    assert layers.segmentations.painted(id, MODEL)
    labels.undo()
    assert not layers.segmentations.painted(id, MODEL)


def test_painting_and_undo_are_told_but_not_our_own_writing(viewer, layers, qtbot):
    viewer.add_image(np.zeros((20, 30)), name="scan")
    id = layers.active_image().id
    layers.segmentations.write(Whose(id, MODEL, "m"), blob())
    qtbot.wait(100)
    with qtbot.assertNotEmitted(layers._pause.timeout, wait=100):
        layers.segmentations.write(Whose(id, MODEL, "m"), blob())
    for act in (lambda: viewer.layers[1].paint((3, 3), 1), viewer.layers[1].undo):
        with qtbot.waitSignal(layers._pause.timeout):
            act()


def test_painted_labels_can_be_set_apart(viewer, layers):
    viewer.add_image(np.zeros((20, 30)), name="scan")
    id = layers.active_image().id
    layers.segmentations.write(Whose(id, MODEL, "m"), blob())
    viewer.layers["scan · m"].paint((15, 15), 1)
    layers.segmentations.set_apart(id, MODEL)
    layers.segmentations.write(Whose(id, MODEL, "m"), blob())
    assert names(viewer) == ["scan", "scan · m (corrected)", "scan · m"]
    assert viewer.layers["scan · m (corrected)"].data[15, 15] == 1


def test_undo_cannot_bring_back_strokes_of_labels_that_were_replaced(viewer, layers):
    viewer.add_image(np.zeros((20, 30)), name="scan")
    id = layers.active_image().id
    layers.segmentations.write(Whose(id, MODEL, "m"), blob())
    labels = viewer.layers["scan · m"]
    labels.mode = "paint"
    labels.paint((15, 15), 1)
    layers.segmentations.write(Whose(id, MODEL, "m"), blob())
    labels.undo()
    assert np.array_equal(labels.data, blob())
    assert labels.mode == "paint"


def test_another_case_never_stands_under_the_last_ones_labels(viewer, layers):
    show(layers, "a")
    layers.segmentations.write(Whose("a", MODEL, "m"), blob())
    (spare,) = [x for x in viewer.layers if x.name == "a · m"]
    show(layers, "b", size=(10, 10))
    assert "a · m" not in names(viewer)
    assert not spare.visible
    assert not spare.data.any()
    assert spare.data.shape == (10, 10)
    layers.segmentations.write(Whose("b", MODEL, "m"), np.ones((10, 10), np.uint8))
    assert viewer.layers["b · m"] is spare
    assert spare.visible


def test_a_copy_that_a_person_made_is_theirs(viewer, layers):
    show(layers, "a")
    layers.segmentations.write(Whose("a", MODEL, "m"), blob())
    data, state, _ = viewer.layers["a · m"].as_layer_data_tuple()
    mine = viewer.add_labels(data.copy(), **state | {"name": "mine"})
    layers.segmentations.write(Whose("a", MODEL, "m"), blob() * 0)
    show(layers, "b")
    assert np.array_equal(mine.data, blob())
    assert mine.visible
    assert mine.name == "mine"


def test_painted_labels_of_the_last_case_are_kept(viewer, layers):
    show(layers, "a")
    layers.segmentations.write(Whose("a", MODEL, "m"), blob())
    viewer.layers["a · m"].paint((15, 15), 1)
    show(layers, "b")
    kept = viewer.layers["a · m (corrected)"]
    assert kept.data[15, 15] == 1
    assert not kept.visible


def test_labels_of_a_model_that_was_trained_anew_say_so(viewer, layers):
    viewer.add_image(np.zeros((20, 30)), name="scan")
    id = layers.active_image().id
    layers.segmentations.write(Whose(id, MODEL, "m"), blob())
    layers.segmentations.mark_old(MODEL)
    layers.segmentations.mark_old(MODEL)
    assert names(viewer) == ["scan", "scan · m (by an earlier version)"]
    layers.segmentations.write(Whose(id, MODEL, "m"), blob())
    assert names(viewer) == ["scan", "scan · m"]


# --- results that come too late ---------------------------------------------------------------


def test_a_result_for_an_unchanged_image_is_welcome(viewer, layers):
    viewer.add_image(np.zeros((20, 30)), name="scan")
    ticket = layers.ticket(layers.active_image().id)
    viewer.layers[0].name = "renamed"
    assert layers.problem(ticket) == ""


def test_a_result_for_a_closed_image_is_dropped(viewer, layers):
    viewer.add_image(np.zeros((20, 30)), name="scan")
    ticket = layers.ticket(layers.active_image().id)
    viewer.layers.clear()
    assert "scan was closed" in layers.problem(ticket)
    assert layers.ticket("no such image") is None


def test_a_result_for_a_changed_image_is_dropped(viewer, layers):
    edited = []
    layers.image_edited.connect(edited.append)
    image = viewer.add_image(np.zeros((20, 30)), name="scan")
    ticket = layers.ticket(layers.active_image().id)
    image.data = np.ones((20, 30))
    assert "scan was changed" in layers.problem(ticket)
    assert edited == [ticket.facts.id]


def test_a_result_for_another_case_in_the_same_layer_is_dropped(viewer, layers):
    show(layers, "a")
    ticket = layers.ticket("a")
    show(layers, "b")
    assert "a was changed" in layers.problem(ticket)


def test_a_case_whose_pixels_were_replaced_is_no_case_any_more(viewer, layers):
    show(layers, "a")
    viewer.layers[0].data = np.ones((20, 30))
    assert layers.open_case() == ""
    assert layers.active_image().id != "a"


# --- facts ------------------------------------------------------------------------------------


def test_the_finest_level_of_a_multiscale_image_counts(viewer, layers):
    viewer.add_image([np.zeros((40, 60)), np.zeros((20, 30))], multiscale=True, name="big")
    facts = layers.active_image()
    assert facts.shape == (40, 60)
    assert layers.ticket(facts.id).data.shape == (40, 60)


def test_labels_stand_for_the_image_they_belong_to(viewer, layers):
    viewer.add_image(np.zeros((20, 30)), name="first")
    viewer.add_image(np.zeros((20, 30)), name="second")
    first = layers.images()[0]
    layers.segmentations.write(Whose(first.id, MODEL, "m"), blob())
    viewer.layers.selection.active = viewer.layers["first · m"]
    assert layers.active_image() == first
    viewer.layers.selection.active = viewer.layers["second"]
    assert layers.active_image().name == "second"


def test_what_a_pixel_measures(viewer, layers):
    viewer.add_image(np.zeros((20, 30)), name="plain")
    assert layers.pixel_size(layers.active_image().id) == PixelSize()
    viewer.add_image(np.zeros((20, 30)), scale=(0.5, 0.5), units=("mm", "mm"))
    assert layers.pixel_size(layers.active_image().id) == PixelSize(0.25, "mm²")
    viewer.add_image(np.zeros((4, 20, 30)), scale=(2, 0.5, 0.5), units=("um",) * 3)
    assert layers.pixel_size(layers.active_image().id) == PixelSize(0.5, "µm³")


def test_layers_do_not_keep_a_closed_viewer_alive():
    viewer = ViewerModel()
    layers = Layers(viewer)
    gone = weakref.ref(viewer)
    del viewer
    gc.collect()
    assert gone() is None
    assert layers.images() == []
    assert layers.active_image() is None


def test_a_layer_that_is_closed_is_heard_of_no_more(viewer, layers, qtbot):
    """It may be in another viewer by then."""
    heard = []
    for signal in (layers.touched, layers.image_edited, layers.outlines_changed):
        signal.connect(lambda *args: heard.append(args))
    labels = viewer.add_labels(np.zeros((9, 9), np.uint8))
    image, shapes = viewer.add_image(np.zeros((9, 9))), viewer.add_shapes()
    viewer.layers.clear()
    heard.clear()
    labels.paint((3, 3), 1)
    image.data = np.ones((9, 9))
    shapes.add_rectangles([[0, 0], [3, 3]])
    assert heard == []
    viewer.layers.append(labels)
    labels.paint((5, 5), 1)
    assert heard
