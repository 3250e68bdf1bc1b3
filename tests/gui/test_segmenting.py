"""Segmenting whatever is open, in a real window with a real engine: one click, exactly in place."""

from __future__ import annotations

from functools import partial
from itertools import product

import dask.array as da
import numpy as np
import pytest
import zarr
from napari._app_model import get_app_model
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from models import bright_model
from napari_unet import workspace
from napari_unet.card import SUFFIX
from napari_unet.widgets import SegmentDock, segmenting
from napari_unet.widgets.asking import Asking

SLOW = 180_000  # milliseconds: a busy machine with two cores
COMMAND = "napari-unet-workbench.segment_active"


@pytest.fixture
def model():
    """A model that finds what is brighter than the image's mean."""
    return bright_model(workspace.models_dir() / f"bright{SUFFIX}", mode="patch", size=32)


@pytest.fixture
def dock(model, viewer, qtbot):
    _, dock = viewer.window.add_plugin_dock_widget("napari-unet-workbench", "Segment")
    qtbot.waitUntil(dock.isVisible)
    yield dock
    dock.desk.close()


def disc(shape):
    """Return an image whose middle is bright, in every plane."""
    axes = np.ogrid[tuple(slice(-1, 1, n * 1j) for n in shape[-2:])]
    return np.broadcast_to((sum(a**2 for a in axes) < 0.4) * 200.0, shape).astype(np.uint8)


TURNED = {
    "scale": (2.0, 0.5, 0.7),
    "translate": (5.0, -3.0, 11.0),
    "rotate": [[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]],
    "shear": (0.1, 0.0, 0.3),
    "affine": [[1, 0, 0, 4], [0, 1.1, 0.1, -2], [0, 0, 0.9, 1], [0, 0, 0, 1]],
    "units": ("mm", "mm", "mm"),
    "axis_labels": ("z", "y", "x"),
}
CASES = {  # those of most axes first: napari may crash where it draws while one is added
    "4D": (
        disc((2, 3, 20, 24)),
        {"scale": (1.0, 4.0, 1.0, 1.0), "axis_labels": ("t", "z", "y", "x")},
    ),
    "3D": (disc((5, 20, 30)), {"scale": (3.0, 0.5, 0.5), "units": ("mm",) * 3}),
    "turned": (disc((4, 20, 30)), TURNED),
    "2D": (disc((40, 30)), {}),
    "colour": (np.stack([disc((40, 30))] * 3, -1), {"rgb": True, "scale": (0.5, 2.0)}),
    "multiscale": (
        [disc((64, 48)), disc((64, 48))[::2, ::2]],
        {"multiscale": True, "translate": (7.0, 8.0), "rotate": 30},
    ),
}


def segment(dock, qtbot):
    """Click, and wait for the labels."""
    assert dock.view.segment.button.isEnabled(), dock.view.segment.reason.plain
    qtbot.mouseClick(dock.view.segment.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dock.desk.session.busy, timeout=SLOW)
    assert not dock.view.strip.isVisible(), dock.view.strip.text.plain


@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")  # napari's, of oblique volumes
def test_labels_lie_exactly_on_their_image_whatever_it_is(viewer, dock, qtbot, picture):
    for name, (data, options) in CASES.items():
        image = viewer.add_image(data, name=name, **options)
        segment(dock, qtbot)
        labels = viewer.layers[f"{name} · bright"]
        finest = image.data[0] if image.multiscale else image.data
        shape = finest.shape[:-1] if image.rgb else finest.shape
        assert labels.data.shape == shape, name
        assert 0 < labels.data.mean() < 1, name
        points = [*product(*((0, n - 1) for n in shape)), tuple(n // 3 for n in shape)]
        for point in points:
            assert np.allclose(labels.data_to_world(point), image.data_to_world(point)), name
        assert np.allclose(labels.extent.world, image.extent.world), name
        assert labels.units == image.units, name
        assert labels.axis_labels == image.axis_labels, name
        grey = finest.mean(axis=-1) if image.rgb else finest
        inside = np.asarray(labels.data)[..., 2:-2, 2:-2] > 0
        assert np.array_equal(inside, np.asarray(grey)[..., 2:-2, 2:-2] > 100), name
        picture(f"segmented-{name}")
        for layer in viewer.layers:
            layer.visible = False


def test_the_command_and_the_key_segment_the_active_layer(viewer, model, qtbot):
    viewer.add_image(disc((40, 30)), name="scan")
    get_app_model().commands.execute_command(COMMAND).result()
    dock = next(d for d in viewer.window._qt_window.findChildren(SegmentDock))
    qtbot.waitUntil(lambda: "scan · bright" in viewer.layers, timeout=SLOW)
    qtbot.waitUntil(lambda: not dock.desk.session.busy, timeout=SLOW)
    viewer.layers.remove("scan · bright")
    window = viewer.window._qt_window
    window.activateWindow()
    dock.view.segment.button.setFocus()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)
    qtbot.keyClick(dock.view.segment.button, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: "scan · bright" in viewer.layers, timeout=SLOW)
    qtbot.waitUntil(lambda: not dock.desk.session.busy, timeout=SLOW)
    viewer.layers.clear()
    get_app_model().commands.execute_command(COMMAND).result()
    assert len(viewer.window._qt_window.findChildren(SegmentDock)) == 1
    dock.desk.close()


def test_a_store_larger_than_memory_is_segmented_and_shown_lazily(
    viewer, dock, qtbot, tmp_path, monkeypatch
):
    monkeypatch.setattr(segmenting, "Asking", partial(Asking, large=1000))
    data = disc((3, 40, 30))
    stored = zarr.create_array(
        tmp_path / "scan.zarr", shape=data.shape, chunks=(1, 40, 30), dtype="u1"
    )
    stored[:] = data
    image = viewer.add_image(stored, name="scan", scale=(4, 1, 1))
    for lazy in (stored, da.from_array(data, chunks=20)):
        image.data = lazy
        segment(dock, qtbot)
        labels = viewer.layers["scan · bright"]
        assert isinstance(labels.data, da.Array)
        assert np.array_equal(np.asarray(labels.data) > 0, data > 100)
        assert labels.scale.tolist() == [4, 1, 1]
    scratch = workspace.home() / "scratch"
    # All but that of the labels that are shown goes soon, and that one in the end.
    qtbot.waitUntil(lambda: len(list(scratch.glob("*/*"))) == 1)
    dock.desk.close()
    assert not list(scratch.glob("*/*"))
    assert np.array_equal(stored[:], data)


def test_what_goes_while_it_is_segmented(viewer, dock, qtbot):
    viewer.add_image(np.random.default_rng(0).random((60, 200, 200), np.float32), name="scan")
    qtbot.mouseClick(dock.view.segment.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(dock.desk.session.busy), timeout=SLOW)
    viewer.layers.remove("scan")
    qtbot.waitUntil(lambda: not dock.desk.session.busy, timeout=SLOW)
    assert "was closed" in dock.view.strip.text.plain
    viewer.add_image(np.random.default_rng(0).random((60, 200, 200), np.float32), name="scan")
    qtbot.mouseClick(dock.view.segment.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(dock.desk.session.busy), timeout=SLOW)
    runner, session = dock.segmenter.runner, dock.desk.session
    viewer.close()
    qtbot.waitUntil(lambda: session.closed, timeout=SLOW)
    qtbot.waitUntil(lambda: not runner.running, timeout=SLOW)
