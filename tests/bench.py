"""Clicking through the workbench, for tests in a real window."""

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

SLOW = 180_000  # milliseconds: a busy machine with two cores


def click(qtbot, button):
    assert button.isVisible(), button.text()
    assert button.isEnabled(), button.toolTip()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def open_folder(bench, folder, qtbot, monkeypatch):
    bench.tabs.setCurrentWidget(bench.dataset)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    click(qtbot, bench.dataset.view.browse_button)
    session = bench.dataset.desk.session
    qtbot.waitUntil(lambda: bool(session.subsets), timeout=SLOW)
    return session


def train(bench, qtbot, epochs):
    """Train with the smallest network the form can make."""
    bench.tabs.setCurrentWidget(bench.train)
    view, session = bench.train.view, bench.train.desk.session
    view.form.budget.unit.combo.setCurrentText("epochs")
    view.form.budget.epochs.spin.setValue(epochs)
    view.form.split.combo.setEditText("60:20:20")
    network = view.form.sections["network"].fields
    network["supervision"].set_value(0)
    network["channels"].set_value(())
    network["depth"].set_value(2)
    network["base_channels"].set_value(8)
    view.form.sections["preprocess"].fields["size"].set_value((32, 32))
    view.form.sections["optim"].fields["batch"].set_value(4)
    click(qtbot, view.train.button)
    qtbot.waitUntil(lambda: "train" in session.busy)
    return session
