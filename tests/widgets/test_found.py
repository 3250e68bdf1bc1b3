"""How much each class takes: counted, said, and followed while a person paints."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from napari_unet.session.portion import all_of, portion
from napari_unet.widgets import found as module
from napari_unet.widgets.found import counted, found_words, inside
from napari_unet.widgets.placing import PixelSize


def test_classes_are_counted_also_of_objects_and_not_what_is_beyond():
    labels = np.array([[0, 1, 1, 2], [3, 3, 3, 9]], np.uint16)
    assert counted(labels, None, 3) == [2, 1, 3]
    of_objects = np.array([1, 2, 1])  # the class of the objects 1, 2 and 3
    assert counted(labels, of_objects, 2) == [5, 1]


def test_objects_of_many_blocks_are_counted(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 7)
    labels = np.random.default_rng(0).integers(0, 5, (9, 11)).astype(np.int32)
    wanted = np.bincount(labels.ravel())[1:].tolist()
    assert counted(labels, np.arange(1, 5), 4) == wanted


def test_only_what_was_asked_about_counts():
    mask = np.zeros((1, 4), bool)
    mask[0, 0] = True
    part = portion((2, 4), (0, 1), {}, mask=mask)
    labels = np.arange(8).reshape(2, 4)
    assert inside(part, labels).tolist() == [0, 4]
    assert inside(all_of((2, 4)), labels) is labels


def test_areas_are_said_in_the_units_of_the_image():
    said = found_words(("a", "b"), (1, 0), 4, PixelSize(0.5, "mm²"), whole=False)
    assert said.splitlines()[0] == "a: 25.00% of this part of the image, 0.5 mm² (1 px)"
    assert found_words(("a",), (4,), 4, PixelSize(), whole=True) == "a: 100.00% of the image, 4 px"


@pytest.fixture
def answered(desk, viewer, write_model, qtbot):
    """Return the desk with an image that was segmented, and its labels."""
    from napari_unet.events import SegmentArrayFinished
    from napari_unet.session import Made
    from napari_unet.widgets.asking import Asked
    from napari_unet.widgets.layer_tags import Whose, facts

    desk.use_model(str(write_model()), "segment")
    image, model = viewer.add_image(np.zeros((20, 30)), name="scan"), desk.session.model
    probabilities = np.zeros((1, 20, 30), np.uint8)
    probabilities[0, :10] = 255
    whose = Whose(facts(image).id, model.path, model.name)
    asked = Asked(whose, all_of((20, 30)), Made(model.modified))
    event = SegmentArrayFinished(probabilities, 0.5, 0.0, ("tumour",))
    desk.segmenter.answers.take(asked, model, event)
    return desk, desk.layers.segmentations.find(whose.image, whose.model)


def test_words_follow_the_brush(answered, qtbot):
    desk, labels = answered
    found = desk.segmenter.answers.found
    assert found.text == "tumour: 50.00% of the image, 300 px"
    labels.brush_size = 1
    labels.paint((15, 15), 1)
    qtbot.waitUntil(lambda: "301 px" in found.text)
    assert found.text.endswith("Corrected by hand.")


def test_large_labels_are_counted_in_a_thread(answered, monkeypatch, qtbot):
    desk, labels = answered
    found, threads = desk.segmenter.answers.found, []
    monkeypatch.setattr(module, "AT_ONCE", 10)

    def count(*args):
        threads.append(threading.current_thread())
        return counted(*args)

    monkeypatch.setattr(module, "counted", count)
    labels.data[15, 15] = 1
    found.tell(desk.segmenter.result())
    assert "300 px" in found.text
    qtbot.waitUntil(lambda: "301 px" in found.text)
    assert threads and threading.main_thread() not in threads
