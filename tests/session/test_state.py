"""What a session makes of what jobs tell."""

from __future__ import annotations

from napari_unet.events import (
    CaseDone,
    EvaluateFinished,
    Note,
    Progress,
    TrainFinished,
)
from napari_unet.jobs import EvaluateJob, TrainJob
from napari_unet.session import Message, Session
from sessions import dataset, epoch, score, write_model


def test_training_fills_the_curve_and_selects_the_model():
    session, notes = Session(), []
    session.note.connect(lambda place, note: notes.append((place, note.text)))
    session.start("train", TrainJob("/data", "m"), "training m", "train")
    assert session.busy["train"].title == "training m"
    session.receive("train", Note("three cases"))
    session.receive("train", Progress(1, 4, "epoch 1"))
    session.receive("train", epoch(1))
    path = write_model("m")
    session.receive("train", TrainFinished(str(path), "", 1, 1, 0.7, 3.0, "done"))
    session.finish("train")
    assert notes == [("train", "three cases")]
    assert [e.epoch for e in session.curve] == [1]
    assert session.model is not None
    assert session.model.name == "m"
    assert not session.busy


def test_a_failed_job_leaves_its_message_where_it_was_asked_for():
    session, heard = Session(), []
    session.message_changed.connect(heard.append)
    session.start("interactive", None, "segmenting", "segment")
    session.stopping("interactive")
    assert session.busy["interactive"].stopping
    session.finish("interactive", "Out of memory.")
    assert session.messages["segment"] == Message("Out of memory.")
    assert heard == ["segment", "segment"]  # cleared at the start, then the error
    session.start("interactive", None, "segmenting", "segment")
    assert session.messages["segment"] == Message()


def test_scores_come_one_by_one_and_then_all():
    session = Session()
    model = write_model()
    session.set_dataset(dataset())
    session.select_model(model)
    session.start("train", EvaluateJob("/data", str(model)), "evaluating", "evaluate")
    session.receive("train", CaseDone("c0", score("c0")))
    session.receive("train", CaseDone("c1", score("c1")))
    assert session.sheet is not None
    assert [s.name for s in session.sheet.scores] == ["c0", "c1"]
    assert session.stale == ""
    done = EvaluateFinished(str(model), "test", 0.5, (score("c1"),), {"images": 1}, 1.0)
    session.receive("train", done)
    assert [s.name for s in session.sheet.scores] == ["c1"]
    assert session.sheet.summary == {"images": 1}


def test_scores_say_when_they_are_not_those_of_what_is_selected():
    session = Session()
    model = write_model(age=50)
    session.set_dataset(dataset())
    session.select_model(model)
    assert session.stale == ""
    session.start("train", EvaluateJob("/data", str(model)), "evaluating", "evaluate")
    session.select_model(write_model("other"))
    assert "model m" in session.stale
    session.select_model(model)
    assert session.stale == ""
    write_model(age=0)  # trained anew under the same name
    assert "changed since" in session.stale
    session.set_dataset(dataset("/elsewhere"))
    assert "another dataset" in session.stale


def test_an_evaluation_takes_the_background_engine_unless_it_trains():
    session = Session()
    assert session.free_lane() == "train"
    session.start("train", TrainJob("/data", "m"), "training", "train")
    assert session.free_lane() == "interactive"
    session.start("interactive", None, "segmenting", "segment")
    assert session.free_lane() is None
