"""Curves over epochs: what is drawn, what the pointer tells, what is saved."""

from __future__ import annotations

import csv
import math

import pytest
from napari.qt import get_stylesheet
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent, QWheelEvent
from qtpy.QtWidgets import QApplication, QFileDialog, QWidget

from napari_unet.events import EpochEnd
from napari_unet.session.history import history_of, write_history
from napari_unet.widgets.parts.curve import Curve, Line
from napari_unet.widgets.parts.plot import DARK, LIGHT
from napari_unet.widgets.views.curves import CurvesPanel, dice_lines


def epochs(count, classes=()):
    return [
        EpochEnd(i, 1 / i, 1.1 / i, 1 - 1 / i, 1e-3, 1.0, 10.0, True, dict.fromkeys(classes, 0.5))
        for i in range(1, count + 1)
    ]


@pytest.fixture
def panel(show):
    panel = show(CurvesPanel(), 300, 420)
    panel.set_histories({"": history_of(epochs(20))})
    return panel


def test_the_pointer_tells_the_values_of_an_epoch_in_both_plots(panel, qtbot):
    plot = panel.loss.plot
    at = plot.box.mapViewToScene(plot.pg.Point(10, 0.5))
    move(plot.canvas.viewport(), plot.canvas.mapFromScene(at))
    qtbot.waitUntil(lambda: "epoch 10" in panel.loss.legend.text())
    assert "<b>0.110</b>" in panel.loss.legend.text()
    assert "epoch 10" in panel.dice.legend.text()
    assert "<b>0.900</b>" in panel.dice.legend.text()
    plot.canvas.left.emit()
    assert "epoch" not in panel.dice.legend.text()
    assert "<b>0.950</b>" in panel.dice.legend.text()


def move(widget, to):
    """Move the pointer; `QTest` moves the one of the screen, which not every platform has."""
    none, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    at, there = QPointF(to), QPointF(widget.mapToGlobal(to))
    QApplication.sendEvent(widget, QMouseEvent(QEvent.Type.MouseMove, at, there, none, none, keys))


def test_zooming_lasts_until_everything_is_asked_for(panel):
    box = panel.loss.plot.box
    box.setRange(xRange=(5, 8), padding=0)
    box.sigRangeChangedManually.emit([True, True])
    panel.set_histories({"": history_of(epochs(40))})
    panel._draw_latest()
    assert box.viewRange()[0] == [5, 8]
    panel.all_button.click()
    low, high = box.viewRange()[0]
    assert low <= 1
    assert high >= 40


def test_the_wheel_is_left_to_the_dock(panel, qtbot):
    canvas = panel.loss.plot.canvas
    event = QWheelEvent(
        QPointF(50, 50),
        QPointF(50, 50),
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    before = panel.loss.plot.box.viewRange()
    canvas.wheelEvent(event)
    assert not event.isAccepted()
    assert panel.loss.plot.box.viewRange() == before


def test_the_colours_follow_the_theme(show, qtbot):
    window = QWidget()
    panel = CurvesPanel(window)
    show(window, 300, 420)
    panel.set_histories({"": history_of(epochs(3))})
    for theme, shades in (("dark", DARK), ("light", LIGHT), ("dark", DARK)):
        window.setStyleSheet(get_stylesheet(theme))
        qtbot.waitUntil(lambda shades=shades: shades[0] in panel.loss.legend.text())


def test_each_class_has_a_curve_and_runs_are_told_apart(panel):
    rows = history_of(epochs(3, ("cup", "disc")))
    assert [line.name for line in dice_lines(rows)] == ["mean", "cup", "disc"]
    panel.set_histories({"a": rows, "<b>": rows})
    panel._draw_latest()
    assert "&lt;b&gt;" in panel.loss.legend.text()
    assert panel.dice.accessibleName() == "Dice: a 0.667, <b> 0.667"


def test_gaps_are_no_values(qapp):
    curve = Curve("Loss")
    curve.set_lines([Line("training", (0.5, math.nan))])
    curve.set_hovered(2)
    assert "nan" not in curve.legend.text()
    curve.set_hovered(1)
    assert "<b>0.500</b>" in curve.legend.text()


def test_drawing_waits_while_epochs_pour_in(panel, qtbot):
    for count in range(21, 60):
        panel.set_histories({"": history_of(epochs(count))})
    assert "0.950" in panel.dice.legend.text()
    qtbot.waitUntil(lambda: "0.983" in panel.dice.legend.text())


def test_values_and_pictures_are_asked_for(panel, monkeypatch):
    asked = []
    panel.values_wanted.connect(asked.append)
    panel.picture_wanted.connect(asked.append)
    for path in ("a.csv", "b.png"):
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, path=path: (path, ""))
        panel.menu.actions()[len(asked)].trigger()
    assert asked == ["a.csv", "b.png"]
    assert panel.picture().toImage().width() == 600


def test_the_history_is_written_with_a_column_per_class(tmp_path):
    path = tmp_path / "h.csv"
    histories = {"a": history_of(epochs(2, ("cup",))), "b": history_of(epochs(1))}
    write_history(path, histories)
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert [(r["run"], r["epoch"], r["dice cup"]) for r in rows] == [
        ("a", "1", "0.5"),
        ("a", "2", "0.5"),
        ("b", "1", ""),
    ]
    assert float(rows[1]["val_loss"]) == 0.55
    write_history(path, {})
    assert path.read_text(encoding="utf-8").strip() == "run"
