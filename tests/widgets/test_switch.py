"""Tabs in lines: all can be read at any width, by mouse and by keyboard."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel

from napari_unet.widgets.parts.switch import Switch

NAMES = ("Data", "Train", "Segment", "Batch", "Correct", "Scores", "Runs", "Models")


@pytest.fixture
def switch(show):
    switch = Switch()
    for name in NAMES:
        switch.add(QLabel(name), name, f"About {name}")
    return show(switch)


def lines(switch):
    return len({button.y() for button in switch.buttons.buttons()})


@pytest.mark.parametrize(("width", "wanted"), [(300, 2), (150, 4), (1000, 1)])
def test_there_are_as_many_lines_as_all_names_need(switch, qtbot, width, wanted):
    switch.resize(width, 300)
    qtbot.waitUntil(lambda: lines(switch) == wanted)
    assert switch.width() == width
    for button in switch.buttons.buttons():
        assert button.fontMetrics().horizontalAdvance(button.text()) < button.width()


def test_pages_are_changed_by_click_by_key_and_by_others(switch, qtbot):
    first, second, third = switch.buttons.buttons()[:3]
    assert first.isChecked()
    qtbot.mouseClick(third, Qt.MouseButton.LeftButton)
    assert switch.tabs.currentWidget().text() == "Segment"
    switch.activateWindow()
    third.setFocus()
    qtbot.waitUntil(third.hasFocus)
    qtbot.keyClick(third, Qt.Key.Key_Left)
    assert switch.tabs.currentWidget().text() == "Train"
    assert second.isChecked()
    assert not third.isChecked()
    switch.tabs.setCurrentIndex(0)
    assert first.isChecked()
