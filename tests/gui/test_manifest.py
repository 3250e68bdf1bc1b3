"""What napari makes of the manifest: menus, widgets and the sample."""

from __future__ import annotations

import subprocess
import sys

import pytest
from npe2 import PluginManager

PLUGIN = "napari-unet-workbench"
WIDGETS = (
    *("U-Net workbench", "Data", "Train", "Segment", "Batch", "Correct"),
    *("Scores", "Runs", "Models"),
)


@pytest.mark.parametrize("name", WIDGETS)
def test_every_widget_opens(viewer, name, qtbot):
    _, widget = viewer.window.add_plugin_dock_widget(PLUGIN, name)
    qtbot.waitUntil(widget.isVisible)


def test_the_layers_menus_offer_segmenting_and_measuring(viewer):
    manager = PluginManager.instance()
    segment = [item.command for item in manager.iter_menu("napari/layers/segment")]
    measure = [item.command for item in manager.iter_menu("napari/layers/measure")]
    assert segment[0] == f"{PLUGIN}.segment_active"
    assert f"{PLUGIN}.segment" in segment
    assert f"{PLUGIN}.evaluate" in measure


def test_the_sample_opens_as_an_image_and_its_labels(viewer):
    layers = viewer.open_sample(PLUGIN, "phantom")
    assert [type(layer).__name__ for layer in layers] == ["Image", "Labels"]
    image, labels = layers
    assert image.data.shape == labels.data.shape


CODE = """
import sys
import napari
from qtpy.QtWidgets import QApplication
viewer = napari.Viewer(show=False)
for name in {widgets!r}:
    viewer.window.add_plugin_dock_widget("{plugin}", name)
QApplication.processEvents()
heavy = {{"torch", "h5py", "napari_unet.unet", "napari_unet.data.formats"}} & set(sys.modules)
print("HEAVY", sorted(heavy))
viewer.close()
"""


def test_opening_every_widget_loads_neither_torch_nor_the_readers():
    code = CODE.format(widgets=WIDGETS, plugin=PLUGIN)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False
    )
    assert "HEAVY []" in done.stdout, done.stdout + done.stderr
