"""What napari's menus and command palette offer beside the dock widgets."""

from __future__ import annotations

from typing import Any

from napari.utils.notifications import show_warning
from napari.viewer import Viewer
from qtpy.QtWidgets import QDockWidget, QTabWidget, QWidget

from napari_unet.widgets.desk import desk_of
from napari_unet.widgets.layers import PLUGIN


def segment_active(viewer: Viewer) -> None:
    """Segment the active image layer at once, and show how far that is in the Segment dock."""
    desk = desk_of(viewer)
    if reason := desk.segmenter.request.reason():
        show_warning(reason)
    else:
        desk.segmenter.start()
    show_segment_dock(viewer)


def show_segment_dock(viewer: Any) -> None:
    """Bring the Segment dock to the front, and open it where it is not open."""
    dock = next((d for d in desk_of(viewer).docks if d.place == "segment" and d.open), None)
    if dock is None:
        viewer.window.add_plugin_dock_widget(PLUGIN, "Segment")
    else:
        _bring_to_front(dock)


def _bring_to_front(dock: QWidget) -> None:
    """Show a dock that is hidden behind a tab, of ours or of the window's."""
    above: Any = dock.parentWidget()
    while above is not None:
        if isinstance(above, QTabWidget) and above.indexOf(dock) >= 0:
            above.setCurrentWidget(dock)
        elif isinstance(above, QDockWidget):
            above.show()
            above.raise_()
        above = above.parentWidget()
