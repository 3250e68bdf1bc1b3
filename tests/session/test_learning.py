"""What a session knows of rankings and improved models."""

import pytest

from napari_unet.events import (
    CaseDone,
    Improved,
    Paired,
    Progress,
    Ranked,
    RankedCase,
    TrainFinished,
)
from napari_unet.jobs import EvaluateJob, ImproveJob, RankJob, TrainJob
from napari_unet.session import Session
from sessions import FakeEngines, dataset, epoch, score, write_model


@pytest.fixture
def session(own_workspace):
    return Session(FakeEngines)


def case(name, gain):
    return RankedCase(name, "p", 0.5, gain, "because")


def test_cases_are_sorted_as_they_come_and_ordered_at_the_end(session):
    seen = []
    session.ranking_changed.connect(lambda: seen.append(len(session.ranking.cases)))
    session.start("train", RankJob("/data", "m"), "ranking", "correct")
    for name, gain in (("a", 0.2), ("b", 0.9), ("c", 0.5)):
        session.receive("train", case(name, gain))
    assert [c.name for c in session.ranking.cases] == ["b", "c", "a"]
    assert not session.ranking.finished
    ends = (case("c", 0.5), case("b", 0.9), case("a", 0.2))
    session.receive("train", Ranked("m", ends, "calibrated", {"x": "damaged"}))
    assert session.ranking.cases == ends
    assert (session.ranking.finished, session.ranking.calibrated) == (True, "calibrated")
    assert seen == [0, 1, 2, 3, 3]


def test_an_improvement_is_a_training_that_selects_nothing(session):
    old, new = write_model("old"), write_model("new")
    session.select_model(old)
    job = ImproveJob(str(old), "/data", str(new), ("a",))
    session.start("train", job, "training new", "correct")
    assert session.busy["train"].trains
    session.receive("train", epoch(1))
    assert len(session.curve) == 1
    session.receive("train", TrainFinished(str(new), "", 1, 1, 0.7, 1.0, "over"))
    assert session.model.path == str(old)
    assert not session.busy["train"].trains  # the comparison cannot be paused
    session.receive("train", Progress(1, 2, "evaluating, old model"))
    none = Paired("new", "old", "dice", 0, 0.0, 0.0, 0.0, 1.0, 0, 0, 0)
    session.receive("train", Improved(str(old), str(new), "test", (), (), none))
    assert session.improved.new == str(new)


def test_another_training_selects_its_model(session):
    new = write_model("new")
    session.start("train", TrainJob("/data", str(new)), "training", "train")
    session.receive("train", TrainFinished(str(new), "", 1, 1, 0.7, 1.0, "over"))
    assert session.model.path == str(new)


def test_scores_of_other_jobs_do_not_fall_into_the_sheet(session):
    model = write_model("m")
    session.set_dataset(dataset())
    session.start("interactive", EvaluateJob("/data", str(model)), "evaluating", "evaluate")
    session.start("train", ImproveJob(str(model), "/data", "n"), "training n", "correct")
    session.receive("train", CaseDone("c0", score("c0")))
    assert not session.sheet.scores
    session.receive("interactive", CaseDone("c1", score("c1")))
    assert [s.name for s in session.sheet.scores] == ["c1"]
