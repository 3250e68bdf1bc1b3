"""Labels of segmentations: parts of images, what was painted, and what is out of date."""

from __future__ import annotations

import dask.array as da
import numpy as np

from answers import MODEL, ones
from napari_unet.session import Made
from napari_unet.session.portion import portion
from napari_unet.widgets.labels_names import STALE
from napari_unet.widgets.layer_tags import Whose, facts


def slice_(i):
    return portion((4, 6, 8), (1, 2), {0: (i, i + 1)})


def test_a_slice_leaves_the_others_as_they_are(viewer, layers, whose):
    layers.write(whose, ones(1, 6, 8), slice_(2), Made(1.0))
    labels = viewer.layers["scan · m"]
    assert labels.data.sum(axis=(1, 2)).tolist() == [0, 0, 48, 0]
    assert labels.scale.tolist() == [3, 1, 1]
    array = labels.data
    layers.write(whose, 2 * ones(1, 6, 8), slice_(0), Made(2.0))
    assert labels.data is array
    assert labels.data.sum(axis=(1, 2)).tolist() == [96, 0, 48, 0]
    assert layers.made(whose.image, MODEL) == Made(2.0)
    assert len(viewer.layers) == 2


def test_only_what_was_painted_in_the_part_counts(viewer, layers, whose):
    layers.write(whose, ones(4, 6, 8))
    viewer.layers["scan · m"].data[3, 0, 0] = 5
    assert layers.painted(whose.image, MODEL)
    assert layers.painted(whose.image, MODEL, slice_(3))
    assert not layers.painted(whose.image, MODEL, slice_(2))


def test_a_mask_keeps_what_lies_beside_the_shape(viewer, layers, whose):
    mask = np.zeros((1, 2, 2), bool)
    mask[0, 0, 0] = True
    part = portion((4, 6, 8), (1, 2), {1: (2, 4), 2: (3, 5)}, mask=mask)
    layers.write(whose, ones(4, 2, 2), part)
    labels = viewer.layers["scan · m"]
    assert labels.data.sum() == 4
    assert labels.data[:, 2, 3].all()
    layers.write(whose, 3 * ones(4, 6, 8).astype(np.int32))
    layers.write(whose, ones(4, 2, 2), part)
    assert labels.data[0, 2, 3] == 1
    assert labels.data[0, 3, 3] == 3


def test_channels_in_the_middle_get_the_same_labels(viewer, layers):
    image = viewer.add_image(np.zeros((4, 3, 6, 8)), name="cells")
    part = portion((4, 6, 8), (1, 2), {}, channel=1, repeated=3)
    whose = Whose(facts(image).id, MODEL, "m")
    for value in (1, 2):
        layers.write(whose, value * ones(4, 6, 8), part)
        labels = viewer.layers["cells · m"]
        assert labels.data.shape == image.data.shape
        assert (labels.data == value).all()
        assert not layers.painted(whose.image, MODEL)


def test_a_first_axis_of_channels_is_left_out_of_the_labels_place(viewer, layers):
    turned = {
        "scale": (1, 2, 3),
        "translate": (0, 5, 6),
        "rotate": [[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]],
        "shear": (0, 0, 0.4),
        "units": ("pixel", "mm", "mm"),
        "axis_labels": ("c", "y", "x"),
    }
    image = viewer.add_image(np.zeros((2, 6, 8)), name="cells", **turned)
    part = portion((6, 8), (0, 1), {}, channel=0)
    for _ in range(2):
        layers.write(Whose(facts(image).id, MODEL, "m"), ones(6, 8), part)
    labels = viewer.layers["cells · m"]
    assert np.allclose(labels.data_to_world((4, 5)), image.data_to_world((0, 4, 5))[1:])
    assert labels.axis_labels == ("y", "x")
    assert len(viewer.layers) == 2


# --- freshness -----------------------------------------------------------------------------------


def test_stale_labels_say_so_in_their_name(viewer, layers, whose):
    layers.write(whose, ones(4, 6, 8), made=Made(1.0))
    labels = viewer.layers["scan · m"]
    for _ in range(2):
        layers.mark_stale(whose.image, MODEL, True)
        assert labels.name == f"scan · m{STALE}"
    layers.mark_stale(whose.image, MODEL, False)
    assert labels.name == "scan · m"
    layers.image_changed(whose.image, "another")
    assert labels.name == f"scan · m{STALE}"
    assert layers.made("another", MODEL) is None


def test_lazy_labels_are_shown_and_cannot_be_painted_on(viewer, layers, whose):
    lazy = da.from_array(ones(4, 6, 8), chunks=(1, 6, 8))
    layers.write(whose, lazy)
    labels = viewer.layers["scan · m"]
    assert not labels.editable
    assert not layers.painted(whose.image, MODEL)
    layers.write(whose, lazy * 2)
    assert int(labels.data.max()) == 2
    layers.write(whose, ones(4, 6, 8))
    assert labels.editable
    layers.write(whose, da.from_array(3 * ones(1, 6, 8)), slice_(1))
    assert np.asarray(labels.data)[:, 0, 0].tolist() == [1, 3, 1, 1]
