"""A data set in a real window, by clicks and keys; pictures of every state of the Data dock."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QInputDialog

from napari_unet.data.sample import write_sample
from napari_unet.widgets.layers import PLUGIN

SLOW = 120_000  # milliseconds: a busy machine with two cores


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = write_sample(tmp_path_factory.mktemp("data") / "brains", 8, 3, 96)
    first, second, *_ = sorted((folder / "images").iterdir())
    (folder / "images" / second.name).write_bytes(first.read_bytes())  # shown twice
    (folder / "notes.txt").write_text("no image")
    return folder


def click(qtbot, widget):
    assert widget.isVisible()
    assert widget.isEnabled(), widget.toolTip()
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


@pytest.fixture
def opened(bench, folder, qtbot):
    """The workbench with the folder dropped on it."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(folder))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    drop = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, mime, buttons, keys)
    bench.dataset.view.dropEvent(drop)
    session = bench.dataset.desk.session
    qtbot.waitUntil(lambda: session.case is not None and bool(session.subsets), timeout=SLOW)
    return bench.dataset


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_cases_are_filtered_seen_as_pictures_and_gone_through(
    viewer, opened, qtbot, theme, picture
):
    viewer.theme = theme
    session, view, cases = opened.desk.session, opened.view, opened.view.cases
    layers = list(viewer.layers)
    picture(f"cases-{theme}")
    viewer.window._qt_window.activateWindow()
    cases.table.setFocus()
    qtbot.waitUntil(cases.table.hasFocus)
    qtbot.keyClick(cases.table, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: session.place == 1, timeout=SLOW)
    assert list(viewer.layers) == layers  # reused
    click(qtbot, cases.filter_button)
    choice = cases.facets.choices["Subset"]
    choice.setFocus()
    qtbot.keyClick(choice, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: 0 < len(session.shown) < 24, timeout=SLOW)
    picture(f"filtered-{theme}")
    click(qtbot, cases.all_button)
    click(qtbot, cases.filter_button)
    click(qtbot, cases.sheet_button)
    qtbot.waitUntil(lambda: all(cases.sheet.knows(r.case.name) for r in cases.table.rows.rows[:6]))
    picture(f"sheet-{theme}")
    at = cases.sheet.visualRect(cases.sheet.model().index(2, 0)).center()
    qtbot.mouseClick(cases.sheet.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.waitUntil(lambda: session.place == 2, timeout=SLOW)
    click(qtbot, cases.stack_button)
    qtbot.waitUntil(lambda: viewer.dims.ndim == 3, timeout=SLOW)
    viewer.dims.set_current_step(0, 5)
    qtbot.waitUntil(lambda: session.place == 5)
    picture(f"stack-{theme}")
    assert view.cases.current.text().startswith("6 of 24")


def test_the_delete_key_leaves_the_open_case_alone(viewer, opened, qtbot):
    mine = viewer.add_image(np.ones((4, 4)), name="mine")
    names = [layer.name for layer in viewer.layers if layer is not mine]
    viewer.layers.selection = set(viewer.layers)
    qtbot.keyClick(viewer.window._qt_viewer.layers, Qt.Key.Key_Delete)
    assert [layer.name for layer in viewer.layers] == names
    click(qtbot, opened.view.close_button)
    assert not viewer.layers


def test_a_folder_dropped_on_the_canvas_opens_under_dataset(viewer, bench, folder, qtbot):
    session = bench.dataset.desk.session
    viewer.open(str(folder), plugin=PLUGIN)
    qtbot.waitUntil(lambda: session.case is not None, timeout=SLOW)
    assert len(session.dataset) >= 23
    name = session.case.name
    assert [layer.name for layer in viewer.layers] == [name, f"{name} · reference"]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_data_are_checked_by_the_engine(viewer, opened, qtbot, monkeypatch, theme, picture):
    viewer.theme = theme
    session, view = opened.desk.session, opened.view
    click(qtbot, view.check.button)
    view.area.ensureWidgetVisible(view.audit.check)
    click(qtbot, view.audit.check.button)
    qtbot.waitUntil(lambda: session.audit is not None and not session.busy, timeout=SLOW)
    cards = [c for c in view.audit.cards if len(c.finding.cases) == 2]
    assert cards, [f.text for f in session.audit.findings]
    picture(f"checked-{theme}")
    view.area.ensureWidgetVisible(cards[0].show_button)
    click(qtbot, cards[0].show_button)
    qtbot.waitUntil(lambda: len(session.shown) == 2)
    row = view.cases.table.rows.rows[
        view.cases.table.found.mapToSource(view.cases.table.model().index(0, 0)).row()
    ]
    monkeypatch.setattr(QInputDialog, "getItem", lambda *_: ("shown twice", True))
    menu = view.cases.menus.of([row.case], session.dataset.cases)
    next(a for a in menu.actions() if a.text().startswith("Leave out")).trigger()
    qtbot.waitUntil(lambda: len(session.dataset) == 23, timeout=SLOW)
    assert view.left_out.isVisible()
    view.manage.set_open(True)
    view.left_out.set_open(True)
    view.check.set_open(False)
    view.area.verticalScrollBar().setValue(0)
    picture(f"managed-{theme}")
