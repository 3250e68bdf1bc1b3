"""Timers that ring once."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QTimer


def single_shot(milliseconds: int, slot: Any) -> QTimer:
    """Return a timer that calls ``slot`` once, so long after it was started last."""
    timer = QTimer()
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(slot)
    return timer
