"""Closing the window while a model is trained: one question, then a clean stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QMessageBox, QWidget

from napari_unet.widgets.training import Trainer

QUESTION = "A model is being trained"
KEPT = (
    "Training ends with the viewer. The best model so far is kept, and everything that is needed "
    "to go on: the Train dock will offer it next time."
)
LEAVING = "_quit_app"  # of napari's window: whether it closes since the program is to end
WAITING = " {count} more that wait will not be started."


class SaveGuard(QObject):
    """Has what was painted saved when a window closes, while its layers are still there."""

    def __init__(self, window: QWidget, save: Callable[[], None]) -> None:
        super().__init__(window)
        self._save = save
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Save, and let the window close (or not)."""
        if event is not None and watched is self.parent() and event.type() == QEvent.Type.Close:
            self._save()
        return False


class CloseGuard(QObject):
    """Asks before a window closes under a training.

    Only where a person closes the window, and instead of napari's own question about work that is
    still running: when training has ended, napari has nothing more to ask.
    """

    def __init__(self, window: QWidget, trainer: Trainer) -> None:
        super().__init__(window)
        self._trainer = trainer
        self.box: QMessageBox | None = None
        window.installEventFilter(self)

    def window(self) -> QWidget:
        """Return the guarded window; not kept, since it must not be kept alive."""
        window = self.parent()
        assert isinstance(window, QWidget)
        return window

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Hold back the closing of the window while a model is trained."""
        if event is None or watched is not self.window() or event.type() != QEvent.Type.Close:
            return False
        if not self._trainer.trains or not (event.spontaneous() or self._leaves()):
            return False
        event.ignore()
        self.ask()
        return True

    def _leaves(self) -> bool:
        """Say whether a person chose Exit, by which napari closes the window as a program would.

        What it has noted of that is taken back: it has been dealt with.
        """
        window: Any = self.window()
        leaves = bool(getattr(window, LEAVING, False))
        if leaves:
            setattr(window, LEAVING, False)
        return leaves

    def ask(self) -> None:
        """Ask, without holding up the viewer meanwhile."""
        if self.box is not None:
            return
        self.box = box = QMessageBox(self.window())
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(QUESTION)
        waiting = len(self._trainer.session.queue)
        more = WAITING.format(count=waiting) if waiting else ""
        box.setText(f"{QUESTION}. Stop and close?")
        box.setInformativeText(f"{KEPT}{more}")
        stop = box.addButton("Stop and close", QMessageBox.ButtonRole.AcceptRole)
        cancel = box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(cancel)
        box.setEscapeButton(cancel)
        box.finished.connect(lambda _: self._answered(box.clickedButton() is stop))
        box.open()

    def _answered(self, close: bool) -> None:
        box, self.box = self.box, None
        if box is not None:
            box.deleteLater()
        if not close:
            return
        self._trainer.session.set_queue(())
        if self._trainer.trains:
            self._trainer.over.connect(self._close)
            self._trainer.stop()
        else:
            self._close()

    def _close(self) -> None:
        self._trainer.over.disconnect(self._close, missing_ok=True)
        QTimer.singleShot(0, self.window().close)
