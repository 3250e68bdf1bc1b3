"""A real evaluation of sample data in a real window: looked through, compared, reported."""

from __future__ import annotations

import csv
import shutil

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from bench import SLOW, click, open_folder, train
from napari_unet.data.sample import write_sample


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("data") / "scores", 6, 3, 64)


def names(panel):
    rows, model = panel.table.rows, panel.table.model()
    shown = (model.index(i, 0).data() for i in range(rows.pinned, model.rowCount()))
    return [name.removesuffix(" ∅") for name in shown]


def test_scores_from_the_table_to_the_report(
    viewer, bench, folder, qtbot, monkeypatch, picture, tmp_path
):
    session = open_folder(bench, folder, qtbot, monkeypatch)
    train(bench, qtbot, epochs=6)
    qtbot.waitUntil(lambda: "train" not in session.busy, timeout=SLOW)
    bench.tabs.setCurrentWidget(bench.evaluate)
    view = bench.evaluate.view
    view.subset.set_key("all")
    view.subset.chosen.emit("all")
    picture("scores-0-empty")
    panel = view.scores
    click(qtbot, view.evaluate.button)
    qtbot.waitUntil(lambda: len(names(panel)) > 2, timeout=SLOW)
    picture("scores-1-running")
    qtbot.waitUntil(lambda: session.sheet.complete and not session.busy, timeout=SLOW)
    qtbot.waitUntil(lambda: panel.table.rows.pinned == 3, timeout=SLOW)
    assert len(names(panel)) == len(session.dataset.cases)

    look_through(viewer, bench, qtbot, picture)
    compare_with_a_reader(bench, folder, tmp_path, qtbot, monkeypatch, picture)
    save(bench, tmp_path, qtbot, monkeypatch, picture)


def look_through(viewer, bench, qtbot, picture):
    """From a bar of the histogram to the open case, and from group to group."""
    view, session = bench.evaluate.view, bench.evaluate.desk.session
    panel = view.scores
    worst = min(session.sheet.scores, key=lambda s: s.dice)
    if session.case is None:
        click(qtbot, panel.steps.better)  # which is "Worst" as long as none is open
    else:  # the training has shown a case that it watched
        panel.steps.case_wanted.emit(worst.name)
    worsts = [s.name for s in session.sheet.scores if s.dice == worst.dice]
    qtbot.waitUntil(lambda: session.case is not None and session.case.name in worsts, timeout=SLOW)
    first = session.case.name
    assert {s.dice for s in session.sheet.scores if s.name == first} == {worst.dice}
    qtbot.waitUntil(lambda: f"{first} · scores" in viewer.layers, timeout=SLOW)
    assert f"{first} · reference" in viewer.layers
    click(qtbot, panel.fold.button)
    shown = panel.distribution
    qtbot.waitUntil(lambda: shown.histogram.counts.sum() == len(session.sheet.scores))
    view.area.ensureWidgetVisible(shown)
    picture("scores-2-worst")
    bar = int(shown.histogram.counts.argmax())
    middle = float(shown.histogram.edges[bar : bar + 2].mean())
    plot = shown.histogram
    at = plot.box.mapViewToScene(plot.pg.Point(middle, 0.5))
    where = plot.canvas.mapFromScene(at)
    qtbot.mouseClick(plot.canvas.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert len(names(panel)) == shown.histogram.counts[bar]
    picture("scores-3-bar")
    click(qtbot, panel.filter.all_button)
    groups = panel.choices.groups
    groups.setCurrentIndex(1)
    groups.activated.emit(1)
    assert names(panel) == sorted({case.patient for case in session.dataset.cases})
    picture("scores-4-patients")
    viewer.theme = "light"
    picture("scores-4-patients-light")
    viewer.theme = "dark"
    groups.setCurrentIndex(0)
    groups.activated.emit(0)
    panel.fold.set_open(False)


def compare_with_a_reader(bench, folder, tmp_path, qtbot, monkeypatch, picture):
    """Someone who draws as the reference does is better than any model."""
    view, session = bench.evaluate.view, bench.evaluate.desk.session
    reader = tmp_path / "reader"
    shutil.copytree(folder / "masks", reader)
    models = view.models
    click(qtbot, view.models_fold.button)
    models.list.item(0).setCheckState(Qt.CheckState.Checked)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(reader))
    view.area.ensureWidgetVisible(models.add)
    click(qtbot, models.add)
    view.area.ensureWidgetVisible(models.compare)
    click(qtbot, models.compare.button)
    qtbot.waitUntil(lambda: session.comparison is not None and not session.busy, timeout=SLOW)
    found = session.comparison
    assert [s.dice for s in found.scores[1]] == [1.0] * len(session.dataset.cases)
    assert "did better than" in models.result.words.plain
    view.area.ensureWidgetVisible(models.result.table)
    picture("scores-5-compared")


def save(bench, tmp_path, qtbot, monkeypatch, picture):
    """As a table and as a report; what cannot be written is told."""
    view, session = bench.evaluate.view, bench.evaluate.desk.session
    view.area.ensureWidgetVisible(view.exports)
    table, page = tmp_path / "scores.csv", tmp_path / "report.html"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(table), ""))
    click(qtbot, view.export)
    qtbot.waitUntil(lambda: "Saved" in view.strip.text.plain, timeout=SLOW)
    with table.open(encoding="utf-8", newline="") as f:
        rows = {row["name"]: row for row in csv.DictReader(f)}
    assert {n: float(r["dice"]) for n, r in rows.items()} == {
        s.name: s.dice for s in session.sheet.scores
    }
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(page), ""))
    click(qtbot, view.report)
    qtbot.waitUntil(lambda: "report.html" in view.strip.text.plain, timeout=SLOW)
    assert session.sheet.scores[0].name in page.read_text(encoding="utf-8")
    picture("scores-6-saved")
    qtbot.waitUntil(lambda: not session.busy, timeout=SLOW)
    nowhere = tmp_path / "scores.csv" / "report.html"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(nowhere), ""))
    click(qtbot, view.report)
    qtbot.waitUntil(lambda: not session.busy, timeout=SLOW)
    qtbot.waitUntil(lambda: "could not be written" in view.strip.text.plain, timeout=SLOW)
    picture("scores-7-not-saved")
