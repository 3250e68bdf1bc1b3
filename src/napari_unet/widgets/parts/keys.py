"""Keys that views of rows take for themselves."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent


def took_enter(event: QKeyEvent | None, act: Callable[[], None]) -> bool:
    """Act on Enter, and keep that key from the viewer; return whether it was that key."""
    if event is None or event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        return False
    act()
    event.accept()
    return True
