"""U-Nets for napari: train, segment and score images, in the viewer, in Python and in a shell.

Importing this package is cheap: torch and the file readers are loaded by the first call that
needs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_unet.api import evaluate, segment, train

__version__ = "0.1.0"
__all__ = ["evaluate", "segment", "train"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("napari_unet.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
