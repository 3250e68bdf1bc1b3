"""Closing the window under a training: one question, and a clean stop."""

from __future__ import annotations

import inspect

import pytest
from psygnal import Signal
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import QMainWindow

from napari_unet.session import Session
from napari_unet.widgets.closing import LEAVING, CloseGuard, SaveGuard


class FakeTrainer:
    over = Signal()

    def __init__(self):
        self.session, self.trains, self.stopped = Session(), True, 0

    def stop(self):
        self.stopped += 1


class Spontaneous(QCloseEvent):
    """What the window system sends."""

    def spontaneous(self):
        return True


@pytest.fixture
def trainer():
    return FakeTrainer()


@pytest.fixture
def window(show, trainer):
    window = show(QMainWindow())
    window.guard = CloseGuard(window, trainer)
    return window


def close(window):
    """Close a window as happens when a person clicks on the cross."""
    if not window.guard.eventFilter(window, Spontaneous()):
        window.close()


def answer(window, text):
    box = window.guard.box
    next(b for b in box.buttons() if b.text().replace("&", "") == text).click()


def test_cancelling_keeps_everything(window, trainer, qtbot):
    close(window)
    assert window.isVisible()
    assert "is kept" in window.guard.box.informativeText()
    close(window)  # the question is asked once
    answer(window, "Cancel")
    assert window.isVisible()
    assert not trainer.stopped
    assert window.guard.box is None


def test_the_window_closes_when_training_has_ended(window, trainer, qtbot):
    close(window)
    answer(window, "Stop and close")
    assert trainer.stopped == 1
    qtbot.wait(50)
    assert window.isVisible()  # the state is still being saved
    trainer.trains = False
    trainer.over.emit()
    qtbot.waitUntil(lambda: not window.isVisible())


def test_nothing_is_asked_when_nothing_is_trained(window, trainer):
    trainer.trains = False
    close(window)
    assert not window.isVisible()


def test_leaving_by_the_menu_asks_too(show, trainer):
    """As napari does it: a mark at the window, which is then closed by the program."""
    window = show(QMainWindow())
    window.guard = CloseGuard(window, trainer)
    window._quit_app = True
    window.close()
    assert window.isVisible()
    answer(window, "Cancel")
    window.close()  # later, by a program
    assert not window.isVisible()


def test_napari_marks_its_window_when_the_program_is_to_end():
    from napari._qt.qt_main_window import _QtMainWindow

    assert LEAVING in inspect.getsource(_QtMainWindow.close)


def test_a_program_closes_without_a_question(window):
    window.close()
    assert not window.isVisible()


def test_what_was_painted_is_saved_when_the_window_closes(show):
    window, saved = show(QMainWindow()), []
    SaveGuard(window, lambda: saved.append(window.isVisible()))
    window.close()
    assert saved == [True]
    assert not window.isVisible()
