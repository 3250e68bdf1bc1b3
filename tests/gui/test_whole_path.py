"""The main job in a real window with a real engine: every step is a click."""

from __future__ import annotations

import os
import signal

import numpy as np
import psutil
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QTableView, QWidget

from bench import SLOW, click, open_folder, train
from napari_unet.data.sample import write_sample
from napari_unet.widgets.training import model_path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("data") / "brains", 5, 3, 64)


def test_from_a_folder_to_scores(viewer, bench, folder, qtbot, monkeypatch, picture):
    picture("empty-dataset")
    session = open_folder(bench, folder, qtbot, monkeypatch)
    qtbot.waitUntil(lambda: session.case is not None, timeout=SLOW)
    first = session.case
    click(qtbot, bench.dataset.view.cases.next)
    qtbot.waitUntil(lambda: session.case is not first, timeout=SLOW)
    picture("dataset")

    train(bench, qtbot, epochs=8)
    qtbot.waitUntil(lambda: len(session.curve) >= 3, timeout=SLOW)
    picture("training")
    qtbot.waitUntil(lambda: "train" not in session.busy, timeout=SLOW)
    assert not bench.train.view.strip.isVisible(), bench.train.view.strip.text.plain
    assert "The model is selected" in bench.train.view.status.plain
    assert model_path("brains").is_file()

    bench.tabs.setCurrentWidget(bench.segment)
    assert bench.segment.view.model.list.currentText() == "brains"
    click(qtbot, bench.segment.view.segment.button)
    segmenter = bench.segment.desk.segmenter
    qtbot.waitUntil(lambda: bool(segmenter.answers.found.text), timeout=SLOW)
    image = viewer.layers[session.case.name]
    labels = viewer.layers[f"{session.case.name} · brains"]
    assert labels.data.shape == image.data.shape
    for corner in ((0, 0), image.data.shape):
        assert np.allclose(labels.data_to_world(corner), image.data_to_world(corner))
    bench.segment.view.slider.setValue(0)
    assert labels.data.all()
    bench.segment.view.slider.setValue(60)
    assert not labels.data.all()
    picture("segmented")

    bench.tabs.setCurrentWidget(bench.evaluate)
    view = bench.evaluate.view
    click(qtbot, view.evaluate.button)
    qtbot.waitUntil(
        lambda: session.sheet is not None and session.sheet.summary is not None, timeout=SLOW
    )
    tested = [name for name, subset in session.subsets.items() if subset == "test"]
    assert {s.name for s in session.sheet.scores} == set(tested)
    assert all(0 <= s.dice <= 1 for s in session.sheet.scores)
    table = view.scores.table
    qtbot.waitUntil(lambda: table.model().rowCount() == len(tested) + 3, timeout=SLOW)
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    worst = min(session.sheet.scores, key=lambda s: s.dice)
    table.setCurrentIndex(table.model().index(3, 0))
    qtbot.keyClick(table, Qt.Key.Key_Return)
    name = table.currentIndex().data().removesuffix(" ∅")
    qtbot.waitUntil(lambda: session.case.name == name, timeout=SLOW)
    qtbot.waitUntil(lambda: f"{name} · brains" in viewer.layers, timeout=SLOW)
    assert {s.dice for s in session.sheet.scores if s.name == name} == {worst.dice}
    view.scores.fold.set_open(True)
    picture("evaluated")

    view.layers_fold.set_open(True)
    layers = view.layers
    assert layers.chosen() == (f"{name} · brains", f"{name} · reference")
    bench.segment.desk.segmenter.set_threshold(session.model.card.threshold)
    view.area.ensureWidgetVisible(layers.compare)
    click(qtbot, layers.compare.button)
    qtbot.waitUntil(lambda: bool(layers.table.rows.rows), timeout=SLOW)
    assert layers.table.model().index(0, 1).data().startswith(f"{worst.dice:.3f}")
    viewer.theme = "light"
    picture("evaluated-light")


def test_an_engine_that_dies_is_reported_and_replaced(
    viewer, bench, folder, qtbot, monkeypatch, picture
):
    session = open_folder(bench, folder, qtbot, monkeypatch)
    train(bench, qtbot, epochs=100_000)
    qtbot.waitUntil(lambda: any(e.best for e in session.curve), timeout=SLOW)
    os.kill(session.engine("train").pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: "train" not in session.busy, timeout=SLOW)
    assert "killed by SIGKILL" in bench.train.view.strip.text.plain
    picture("engine-died")
    # What was kept is selected, and the next job has a fresh engine.
    assert session.model is not None
    assert session.model.name == "brains"
    train(bench, qtbot, epochs=1)
    qtbot.waitUntil(lambda: "train" not in session.busy, timeout=SLOW)
    assert not bench.train.view.strip.isVisible(), bench.train.view.strip.text.plain
    assert session.trained is not None


def test_stopping_is_quick_and_closing_the_viewer_ends_the_engines(
    viewer, bench, folder, qtbot, monkeypatch
):
    session = open_folder(bench, folder, qtbot, monkeypatch)
    train(bench, qtbot, epochs=100_000)
    qtbot.waitUntil(lambda: len(session.curve) >= 1, timeout=SLOW)
    # What napari names when the window is closed meanwhile.
    assert viewer.window._task_status_manager.get_status() == [
        "napari-worker: Executing training brains"
    ]
    click(qtbot, bench.train.view.running.button)
    qtbot.waitUntil(lambda: "train" not in session.busy, timeout=SLOW)
    assert "Stopped" in bench.train.view.status.plain
    assert session.model.name == "brains"
    train(bench, qtbot, epochs=100_000)
    qtbot.waitUntil(lambda: len(session.curve) >= 1, timeout=SLOW)
    runner = bench.train.desk.runners["train"]
    process = psutil.Process(session.engine("train").pid)
    viewer.close()
    qtbot.waitUntil(lambda: session.closed, timeout=SLOW)
    process.wait(timeout=SLOW / 1000)
    qtbot.waitUntil(lambda: not runner.running, timeout=SLOW)


def test_a_folder_without_pairs_is_explained_in_the_widget(
    viewer, bench, tmp_path, qtbot, monkeypatch, picture
):
    (tmp_path / "notes.txt").write_text("no images here")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    click(qtbot, bench.dataset.view.browse_button)
    qtbot.waitUntil(bench.dataset.view.strip.isVisible, timeout=SLOW)
    assert str(tmp_path) in bench.dataset.view.strip.text.plain
    picture("no-pairs")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_is_cut_off_in_a_narrow_dock(viewer, bench, qtbot, theme, picture):
    viewer.theme = theme
    names = (*("dataset", "train", "segment", "batch", "correct", "evaluate", "runs", "models"),)
    assert bench.tabs.count() == len(names)
    for fold in bench.correct.learning.folds:
        fold.set_open(True)
    for i, name in enumerate(names):
        bench.tabs.setCurrentIndex(i)
        qtbot.wait(50)
        assert bench.width() <= 300
        dock = bench.tabs.widget(i)
        tables = dock.findChildren(QTableView)
        for child in dock.findChildren(QWidget):
            if not child.isVisible() or any(t.isAncestorOf(child) for t in tables):
                continue
            needs, has = child.minimumSizeHint().width(), child.width()
            assert needs <= has, f"{name}: {type(child).__name__} needs {needs}, has {has}"
        picture(f"narrow-{name}-{theme}")
