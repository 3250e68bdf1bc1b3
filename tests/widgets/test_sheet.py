"""The contact sheet: pictures of the rows that a table shows, asked for when they are seen."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_unet.widgets.views.dataset import DatasetView


@pytest.fixture
def cases(show, dataset, qtbot):
    view = show(DatasetView())
    view.set_dataset(dataset)
    qtbot.mouseClick(view.cases.sheet_button, Qt.MouseButton.LeftButton)
    return view.cases


def test_pictures_are_asked_for_and_shown(cases, qtbot):
    assert not cases.table.isVisible()
    with qtbot.waitSignal(cases.pictures_wanted) as asked:
        cases.sheet.viewport().update()
    names = [case.name for case in asked.args[0]]
    assert "images/case_000" in names
    red = np.zeros((40, 30, 3), np.uint8)
    red[..., 0] = 255
    cases.set_pictures({"images/case_000": red, "images/case_001": None})
    first = cases.sheet.visualRect(cases.sheet.model().index(0, 0))
    image = cases.sheet.viewport().grab(first).toImage()
    assert image.pixelColor(image.width() // 2, 30).name() == "#ff0000"
    assert cases.sheet.knows("images/case_001")
    assert cases.sheet.picture_of("images/case_001", None) is None


def test_a_click_opens_a_case_and_the_table_has_the_same_choice(cases, qtbot):
    opened = []
    cases.case_wanted.connect(lambda case: opened.append(case.name))
    at = cases.sheet.visualRect(cases.sheet.model().index(1, 0)).center()
    qtbot.mouseClick(cases.sheet.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert opened == ["images/case_001"]
    assert [row.case.name for row in cases.table.chosen()] == opened
    qtbot.keyClick(cases.sheet, Qt.Key.Key_Right)
    qtbot.keyClick(cases.sheet, Qt.Key.Key_Return)
    assert opened[-1] == "images/case_002"


def test_the_filter_holds_for_the_sheet_too(cases):
    cases.show_only({"Patient": "patient-3"})
    assert cases.sheet.model().rowCount() == 3


def test_only_what_is_seen_is_asked_for(show, dataset, qtbot):
    from dataclasses import replace

    many = tuple(replace(dataset.cases[0], name=f"case {i:05d}") for i in range(20_000))
    view, asked = show(DatasetView()), []
    view.set_dataset(replace(dataset, cases=many))
    view.cases.pictures_wanted.connect(asked.extend)
    qtbot.mouseClick(view.cases.sheet_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(asked))
    assert len(asked) < 60
    view.cases.sheet.scrollToBottom()
    qtbot.waitUntil(lambda: any(case.name == "case 19999" for case in asked))
    assert len(asked) < 120
