"""Learning from corrections in the Correct dock, with engines that play a script."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from napari_unet.data.splits.split import Split, split_path
from napari_unet.events import (
    CaseScore,
    EpochEnd,
    Improved,
    Paired,
    Progress,
    Ranked,
    RankedCase,
    TrainFinished,
)
from napari_unet.jobs import ImproveJob, RankJob
from napari_unet.metrics import paired
from napari_unet.presets import improving_minutes
from napari_unet.session import PLANNED
from napari_unet.widgets import CorrectDock
from napari_unet.widgets.training import model_path

EPOCH = EpochEnd(1, 0.5, 0.5, 0.71, 1e-3, 60.0, 10.0, True)


def open_data(desk, dataset, qtbot, model=None):
    """Open a data set; wait until it is known what the model was trained on."""
    desk.session.set_dataset(dataset)
    if model is not None:
        desk.session.select_model(model)
    else:
        desk.divider.divide()
    qtbot.waitUntil(lambda: desk.session.split_source not in ("", PLANNED))


@pytest.fixture
def dock(viewer, desk, dataset, write_model, show, tmp_path, qtbot):
    """The Correct dock with twelve cases of four patients, of which the last is tested on."""
    cases = tuple(
        replace(c, correction=tmp_path / "c.tif") if i in (0, 4, 10) else c
        for i, c in enumerate(dataset.cases)
    )
    model = write_model("old")
    subsets = {c.name: "test" if i > 8 else "train" for i, c in enumerate(cases)}
    Split(subsets, (80.0, 10.0, 10.0), 0).save(split_path(model))
    open_data(desk, replace(dataset, cases=cases), qtbot, model)
    made = show(CorrectDock(viewer))
    for fold in made.learning.folds:
        fold.set_open(True)
    return made


def score(name, dice):
    return CaseScore(name, name[:1], dice, dice, dice, dice, dice, empty=False)


def improved(old, new, before=(0.5, 0.6, 0.7), after=(0.6, 0.7, 0.65)):
    a, b = (
        tuple(score(n, d) for n, d in zip("xyz", dice, strict=True)) for dice in (before, after)
    )
    return Improved(str(old), str(new), "test", a, b, paired(a, b), ("one",))


def idle(dock, qtbot):
    qtbot.waitUntil(lambda: not dock.desk.session.busy)


def improve(dock, engines, script, qtbot, name="better"):
    engines.train.script = script
    dock.learning.improve.name.setText(name)
    dock.learning.improve.name.textEdited.emit(name)
    dock.learning.improve.action.button.click()
    idle(dock, qtbot)


def test_it_says_what_is_learned_from_and_what_is_not(dock):
    text = dock.learning.improve.data.plain
    assert "learns from 2 corrected cases" in text
    assert "1 corrected case will not be learned from" in text
    assert dock.learning.improve.minutes.value() == pytest.approx(improving_minutes(2), abs=0.06)
    assert dock.learning.improve.name.text() == "old-improved"
    assert dock.learning.improve.action.button.isEnabled()


def test_a_button_that_cannot_be_used_says_why(dock, dataset):
    view, session = dock.learning.improve, dock.desk.session
    view.name.setText("old")
    view.name.textEdited.emit("old")
    assert "The old model is kept" in view.action.reason.plain
    view.name.textEdited.emit(" ")
    session.set_dataset(dataset)
    assert "Correct the reference of some cases first" in view.action.reason.plain
    session.set_dataset(None)
    assert "Open a folder" in view.action.reason.plain
    assert "Open a folder" in dock.learning.next.action.reason.plain


def test_only_judges_corrected(dock, dataset, tmp_path, qtbot):
    cases = (*dataset.cases[:-1], replace(dataset.cases[-1], correction=tmp_path / "c.tif"))
    open_data(dock.desk, replace(dataset, cases=cases), qtbot)
    assert "judges the model" in dock.learning.improve.action.reason.plain


def test_old_and_new_are_compared_and_a_person_chooses(dock, engines, write_model, qtbot):
    session, view = dock.desk.session, dock.learning.improve
    old, new = session.model.path, model_path("better")
    done = TrainFinished(str(new), "", 1, 1, 0.7, 60.0, "1 epochs are done")
    script = [Progress(0, 1, "training"), EPOCH, done, improved(old, new)]
    write_model("better")
    improve(dock, engines, script, qtbot)
    (job,) = engines.train.jobs
    assert isinstance(job, ImproveJob)
    assert (job.model, job.out) == (old, str(new))
    assert len(job.cases) == 2
    assert session.model.path == old
    assert "0.600 → 0.650 (better)" in view.headline.plain
    assert "2 better, 1 worse" in view.words.plain
    assert view.table.model().index(0, 3).data() == "-0.050"  # the worst first
    view.new.click()
    assert session.model.path == str(new)
    assert view.result.isHidden()
    assert "better is selected; old stays" in dock.view.strip.text.plain
    assert new.is_file()
    assert Path(old).is_file()


def test_the_old_one_can_be_kept(dock, engines, write_model, qtbot):
    session, old = dock.desk.session, dock.desk.session.model.path
    new = write_model("better")
    done = TrainFinished(str(new), "", 1, 1, 0.7, 60.0, "over")
    improve(dock, engines, [EPOCH, done, improved(old, new)], qtbot)
    dock.learning.improve.old.click()
    assert session.model.path == old
    assert session.improved is None
    assert "better stays" in dock.view.strip.text.plain


def test_the_comparison_cannot_be_paused_but_stopped(dock, engines, write_model, qtbot, wait):
    new = write_model("better")
    done = TrainFinished(str(new), "", 1, 1, 0.7, 60.0, "over")
    engines.train.script = [EPOCH, done, Progress(1, 3, "evaluating, old model"), wait]
    view = dock.learning.improve
    view.action.button.click()
    qtbot.waitUntil(lambda: "old model" in view.running.text.plain)
    assert view.running.pause.isHidden()
    assert not view.action.button.isHidden()
    view.running.button.click()
    idle(dock, qtbot)
    assert dock.desk.session.improved is None
    assert dock.desk.session.model.name == "old"


def test_what_cannot_be_tested_is_said(dock):
    none = Paired("b", "a", "dice", 0, *(float("nan"),) * 3, 1.0, 0, 0, 0)
    dock.desk.session.take_improved(Improved("/a", "/b.unet.safetensors", "", (), (), none))
    view = dock.learning.improve
    assert "b is trained" in view.headline.plain
    assert "no images to compare" in view.words.plain
    assert view.table.isHidden()
    assert not view.new.isHidden()


# --- what to correct next -----------------------------------------------------------------------


def ranked(dataset):
    cases = [
        RankedCase(c.name, c.patient, 0.4, 0.9 - i / 20, f"Because of {i}.")
        for i, c in enumerate(dataset.cases)
    ]
    return [replace(cases[0], reference=False), *cases[1:]]


def test_cases_come_one_by_one_then_in_order(dock, engines, dataset, qtbot):
    cases = ranked(dataset)
    model = dock.desk.session.model.path
    whole = Ranked(model, tuple(cases[::-1]), "Gains are calibrated.", {"x": "damaged"})
    engines.train.script = [Progress(1, 12, "looking"), *cases[1::-1], whole]
    view, session = dock.learning.next, dock.desk.session
    view.action.button.click()
    idle(dock, qtbot)
    assert [type(j) for j in engines.train.jobs] == [RankJob]
    table = view.table.model()
    qtbot.waitUntil(lambda: table.rowCount() == 12)
    assert table.index(0, 0).data() == cases[-1].name
    assert "Gains are calibrated" in view.note.plain
    assert "1 image could not be segmented" in view.note.plain
    assert table.index(11, 2).data() == "✓"  # corrected in the data set, whatever was ranked
    assert session.ranking.finished


def test_a_click_opens_the_case(dock, engines, dataset, qtbot, monkeypatch):
    opened = []
    monkeypatch.setattr(dock.desk.loader, "open_case", lambda case, then: opened.append(case.name))
    engines.train.script = [Ranked(dock.desk.session.model.path, tuple(ranked(dataset)))]
    dock.learning.next.action.button.click()
    idle(dock, qtbot)
    view = dock.learning.next
    view.table.select(lambda row: row.place == 3)
    assert "3. Because of 2." in view.why.plain
    view.table.opened.emit(view.table.chosen()[0])
    assert opened == [dataset.cases[2].name]


def test_a_list_of_another_model_says_so(dock, engines, dataset, write_model, qtbot):
    engines.train.script = [Ranked(dock.desk.session.model.path, tuple(ranked(dataset)))]
    dock.learning.next.action.button.click()
    idle(dock, qtbot)
    dock.desk.session.select_model(write_model("another"))
    assert "made with the model old" in dock.learning.next.note.plain
