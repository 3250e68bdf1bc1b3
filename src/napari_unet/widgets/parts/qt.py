"""What qtpy's type stubs do not export; imported from here by all widgets."""

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QShortcut  # type: ignore[attr-defined]

__all__ = ["QShortcut", "Signal"]
