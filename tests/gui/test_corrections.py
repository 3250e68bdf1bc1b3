"""Corrections in a real window: painted, left, come back to, restored; killed; two viewers."""

from __future__ import annotations

import signal
import subprocess
import sys

import numpy as np
import pytest
from qtpy.QtCore import Qt
from skimage.io import imsave

from napari_unet.data import corrections
from napari_unet.widgets.layer_tags import REFERENCE, SEGMENTATION, Whose
from napari_unet.widgets.reading import case_key

SLOW = 60_000  # milliseconds: a busy machine with two cores


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "brains"
    for part, values in (("images", 100), ("masks", 255)):
        (root / part).mkdir(parents=True)
        for i, name in enumerate(("p1_1", "p2_1", "p3_1")):
            disc = np.hypot(*np.mgrid[-48:48, -48 : 48 + i]) < 20 + 3 * i
            noise = np.random.default_rng(i).integers(0, 60, disc.shape)
            array = disc * values if part == "masks" else disc * values + noise
            imsave(root / part / f"{name}.png", array.astype(np.uint8), check_contrast=False)
    return root


def open_case(desk, qtbot, name):
    case = next(c for c in desk.session.dataset.cases if c.name == name)
    desk.loader.open_case(case)
    qtbot.waitUntil(
        lambda: desk.session.case is not None and desk.session.case.name == name, timeout=SLOW
    )
    saved(desk, qtbot)


def saved(desk, qtbot):
    over = []
    desk.keeper.saver.thread.run(lambda: None, over.append, over.append)
    qtbot.waitUntil(lambda: len(over) == 1, timeout=SLOW)


@pytest.fixture
def desk(bench, folder, qtbot):
    desk = bench.dataset.desk
    bench.tabs.setCurrentWidget(bench.correct)
    desk.folders.open(str(folder))
    qtbot.waitUntil(lambda: desk.session.case is not None, timeout=SLOW)
    saved(desk, qtbot)
    return desk


def segment(desk):
    """Show what a network might have made of the open case."""
    key = case_key(desk.session.dataset, desk.session.case)
    data = desk.layers.hand.find(REFERENCE).data
    desk.layers.segmentations.write(Whose(key, "", "net"), np.roll(data, 8, axis=1))
    return desk.layers.hand.find(SEGMENTATION)


def stroke(viewer, layer, start, end):
    """Paint from one pixel of a layer to another."""
    viewer.layers.selection.active = layer
    layer.mode, layer.brush_size, layer.selected_label = "paint", 9, 1
    for t in np.linspace(0, 1, 8):
        layer.paint(tuple(np.asarray(start) + t * (np.asarray(end) - start)), 1)


def test_what_is_painted_comes_back_and_any_version_can_be_restored(
    viewer, bench, desk, qtbot, picture
):
    view = bench.correct.versions
    assert "saved here by itself" in view.counts.plain
    picture("versions-empty")
    layer = segment(desk)
    stroke(viewer, layer, (20, 20), (20, 60))
    qtbot.waitUntil(lambda: desk.keeper.saver.state.startswith("Saved"), timeout=SLOW)
    first = layer.data.copy()
    stroke(viewer, layer, (80, 20), (60, 70))
    desk.keeper.keep()
    saved(desk, qtbot)
    second = layer.data.copy()
    open_case(desk, qtbot, "images/p2_1")
    open_case(desk, qtbot, "images/p1_1")
    saved(desk, qtbot)
    layer = desk.layers.hand.find(SEGMENTATION)
    assert (layer.data == second).all() and "corrected" in layer.name
    qtbot.waitUntil(lambda: view.table.rows.rowCount() == 2, timeout=SLOW)
    view.table.select_all(lambda version: version.number == 1)
    picture("versions")
    qtbot.mouseClick(view.prediction, Qt.MouseButton.LeftButton)
    saved(desk, qtbot)
    saved(desk, qtbot)
    assert (desk.layers.hand.find(SEGMENTATION).data == first).all()
    assert "version 1" in view.counts.plain
    qtbot.mouseClick(view.undo, Qt.MouseButton.LeftButton)
    for _ in range(3):
        saved(desk, qtbot)
    assert (desk.layers.hand.find(SEGMENTATION).data == second).all()
    # The corrected prediction as the reference, and back.
    reference = desk.layers.hand.find(REFERENCE)
    before = reference.data.copy()
    qtbot.mouseClick(view.follow, Qt.MouseButton.LeftButton)
    for _ in range(3):
        saved(desk, qtbot)
    assert (reference.data == second).all() and "corrected prediction" in reference.name
    assert desk.session.case.correction is not None
    viewer.theme = "light"
    picture("versions-light")
    viewer.theme = "dark"
    qtbot.mouseClick(view.follow, Qt.MouseButton.LeftButton)
    for _ in range(3):
        saved(desk, qtbot)
    assert (reference.data == before).all() and "corrected" not in reference.name
    assert desk.session.case.correction is None
    # A version that does not count can be deleted, and comes back.
    view.table.select_all(lambda version: version.number == 1)
    qtbot.mouseClick(view.delete, Qt.MouseButton.LeftButton)
    saved(desk, qtbot)
    saved(desk, qtbot)
    assert [v.number for v in desk.versioner.listed.versions] == [2]
    qtbot.mouseClick(view.undo, Qt.MouseButton.LeftButton)
    for _ in range(3):
        saved(desk, qtbot)
    assert [v.number for v in desk.versioner.listed.versions] == [2, 1]
    root = desk.session.dataset.root
    assert corrections.current(root, "images/p1_1", "prediction").number == 2


def test_two_viewers_on_one_data_set_see_each_other_and_overwrite_nothing(
    make_napari_viewer, viewer, bench, desk, folder, qtbot
):
    from napari_unet.widgets.desk import desk_of

    other_viewer = make_napari_viewer(show=True)
    other = desk_of(other_viewer)
    try:
        other.folders.open(str(folder))
        qtbot.waitUntil(lambda: other.session.case is not None, timeout=SLOW)
        saved(other, qtbot)
        painted = []
        for at, one, of in ((10, desk, viewer), (80, other, other_viewer)):
            layer = segment(one)
            stroke(of, layer, (at, 20), (at, 40))
            one.keeper.keep()
            painted.append(layer.data.copy())
        for one in (desk, other):
            saved(one, qtbot)
        root = desk.session.dataset.root
        versions = corrections.versions(root, "images/p1_1")
        assert [v.number for v in versions] == [1, 2]
        kept = [corrections.read(v) for v in versions]
        assert any((kept[0] == p).all() for p in painted)
        assert any((kept[1] == p).all() for p in painted)
        # Each sees the newest when it comes back to the case.
        for one in (desk, other):
            open_case(one, qtbot, "images/p2_1")
            open_case(one, qtbot, "images/p1_1")
            saved(one, qtbot)
            assert (one.layers.hand.find(SEGMENTATION).data == kept[1]).all()
    finally:
        other.close()


PAINTER = """
import os, sys
import numpy as np
import napari
from napari_unet.widgets.desk import desk_of
from napari_unet.widgets.layer_tags import REFERENCE, SEGMENTATION
from napari_unet.widgets.reading import case_key
from napari_unet.widgets.layer_tags import Whose
from qtpy.QtCore import QTimer

viewer = napari.Viewer()
desk = desk_of(viewer)
desk.folders.open(sys.argv[1])
strokes = 0

def paint():
    global strokes
    layer = desk.layers.hand.find(SEGMENTATION)
    layer.brush_size = 3
    layer.paint((4 + strokes % 90, 4 + 5 * (strokes // 90)), 1)
    strokes += 1
    print(strokes, flush=True)

def begin():
    if desk.session.case is None:
        return
    waiting.stop()
    key = case_key(desk.session.dataset, desk.session.case)
    shape = desk.layers.hand.find(REFERENCE).data.shape
    desk.layers.segmentations.write(Whose(key, "", "net"), np.zeros(shape, np.uint8))
    painting.start(500)  # never a pause of a second, so that nothing but drafts is saved

waiting, painting = QTimer(), QTimer()
waiting.timeout.connect(begin)
painting.timeout.connect(paint)
waiting.start(50)
napari.run()
"""


def test_a_viewer_that_is_killed_while_painting_loses_at_most_the_last_stroke(
    viewer, bench, folder, qtbot, tmp_path
):
    # In a process of its own, with a real window, that paints without a pause.
    with subprocess.Popen(
        [sys.executable, "-c", PAINTER, str(folder)], stdout=subprocess.PIPE, text=True
    ) as painter:
        assert painter.stdout is not None
        seen = 0
        for line in painter.stdout:
            seen = int(line)
            if seen == 9:
                painter.send_signal(signal.SIGKILL)
                break
        painter.wait()
    root = folder.absolute()
    assert not corrections.versions(root, "images/p1_1")  # no pause, so no version yet
    desk = bench.dataset.desk
    desk.folders.open(str(folder))
    qtbot.waitUntil(lambda: desk.session.case is not None, timeout=SLOW)
    saved(desk, qtbot)
    layer = desk.layers.hand.find(SEGMENTATION)
    assert layer is not None and layer.name.endswith("corrected")
    rows = np.flatnonzero(layer.data[:, 4])
    # Stroke k is centred on row 3 + k and reaches a row further.
    last = rows.max() - 4
    assert last >= seen - 1, f"{seen} strokes were painted, {last} were kept"
    (version,) = corrections.versions(root, "images/p1_1")
    assert version.role == "prediction"
