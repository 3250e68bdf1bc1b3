"""From a fresh viewer to a trained model by clicks that are counted; pausing, and going on."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QMenu

from napari_unet.data.sample import write_sample
from napari_unet.widgets import TrainDock
from napari_unet.widgets.live_layer import NAME

SLOW = 240_000  # milliseconds: a busy machine with two cores


class Mouse:
    """Clicks real widgets, and counts."""

    def __init__(self, qtbot) -> None:
        self.qtbot, self.clicks = qtbot, 0

    def click(self, widget, at: QPoint | None = None) -> None:
        assert widget.isVisible()
        assert widget.isEnabled(), widget.toolTip()
        self.clicks += 1
        self.qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=at or QPoint())

    def choose(self, menu: QMenu, text: str) -> QMenu | None:
        """Choose from a menu as a person does: submenus open under the pointer, by themselves."""
        action = next(a for a in menu.actions() if a.text().replace("&", "") == text)
        if action.menu() is not None:
            menu.setActiveAction(action)
            self.qtbot.waitUntil(action.menu().isVisible)
            return action.menu()
        self.click(menu, menu.actionGeometry(action).center())
        return None


def test_five_clicks_from_a_fresh_viewer_to_a_model(viewer, qtbot, picture, own_workspace):
    mouse = Mouse(qtbot)
    window = viewer.window._qt_window
    bar = window.menuBar()
    layers = next(a for a in bar.actions() if a.text().replace("&", "") == "Layers")
    mouse.click(bar, bar.actionGeometry(layers).center())  # 1
    qtbot.waitUntil(layers.menu().isVisible)
    segment = mouse.choose(layers.menu(), "Segment")
    mouse.choose(segment, "Train (U-Net workbench)")  # 2
    qtbot.waitUntil(lambda: bool(window.findChildren(TrainDock)))
    (dock,) = window.findChildren(TrainDock)
    view, session = dock.view, dock.desk.session
    qtbot.waitUntil(view.sample.isVisible)
    picture("fresh")
    mouse.click(view.sample)  # 3
    qtbot.waitUntil(lambda: session.dataset is not None and bool(session.subsets), timeout=SLOW)
    assert mouse.clicks == 3
    mouse.click(view.train.button)  # 4
    assert mouse.clicks <= 5
    qtbot.waitUntil(lambda: any(e.best for e in session.curve), timeout=SLOW)
    qtbot.waitUntil(lambda: NAME in viewer.layers or bool(dock.desk.live.hidden), timeout=SLOW)
    picture("after-five-clicks")
    # The rest is waiting: to see that a model comes of it, it is stopped.
    view.running.button.click()
    qtbot.waitUntil(lambda: not session.busy, timeout=SLOW)
    assert session.model is not None
    assert Path(session.model.path).is_file()
    dock.desk.close()


def test_a_training_rests_stops_and_goes_on(viewer, bench, qtbot, picture, tmp_path):
    dock = bench.train
    view, session = dock.view, dock.desk.session
    bench.tabs.setCurrentWidget(dock)
    dock.desk.folders.open(str(write_sample(tmp_path / "brains", 5, 3, 64)))
    qtbot.waitUntil(lambda: bool(session.subsets), timeout=SLOW)
    view.form.split.combo.setEditText("60:20:20")
    view.form.sections["network"].fields["supervision"].set_value(0)
    view.form.sections["network"].fields["channels"].set_value(())
    view.form.sections["network"].fields["depth"].set_value(2)
    view.form.sections["network"].fields["base_channels"].set_value(8)
    view.form.sections["preprocess"].fields["size"].set_value((32, 32))
    view.form.budget.set_value((0.0, 100_000))
    mouse = Mouse(qtbot)
    mouse.click(view.train.button)
    qtbot.waitUntil(lambda: len(session.curve) >= 2, timeout=SLOW)
    mouse.click(view.running.pause)
    qtbot.waitUntil(lambda: session.busy["train"].paused, timeout=SLOW)
    rested = len(session.curve)
    qtbot.wait(1500)
    assert len(session.curve) <= rested + 1
    # A case that is chosen while it rests is shown at once.
    name = dock.desk.live.cases()[-1].name
    view.live.chosen.emit(name)
    qtbot.waitUntil(lambda: dock.desk.live.shown == name, timeout=SLOW)
    qtbot.waitUntil(lambda: NAME in viewer.layers and viewer.layers[NAME].visible, timeout=SLOW)
    picture("paused")
    mouse.click(view.running.pause)
    qtbot.waitUntil(lambda: len(session.curve) > rested + 1, timeout=SLOW)
    mouse.click(view.running.button)
    qtbot.waitUntil(lambda: not session.busy, timeout=SLOW)
    assert not view.strip.isVisible(), view.strip.text.plain
    done = session.curve
    qtbot.waitUntil(view.resume.isVisible, timeout=SLOW)
    mouse.click(view.resume)
    qtbot.waitUntil(lambda: session.curve[-1].epoch > done[-1].epoch, timeout=SLOW)
    assert session.curve[: len(done)] == done
    # Another training waits for its turn.
    mouse.click(view.train.button)
    assert [waiting.name for waiting in session.queue] == ["brains-2"]
    mouse.click(view.running.button)
    qtbot.waitUntil(lambda: not session.queue and bool(session.curve), timeout=SLOW)
    qtbot.waitUntil(lambda: len(session.curve) < len(done) + 50, timeout=SLOW)
    assert session.busy["train"].title == "training brains-2"
    mouse.click(view.running.button)
    qtbot.waitUntil(lambda: not session.busy, timeout=SLOW)
