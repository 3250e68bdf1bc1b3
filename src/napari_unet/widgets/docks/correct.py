"""The Correct dock."""

from __future__ import annotations

from typing import Any

from napari_unet.widgets.docks.dock import Dock
from napari_unet.widgets.views.correct import CorrectView


class CorrectDock(Dock):
    """Correct labels by hand, and see the scores move."""

    place = "correct"

    def __init__(self, napari_viewer: Any) -> None:
        self.view = CorrectView()
        super().__init__(napari_viewer, self.view)
