"""The question for how much longer to train."""

from __future__ import annotations

from qtpy.QtWidgets import QInputDialog, QWidget


def more_minutes(parent: QWidget) -> float:
    """Ask for how many more minutes; 0 if a person thought better of it."""
    minutes, sure = QInputDialog.getDouble(
        parent, "Train longer", "For how many more minutes?", 10.0, 0.05, 100_000.0, 1
    )
    return minutes if sure else 0.0
