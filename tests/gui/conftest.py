"""A real napari window with the workbench in it, and pictures of it."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QCoreApplication, QEvent, Qt
from qtpy.QtWidgets import QApplication

from napari_unet.widgets import WorkbenchDock

PLUGIN = "napari-unet-workbench"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.gui)


@pytest.fixture(autouse=True)
def no_leaks(qapp: QApplication) -> Iterator[None]:
    """Fail a test that leaves a top-level widget of ours behind, after the viewer is closed."""
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    ours = "napari_unet"
    left = [w for w in QApplication.topLevelWidgets() if type(w).__module__.startswith(ours)]
    assert not left, f"left open: {left}"


@pytest.fixture(autouse=True)
def modest_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engines compute on one thread, at the tests' own priority.

    On a busy machine several threads wait for each other and low priority waits for everybody:
    seconds then become minutes, for networks this small without any gain.
    """
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr("napari_unet.engine.client._lower_priority", lambda pid: None)


@pytest.fixture
def viewer(no_leaks: None, make_napari_viewer: Callable[..., Any]) -> Any:
    """Return a viewer whose window is shown."""
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1250, 900)
    return viewer


@pytest.fixture
def bench(viewer: Any, qtbot: Any) -> Iterator[WorkbenchDock]:
    """Return the workbench, docked at 300 pixels, opened the way the menu does."""
    dock, bench = viewer.window.add_plugin_dock_widget(PLUGIN, "U-Net workbench")
    narrow(viewer, dock)
    qtbot.wait(50)
    yield bench
    bench.dataset.desk.close()


def narrow(viewer: Any, dock: Any, width: int = 300) -> None:
    """Give a dock a width."""
    viewer.window._qt_window.resizeDocks([dock], [width], Qt.Orientation.Horizontal)


@pytest.fixture
def picture(viewer: Any, qtbot: Any) -> Callable[[str], None]:
    """Return a function that saves a picture of the window, if ``NAPARI_UNET_SCREENSHOTS`` is set.

    That variable names the folder for the pictures.
    """

    def save(name: str) -> None:
        folder = os.environ.get("NAPARI_UNET_SCREENSHOTS")
        if folder:
            qtbot.wait(300)
            Path(folder).mkdir(parents=True, exist_ok=True)
            viewer.window._qt_window.grab().save(str(Path(folder) / f"{name}.png"))

    return save
