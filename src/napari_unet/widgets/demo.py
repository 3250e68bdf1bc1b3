"""The workbench on a folder: what the demonstration opens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_unet.widgets.desk import desk_of


def open_workbench(viewer: Any, folder: str | Path) -> None:
    """Dock the workbench in a viewer and load a folder of images and masks into it."""
    viewer.window.add_plugin_dock_widget("napari-unet-workbench", "U-Net workbench")
    desk_of(viewer).folders.open(str(folder))
