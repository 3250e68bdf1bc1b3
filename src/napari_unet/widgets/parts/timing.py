"""Timers that ring once."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QObject, QTimer


def single_shot(milliseconds: int, slot: Any, parent: QObject | None = None) -> QTimer:
    """Return a timer that calls ``slot`` once, so long after it was started last.

    A view's timer has the view as its ``parent`` and ends with it.
    """
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(slot)
    return timer
