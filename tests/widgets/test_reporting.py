"""Reports that the Scores dock asks an engine for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from qtpy.QtWidgets import QFileDialog

from napari_unet.errors import DiskError
from napari_unet.events import CaseDone, CaseScore, Compared, EvaluateFinished, ReportFinished
from napari_unet.jobs import EvaluateJob, ReportJob
from napari_unet.metrics import summarise
from napari_unet.widgets import EvaluateDock

SCORES = tuple(
    CaseScore(f"c{i}", f"p{i}", d, d, d, d, d, empty=False) for i, d in enumerate((0.5, 0.9))
)
DONE = EvaluateFinished("m", "all", 0.5, SCORES, summarise(SCORES), 1.0)


@pytest.fixture
def dock(viewer, desk, dataset, show):
    dock = show(EvaluateDock(viewer), 300, 1000)
    desk.session.set_dataset(dataset)
    desk.session.start_sheet(EvaluateJob(str(dataset.root), "m", "all"))
    for score in SCORES:
        desk.session.take_score(CaseDone(score.name, score))
    return dock


def test_a_report_has_the_scores_as_they_are_after_corrections(
    dock, desk, dataset, qtbot, engines, monkeypatch
):
    assert "was not completed" in dock.view.report.toolTip()
    desk.session.take_scores(DONE)
    assert dock.view.report.isEnabled()
    better = replace(SCORES[0], dice=0.8, corrected=True)
    desk.session.replace_score(better)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("/tmp/of-mine", ""))
    engines.train.script = [ReportFinished("/tmp/of-mine.html", 2_000_000, 3, 1.0)]
    dock.view.report.click()
    qtbot.waitUntil(lambda: "Saved /tmp/of-mine.html (2.0 MB" in dock.view.strip.text.plain)
    (job,) = engines.train.jobs
    assert isinstance(job, ReportJob)
    assert (job.out, job.folder, job.compared) == ("/tmp/of-mine.html", str(dataset.root), None)
    assert job.evaluated is not None
    assert job.evaluated.scores == (better, SCORES[1])
    assert job.evaluated.summary == summarise(job.evaluated.scores)


def test_a_full_disk_is_told_in_the_dock_and_a_report_can_be_cancelled(
    dock, desk, qtbot, engines, wait
):
    desk.session.take_scores(DONE)
    engines.train.script = [DiskError("The disk is full.", final=True)]
    desk.reporter.start("/tmp/r.html")
    qtbot.waitUntil(lambda: "The disk is full." in dock.view.strip.text.plain)
    qtbot.waitUntil(lambda: not desk.session.busy)
    engines.train.script = [wait]
    desk.reporter.start("/tmp/r.html")
    qtbot.waitUntil(dock.view.reporting.isVisible)
    assert not dock.view.report.isEnabled()
    dock.view.reporting.button.click()
    qtbot.waitUntil(lambda: not desk.session.busy)
    assert not dock.view.reporting.isVisible()
    assert dock.view.report.isEnabled()


def test_a_comparison_has_a_report_of_its_own(dock, desk, dataset, qtbot, engines):
    desk.reporter.start_comparison("/tmp/r.html")
    assert not desk.session.busy  # nothing was compared
    found = Compared(("a", "b"), ("model",) * 2, (SCORES, SCORES), folder=str(dataset.root))
    desk.session.take_comparison(found)
    engines.train.script = [ReportFinished("/tmp/r.html", 1, 0, 1.0)]
    desk.reporter.start_comparison("/tmp/r.html")
    qtbot.waitUntil(lambda: not desk.session.busy)
    assert engines.train.jobs == [ReportJob("/tmp/r.html", str(dataset.root), compared=found)]


def test_chosen_columns_are_there_again_in_the_next_session(dock, viewer, show):
    choices = dock.view.scores.choices
    action = next(a for a in choices.menu.actions() if a.data() == "recall")
    action.trigger()
    again = show(EvaluateDock(viewer))
    assert "recall" in again.view.scores.choices.columns
