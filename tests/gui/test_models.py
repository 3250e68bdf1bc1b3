"""The library of models in a real window: one click on a fresh install, the list, and drops."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication, QFileDialog, QInputDialog, QLineEdit, QMenu, QPushButton
from skimage.io import imread

from bench import SLOW, click
from models import bright_model
from napari_unet import library, workspace
from napari_unet.card import KEY, SUFFIX
from napari_unet.session import Message
from napari_unet.widgets import SegmentDock

PLUGIN = "napari-unet-workbench"


@pytest.fixture
def boxed(monkeypatch):
    """Let the viewer have the models that come with the program, as users do."""
    monkeypatch.setattr("napari_unet.library.names.BOXED", library.BOXED)


@pytest.fixture
def told():
    """Return what napari's notifications say."""
    found = []
    heard = notification_manager.notification_ready.connect(lambda n: found.append(n.message))
    yield found
    notification_manager.notification_ready.disconnect(heard)


def open_slice(viewer, real_data):
    """Open the first slice by name; return its mask, None for the sample where there is no data."""
    try:
        root = real_data("brain_tumor_512")
    except pytest.skip.Exception:
        viewer.open_sample(PLUGIN, "phantom")
        viewer.layers.selection.active = viewer.layers[0]
        return None
    first = min((root / "images").iterdir(), key=lambda p: p.name)
    viewer.open(first, plugin="napari")
    return imread(root / "masks" / f"{first.stem}_mask.png") > 0


def test_one_click_segments_an_open_scan_on_a_fresh_install(
    viewer, boxed, qtbot, real_data, picture
):
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Segment")
    mask = open_slice(viewer, real_data)
    qtbot.waitUntil(dock.isVisible)
    assert not workspace.list_models()
    assert dock.view.model.list.currentText() == "brain-tumor"
    assert "not a medical device" in dock.view.model.card.plain
    picture("fresh-install")
    click(qtbot, dock.view.segment.button)
    qtbot.waitUntil(lambda: bool(dock.desk.segmenter.answers.found.text), timeout=SLOW)
    labels = viewer.layers[-1]
    assert labels.name.endswith("· brain-tumor")
    assert labels.data.shape == viewer.layers[0].data.shape
    if mask is not None:
        found = np.asarray(labels.data) > 0
        assert 2 * (found & mask).sum() / (found.sum() + mask.sum()) > 0.5
    picture("fresh-install-segmented")
    viewer.add_image(np.zeros((40, 30, 3), np.uint8), rgb=True, name="photo")
    assert dock.view.model.list.currentText() == ""
    assert not dock.view.segment.button.isEnabled()
    dock.desk.close()


def answer_modal(qtbot, do):
    """Do something with the dialog or menu that opens next."""

    def look():
        widget = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        if widget is None:
            QTimer.singleShot(50, look)
        else:
            do(widget)

    QTimer.singleShot(50, look)


def test_the_library_is_put_in_order_by_clicks_and_keys(
    viewer, bench, qtbot, tmp_path, monkeypatch, picture
):
    source = bright_model(tmp_path / f"elsewhere{SUFFIX}")
    bright_model(workspace.models_dir() / f"bright{SUFFIX}", size=48)
    bright_model(workspace.models_dir() / f"other{SUFFIX}", size=64)
    bench.tabs.setCurrentWidget(bench.models)
    view, desk = bench.models.view, bench.models.desk
    desk.look()
    window = viewer.window._qt_window

    def activate():
        """Make the window the active one, whose keys act: after a dialog, nobody else does."""
        window.activateWindow()
        qtbot.waitUntil(lambda: QApplication.activeWindow() is window)

    activate()
    view.search.setFocus()
    qtbot.keyClicks(view.search, "brig")
    assert [row.name for row in view.cards.found.shown()] == ["bright"]
    qtbot.mouseClick(
        view.cards.viewport(), Qt.MouseButton.LeftButton, pos=view.cards.rect().center() / 8
    )
    assert view.chosen().name == "bright"

    def rename(dialog):
        assert isinstance(dialog, QInputDialog)
        (line,) = dialog.findChildren(QLineEdit)
        line.selectAll()
        qtbot.keyClicks(line, "brightest")
        qtbot.keyClick(line, Qt.Key.Key_Return)

    answer_modal(qtbot, rename)
    view.cards.setFocus()
    qtbot.keyClick(view.cards, Qt.Key.Key_F2)
    assert view.chosen().name == "brightest"

    activate()
    qtbot.keyClick(view.cards, Qt.Key.Key_Delete)
    button = window.focusWidget()  # of the application only while its window is the active one
    assert isinstance(button, QPushButton)
    assert button.text() == "Remove"
    qtbot.keyClick(button, Qt.Key.Key_Space)
    view.search.clear()
    assert [row.name for row in view.cards.found.shown()] == ["other"]
    picture("models-removed")
    for name in ("brightest", "bright"):  # it is brought back, and then called as it was
        qtbot.keyClick(view.cards, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert view.chosen().name == name

    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(source)], ""))
    click(qtbot, view.add)
    qtbot.waitUntil(lambda: "elsewhere" in view.strip.text.plain, timeout=SLOW)
    assert view.chosen().name == "elsewhere"

    target = tmp_path / f"out{SUFFIX}"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))

    qtbot.waitUntil(view.export.isEnabled)  # the engine is done a moment after it was said
    answer_modal(qtbot, lambda menu: take(qtbot, menu, library.FORMATS[0]))
    click(qtbot, view.export)
    qtbot.waitUntil(lambda: str(target) in view.strip.text.plain, timeout=SLOW)
    assert target.read_bytes() == source.read_bytes()
    picture("models")


def take(qtbot, menu, form):
    """Choose a format in the menu."""
    assert isinstance(menu, QMenu)
    (action,) = (a for a in menu.actions() if a.text().startswith(form.title))
    menu.setActiveAction(action)
    qtbot.keyClick(menu, Qt.Key.Key_Return)


def test_a_model_goes_out_in_every_format_and_comes_back_by_clicks(
    viewer, bench, qtbot, tmp_path, monkeypatch, picture
):
    bright_model(workspace.models_dir() / f"bright{SUFFIX}")
    bench.tabs.setCurrentWidget(bench.models)
    view, desk = bench.models.view, bench.models.desk
    desk.look()
    view.cards.select(lambda row: row.name == "bright")
    folder = tmp_path / "für andere"
    folder.mkdir()
    running = []
    desk.session.busy_changed.connect(
        lambda: running.append(view.running.isVisible() and view.running.text.plain)
    )

    def export(form):
        """Choose a format in the menu, and a file; return it once it is said to be there."""
        target = folder / f"bright{form.suffix}"
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))

        answer_modal(qtbot, lambda menu: take(qtbot, menu, form))
        click(qtbot, view.export)
        qtbot.waitUntil(lambda: str(target) in view.strip.text.plain, timeout=SLOW)
        assert view.strip.text.plain == f"Saved {target}"
        qtbot.waitUntil(lambda: not desk.session.busy)
        return target

    def bring_in(file):
        """Choose a file to import; return what is said of it."""
        monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(file)], ""))
        desk.session.set_message("models", Message())
        click(qtbot, view.add)
        qtbot.waitUntil(lambda: bool(desk.session.messages["models"].text), timeout=SLOW)
        qtbot.waitUntil(lambda: not desk.session.busy)
        return view.strip.text.plain

    made = {form.name: export(form) for form in library.FORMATS if form.write}
    assert any("xporting bright" in text for text in running if text)
    assert not view.running.isVisible()
    assert sorted(folder.iterdir()) == sorted(made.values())  # and nothing of what was on the way
    picture("models-exported")

    assert bring_in(made["onnx"]).startswith("bright.onnx: ONNX cannot be read, but")
    picture("models-refused")
    for name in ("bioimageio", "state-dict"):
        click(qtbot, view.remove)
        answers = view.question.findChildren(QPushButton)
        click(qtbot, next(b for b in answers if b.text() == "Remove"))
        assert not view.cards.rows.rows
        assert bring_in(made[name]) == "bright was added to the library."
        assert view.chosen().name == "bright"
    said = bring_in(made["unet"])
    assert said == f"The library has the weights of bright{SUFFIX} already: bright."


def test_a_model_that_is_dropped_on_napari_is_added_and_selected(viewer, qtbot, tmp_path, told):
    source = bright_model(tmp_path / f"dropped{SUFFIX}")
    assert viewer.open(source, plugin=None) == []
    qtbot.waitUntil(lambda: bool(viewer.window._qt_window.findChildren(SegmentDock)), timeout=SLOW)
    (dock,) = viewer.window._qt_window.findChildren(SegmentDock)
    assert workspace.list_models() == [workspace.models_dir() / source.name]
    assert dock.view.model.list.currentText() == "dropped"
    assert told[-1].startswith("The model dropped is in the library")

    header = json.dumps({"__metadata__": {KEY: "{}"}, "x": {"data_offsets": [0, 10**12]}}).encode()
    hostile = tmp_path / f"hostile{SUFFIX}"
    hostile.write_bytes(struct.pack("<Q", len(header)) + header)
    assert viewer.open(hostile, plugin=None) == []
    assert told[-1].startswith("hostile.unet.safetensors is")
    assert len(told) == 2
    assert not viewer.layers
    assert dock.view.model.list.currentText() == "dropped"
    dock.desk.close()
