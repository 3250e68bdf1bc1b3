"""The table of runs: compared, selected, gone on with, saved."""

from __future__ import annotations

import csv

import pytest
from qtpy.QtWidgets import QFileDialog, QInputDialog

from napari_unet.jobs import ResumeJob, TrainJob
from napari_unet.resumable import Resumable, state_path
from napari_unet.runs import RunRecord
from napari_unet.widgets import RunsDock
from napari_unet.widgets.views.runs import RunsView

HISTORY = ({"epoch": 1, "loss": 1.0, "val_loss": 1.0, "val_dice": 0.5},)


def run(name, dice=0.5, **more):
    return RunRecord(name, f"/m/{name}", val_dice=dice, history=HISTORY, epochs=1, **more)


@pytest.fixture
def view(show):
    view = show(RunsView())
    runs = [run("a", 0.7), run("b", float("nan")), run("c", 0.9, finished=False)]
    view.set_runs(runs, frozenset({"/m/a", "/m/c"}))
    return view


def test_runs_are_sorted_by_what_is_known_of_them(view):
    view.table.sortByColumn(1, view.table.horizontalHeader().sortIndicatorOrder().DescendingOrder)
    shown = [view.table.model().index(i, 0).data() for i in range(3)]
    assert shown == ["c", "a", "b"]
    texts = [view.table.model().index(i, 1).data() for i in range(3)]
    assert texts == ["0.900", "0.700", "–"]


def test_what_can_be_done_depends_on_what_is_chosen(view):
    assert not view.use.isEnabled()
    offers = {"a": (False, True), "b": (False, False), "c": (True, True)}
    for name, offered in offers.items():
        view.table.select(lambda r, name=name: r.name == name)
        assert view.use.isEnabled()
        assert (view.resume.isEnabled(), view.longer.isEnabled()) == offered
        menu = [action.text() for action in view.menu(view.runs()).actions()]
        assert ("Resume" in menu, "Train longer…" in menu) == offered
    view.table.select_all(lambda r: r.name != "b")
    assert not view.use.isEnabled()
    assert not view.menu(view.runs()).actions()


def test_the_choice_outlives_a_new_reading(view):
    view.table.select_all(lambda r: r.name != "b")
    view.set_runs([run("d"), run("c"), run("a")], frozenset())
    assert {r.name for r in view.runs()} == {"a", "c"}


@pytest.fixture
def dock(viewer, desk, show, write_model, qtbot):
    for name in ("first", "second"):
        write_model(name)
    dock = show(RunsDock(viewer))
    qtbot.waitUntil(lambda: len(dock.view.table.rows.rows) == 2)
    return dock


def test_a_run_is_selected_as_model(dock):
    dock.view.table.select(lambda r: r.name == "first")
    dock.view.use.click()
    assert dock.desk.session.model.name == "first"


def test_runs_come_with_models(dock, write_model, qtbot):
    write_model("third")
    dock.desk.session.refresh_models()
    qtbot.waitUntil(lambda: len(dock.view.table.rows.rows) == 3)


def test_curves_of_several_runs_lie_in_one_plot(dock):
    dock.view.chosen.emit([run("first"), run("second")])
    assert dock.view.curves.dice.accessibleName() == "Dice: first 0.500, second 0.500"


def test_a_run_is_gone_on_with(dock, engines, qtbot, monkeypatch):
    model = next(r.model for r in dock.desk.register.runs if r.name == "first")
    Resumable(model, TrainJob("/d", model), 3, 60.0, 10.0, 0).save()
    state_path(model).write_bytes(b"state")
    dock.desk.resumer.look()
    dock.desk.register.look()
    dock.view.table.select(lambda r: r.name == "first")
    qtbot.waitUntil(dock.view.resume.isEnabled)
    dock.view.resume.click()
    qtbot.waitUntil(lambda: not dock.desk.session.busy)
    monkeypatch.setattr(QInputDialog, "getDouble", lambda *_: (2.0, True))
    qtbot.waitUntil(dock.view.longer.isEnabled)
    dock.view.longer.click()
    qtbot.waitUntil(lambda: not dock.desk.session.busy)
    assert engines.train.jobs == [ResumeJob(model), ResumeJob(model, minutes=3.0)]


def test_the_table_is_saved(dock, tmp_path, qtbot, monkeypatch):
    path = tmp_path / "runs.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    dock.view.export.click()
    qtbot.waitUntil(dock.view.strip.isVisible)
    assert str(path) in dock.view.strip.text.plain
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert {row["name"] for row in rows} == {"first", "second"}
