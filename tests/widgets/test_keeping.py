"""Corrections that save themselves, without a window: every layer, thread and file is real."""

from __future__ import annotations

import errno
import os
import threading

import numpy as np
import pytest
from skimage.io import imsave

from napari_unet.data import corrections
from napari_unet.data.dataset import open_dataset
from napari_unet.data.formats import read_original, read_reference
from napari_unet.events import SegmentArrayFinished
from napari_unet.widgets.layer_tags import REFERENCE, SEGMENTATION, Whose
from napari_unet.widgets.reading import case_key

CASE = "images/p1_1"


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "d"
    for part, values in (("images", 100), ("masks", 255)):
        (root / part).mkdir(parents=True)
        for i, name in enumerate(("p1_1", "p2_1", "p3_1")):
            disc = np.hypot(*np.mgrid[-10:10, -10 : 10 + i]) < 6
            array = disc.astype(np.uint8) * values
            imsave(root / part / f"{name}.png", array, check_contrast=False)
    return root


@pytest.fixture
def opened(desk, folder, qtbot):
    """Return a function that opens a case, by its name."""
    desk.session.set_dataset(open_dataset(folder))

    def open_case(name=CASE):
        case = next(c for c in desk.session.dataset.cases if c.name == name)
        desk.loader.open_case(case)
        qtbot.waitUntil(lambda: desk.session.case is not None and desk.session.case.name == name)
        saved(desk, qtbot)

    open_case()
    return open_case


def saved(desk, qtbot):
    """Wait until the thread has done all that it was given."""
    over = []
    desk.keeper.saver.thread.run(lambda: None, over.append, over.append)
    qtbot.waitUntil(lambda: len(over) == 1)


def segment(desk, viewer):
    """Show what a network might have made of the open case."""
    key = case_key(desk.session.dataset, desk.session.case)
    image = desk.layers.hand.image(key)
    desk.layers.segmentations.write(Whose(key, "", "m"), np.zeros(image.data.shape, np.uint8))
    return desk.layers.hand.find(SEGMENTATION)


def dot(layer, at=(3, 3)):
    layer.brush_size = 1
    layer.paint(at, 1)


def versions(desk, name=CASE):
    return corrections.versions(desk.session.dataset.root, name)


def test_what_is_painted_on_the_prediction_is_a_version_after_a_pause(desk, viewer, opened, qtbot):
    layer = segment(desk, viewer)
    dot(layer)
    assert not versions(desk)
    qtbot.waitUntil(lambda: desk.keeper.saver.state.startswith("Saved"))
    (version,) = versions(desk)
    assert desk.keeper.saver.state.endswith(", version 1")
    assert (version.role, version.added, version.removed) == ("prediction", 1, 0)
    assert (corrections.read(version) == layer.data).all()
    assert layer.name == "images/p1_1 · m · corrected"
    # What counts as reference is another matter.
    assert desk.session.case.correction is None


def test_nothing_is_saved_if_all_was_undone(desk, viewer, opened, qtbot):
    layer = segment(desk, viewer)
    dot(layer)
    layer.undo()
    desk.keeper.keep()
    saved(desk, qtbot)
    assert not versions(desk)


def test_each_version_tells_what_it_is_based_on(desk, viewer, opened, qtbot):
    layer = segment(desk, viewer)
    for at in ((3, 3), (5, 5)):
        dot(layer, at)
        desk.keeper.keep()
    layer.undo()
    desk.keeper.keep()
    saved(desk, qtbot)
    told = [(v.number, v.based_on, v.added, v.removed) for v in versions(desk)]
    assert told == [(1, 0, 1, 0), (2, 1, 1, 0), (3, 2, 0, 1)]


def test_a_case_that_is_left_is_saved_and_shown_again_instead_of_the_network(
    desk, viewer, opened, qtbot
):
    layer = segment(desk, viewer)
    dot(layer)
    painted = layer.data.copy()
    opened("images/p2_1")
    assert [v.number for v in versions(desk)] == [1]
    assert not any("corrected" in x.name for x in viewer.layers)
    opened(CASE)
    layer = desk.layers.hand.find(SEGMENTATION)
    assert (layer.data == painted).all() and layer.name.endswith("corrected")
    image = desk.layers.open_case()
    assert desk.layers.segmentations.painted(image, "")
    dot(layer, (7, 7))
    desk.keeper.keep()
    saved(desk, qtbot)
    assert versions(desk)[-1].based_on == 1


def test_the_reference_is_locked_until_it_is_to_be_edited(desk, viewer, opened, qtbot, folder):
    layer = desk.layers.hand.find(REFERENCE)
    assert not layer.editable
    before = {p: p.read_bytes() for p in folder.rglob("*.png")}
    desk.layers.cases.edit_reference(True)
    assert layer.editable and layer.locked
    dot(layer, (0, 0))
    desk.layers.cases.edit_reference(False)
    saved(desk, qtbot)
    assert not layer.editable
    (version,) = versions(desk)
    assert version.role == "reference"
    case = desk.session.case
    assert case.correction == version.path
    rule = desk.session.dataset.labels
    assert read_reference(case, rule)[0, 0] == 1 and read_original(case, rule)[0, 0] == 0
    assert layer.name == "images/p1_1 · reference · corrected"
    assert {p: p.read_bytes() for p in folder.rglob("*.png")} == before
    again = open_dataset(folder)
    assert [c.name for c in again.cases if c.correction] == [CASE]
    opened("images/p2_1")
    assert desk.layers.hand.find(REFERENCE).name == "images/p2_1 · reference"
    opened(CASE)
    layer = desk.layers.hand.find(REFERENCE)
    assert layer.data[0, 0] == 1 and layer.name.endswith("corrected")


def test_every_stroke_is_drafted(desk, viewer, opened, qtbot, monkeypatch):
    layer = segment(desk, viewer)
    desk.keeper._pause.setInterval(100_000)
    dot(layer)
    place = corrections.cases
    qtbot.waitUntil(lambda: bool(list(drafts(desk))))
    assert not place(desk.session.dataset.root) or not versions(desk)
    desk.keeper.keep()
    saved(desk, qtbot)
    assert versions(desk) and not list(drafts(desk))


def drafts(desk):
    from napari_unet.data.corrections.places import case_dir

    return case_dir(desk.session.dataset.root, CASE).glob("draft.*.tif")


def test_a_full_disk_is_said_and_loses_nothing(desk, viewer, opened, qtbot, monkeypatch):
    layer = segment(desk, viewer)

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    dot(layer)
    painted = layer.data.copy()
    with monkeypatch.context() as patch:
        patch.setattr("napari_unet.workspace.os.fsync", full)
        opened("images/p2_1")
        assert "No space left" in desk.keeper.saver.error
        opened(CASE)
        assert (desk.layers.hand.find(SEGMENTATION).data == painted).all()
        assert not versions(desk)
    desk.keeper.saver.try_again()
    saved(desk, qtbot)
    assert not desk.keeper.saver.error
    assert (corrections.read(versions(desk)[0]) == painted).all()


def test_a_layer_that_is_deleted_was_saved(desk, viewer, opened, qtbot):
    layer = segment(desk, viewer)
    dot(layer)
    viewer.layers.remove(layer)
    saved(desk, qtbot)
    assert len(versions(desk)) == 1


def test_closing_saves(desk, viewer, opened, qtbot):
    layer = segment(desk, viewer)
    dot(layer)
    desk.close()
    assert len(versions(desk)) == 1


def test_the_network_takes_the_place_of_a_correction_only_if_that_is_wanted(
    desk, viewer, opened, qtbot
):
    layer = segment(desk, viewer)
    dot(layer)
    desk.keeper.keep()
    saved(desk, qtbot)
    segment(desk, viewer)  # as `Answers` does once a person has agreed
    saved(desk, qtbot)
    root = desk.session.dataset.root
    assert corrections.current(root, CASE, "prediction") is None
    assert len(versions(desk)) == 1
    dot(desk.layers.hand.find(SEGMENTATION), (9, 9))
    desk.keeper.keep()
    saved(desk, qtbot)
    assert versions(desk)[-1].based_on == 0
    assert corrections.current(root, CASE, "prediction").number == 2


def test_a_correction_of_another_size_is_not_shown(desk, viewer, opened, qtbot):
    root = desk.session.dataset.root
    corrections.save(root, "images/p2_1", np.ones((4, 4), np.uint8), "prediction")
    opened("images/p2_1")
    assert "another size" in desk.session.messages["correct"].text
    assert desk.layers.hand.find(SEGMENTATION) is None


def test_layers_that_belong_to_no_case_are_left_alone(desk, viewer, opened, qtbot):
    dot(viewer.add_labels(np.zeros((20, 20), np.uint8)))
    desk.keeper.keep()
    saved(desk, qtbot)
    assert not versions(desk) and not desk.keeper.saver.state


def test_the_table_of_cases_marks_those_that_are_corrected(desk, viewer, opened, qtbot, show):
    from napari_unet.widgets.docks.dataset import DatasetDock

    dock = show(DatasetDock(viewer))
    table = dock.view.cases.table
    titles = lambda: [column.title for column in table.rows.columns]  # noqa: E731
    assert "Corrected" not in titles()
    desk.layers.cases.edit_reference(True)
    dot(desk.layers.hand.find(REFERENCE), (0, 0))
    desk.keeper.keep()
    saved(desk, qtbot)
    assert "Corrected" in titles()
    assert [bool(row.case.correction) for row in table.found.shown()] == [True, False, False]
    # What the table asks for is opened as it is known by now.
    assert desk.session.shown[0].correction == desk.session.case.correction


def test_a_case_that_is_come_back_to_at_once_shows_what_is_still_being_saved(
    desk, viewer, opened, qtbot, monkeypatch
):
    layer = segment(desk, viewer)
    dot(layer)
    painted = layer.data.copy()
    go = threading.Event()
    desk.keeper.saver.thread.run(lambda: go.wait(30), lambda _: None, lambda _: None)
    cases = {c.name: c for c in desk.session.dataset.cases}
    for name in ("images/p2_1", CASE):
        desk.loader.open_case(cases[name])
        qtbot.waitUntil(lambda name=name: desk.session.case.name == name)
    assert not versions(desk)
    go.set()
    saved(desk, qtbot)
    assert (desk.layers.hand.find(SEGMENTATION).data == painted).all()


def test_a_correction_is_shown_without_the_network_and_segment_asks_first(
    desk, viewer, opened, qtbot, engines, write_model
):
    desk.use_model(str(write_model("net")), "segment")
    key = case_key(desk.session.dataset, desk.session.case)
    shape = desk.layers.hand.image(key).data.shape
    desk.layers.segmentations.write(
        Whose(key, desk.session.model.path, "net"), np.zeros(shape, np.uint8)
    )
    dot(desk.layers.hand.find(SEGMENTATION))
    opened("images/p2_1")
    desk.open_case_named(CASE)
    qtbot.waitUntil(lambda: desk.session.case.name == CASE)
    saved(desk, qtbot)
    assert not engines.interactive.jobs
    layer = desk.layers.hand.find(SEGMENTATION)
    painted = layer.data.copy()
    assert painted[3, 3] == 1 and "corrected" in layer.name and "stale" not in layer.name
    engines.interactive.script = [
        SegmentArrayFinished(np.full((1, *shape), 255, np.uint8), 0.5, 0.1, ("tumour",))
    ]
    desk.segmenter.start()
    qtbot.waitUntil(lambda: desk.segmenter.answers.waiting is not None)
    assert (layer.data == painted).all()
    desk.segmenter.answers.answer(replace=True)
    assert desk.layers.hand.find(SEGMENTATION).data.all()
    saved(desk, qtbot)
    assert corrections.current(desk.session.dataset.root, CASE, "prediction") is None
    # What was replaced comes back, and is a version once more.
    desk.segmenter.undo()
    desk.keeper.keep()
    saved(desk, qtbot)
    assert (corrections.read(versions(desk)[-1]) == painted).all()


@pytest.mark.parametrize("role", ["reference", "prediction"])
def test_a_damaged_version_is_said_and_what_was_before_it_shown(
    desk, viewer, folder, opened, qtbot, role
):
    labels = np.ones((20, 21), np.uint8)
    damaged = corrections.save(folder, "images/p2_1", labels, role)
    data = bytearray(damaged.path.read_bytes())
    data[-1] ^= 1
    damaged.path.write_bytes(data)
    desk.session.set_dataset(open_dataset(folder))
    opened("images/p2_1")
    where = "dataset" if role == "reference" else "correct"
    assert "Version 1 of images/p2_1 is damaged" in desk.session.messages[where].text
    reference = desk.layers.hand.find(REFERENCE)
    assert not reference.data.all() and reference.name == "images/p2_1 · reference"
    assert desk.layers.hand.find(SEGMENTATION) is None


def test_what_was_painted_is_saved_though_its_image_is_closed_first(desk, viewer, opened, qtbot):
    layer = segment(desk, viewer)
    dot(layer)
    painted = layer.data.copy()
    image = desk.layers.hand.image(desk.layers.open_case())
    viewer.layers.remove(image)
    viewer.layers.remove(layer)
    del layer
    saved(desk, qtbot)
    (version,) = versions(desk)
    assert (corrections.read(version) == painted).all()
