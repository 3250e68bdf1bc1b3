"""Qt's ``Signal``, which qtpy's type stubs do not export; imported from here by all widgets."""

from qtpy.QtCore import Signal  # type: ignore[attr-defined]

__all__ = ["Signal"]
