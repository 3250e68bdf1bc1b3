"""Going from error to error, on a viewer without a window."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.widgets import jumping as module


@pytest.fixture
def jumper(desk, viewer, qtbot):
    """Return a function that compares two arrays and returns who goes through their errors."""
    desk.correcting.begin()

    def compare(prediction, reference, **options):
        layers = [viewer.add_labels(a, **options) for a in (prediction, reference)]
        for role, layer in zip(("prediction", "reference"), layers, strict=True):
            desk.correcting.choose(role, str(layer.unique_id))
        qtbot.waitUntil(lambda: desk.correcting.counting.ready)
        return desk.jumper

    return compare


def volume():
    prediction, reference = np.zeros((2, 6, 20, 30), np.uint8)
    reference[1, 2:5, 2:5] = 1  # 9 px missed
    prediction[4, 10:14, 20:24] = 1  # 16 px too much
    reference[5, 18, 28] = 1  # 1 px missed
    return prediction, reference


def place(viewer):
    camera = getattr(viewer, "scene", viewer).camera
    return int(viewer.dims.current_step[0]), *(round(float(x)) for x in camera.center[-2:])


def test_errors_are_gone_through_the_largest_first(jumper, viewer):
    jumper = jumper(*volume())
    assert jumper.text == ""
    jumper.go(1)
    assert jumper.text == "1 of 3: 16 px too much"
    step, y, x = place(viewer)
    assert step == 4 and 10 <= y < 14 and 20 <= x < 24
    jumper.go(1)
    assert jumper.text == "2 of 3: 9 px missed" and place(viewer) == (1, 3, 3)
    jumper.go(1)
    assert jumper.text == "3 of 3: 1 px missed" and place(viewer) == (5, 18, 28)
    jumper.go(1)
    assert jumper.text.startswith("1 of 3")
    jumper.go(-1)
    assert jumper.text.startswith("3 of 3")


def test_the_place_is_in_the_world(jumper, viewer):
    prediction, reference = np.zeros((2, 20, 30), np.uint8)
    reference[4, 6] = 1
    jumper(prediction, reference, scale=(2.0, 3.0), translate=(5.0, 7.0)).go(1)
    assert place(viewer)[1:] == (13, 25)


def test_what_was_mended_is_not_gone_to_again(jumper, viewer, desk):
    jumper = jumper(*volume())
    jumper.go(1)
    layer = desk.correcting.judges.prediction
    layer.brush_size, layer.n_edit_dimensions = 9, 3
    layer.paint((4, 12, 22), 0)
    assert jumper.text.startswith("Changed since")  # those are not the errors any more
    jumper.go(1)
    assert jumper.text == "1 of 2: 9 px missed"
    layer.paint((1, 3, 3), 1)
    jumper.look()
    assert "error region" in jumper.text
    layer.data[:] = desk.correcting.judges.reference.data
    layer.refresh()
    desk.correcting.counting.look_over()
    while desk.correcting.scores.now.dice < 1:
        desk.correcting.counting._go_on()
    jumper.go(1)
    assert jumper.text == "No errors left."


def test_large_ones_are_looked_for_in_a_thread(jumper, viewer, qtbot, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 0)
    jumper = jumper(*volume())
    jumper.go(1)
    assert jumper.text == "Looking for errors …"
    qtbot.waitUntil(lambda: jumper.text == "1 of 3: 16 px too much")
    jumper.go(1)
    assert jumper.text == "2 of 3: 9 px missed"


def test_points_in_time_have_errors_of_their_own(jumper, viewer):
    prediction, reference = np.zeros((2, 3, 20, 30), np.uint8)
    reference[:, 4:6, 4:6] = 1
    jumper = jumper(prediction, reference, axis_labels=("t", "y", "x"))
    jumper.go(1)
    assert jumper.text == "1 of 3: 4 px missed"


def test_nothing_compared_is_nothing_to_go_to(desk):
    desk.jumper.go(1)
    assert desk.jumper.text == ""
