"""The state of one viewer, alone: no Qt, no napari, no engine."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_unet import session as module
from napari_unet import workspace
from napari_unet.card import KEY, SUFFIX, ModelCard
from napari_unet.config import PreprocessConfig, UNetConfig
from napari_unet.data.cases import Case, Dataset, LabelRule
from napari_unet.errors import ModelError
from napari_unet.events import (
    AuditFinished,
    CaseDone,
    CaseScore,
    EpochEnd,
    EvaluateFinished,
    Finding,
    Note,
    Progress,
    SegmentArrayFinished,
    TrainFinished,
)
from napari_unet.jobs import AuditJob, EvaluateJob, TrainJob
from napari_unet.session import ImageFacts, Message, Session, misfit


class FakeEngines:
    def __init__(self) -> None:
        self.train, self.interactive, self.closed = object(), object(), 0

    def close(self) -> None:
        self.closed += 1


def write_model(name: str = "m", channels: int = 1, age: float = 0.0) -> Path:
    """Write a model file that holds a card and no weights."""
    import json
    import os
    import time

    card = ModelCard(name, UNetConfig(in_channels=channels), PreprocessConfig(), LabelRule())
    header = json.dumps({"__metadata__": {KEY: card.dumps()}}).encode()
    path = workspace.models_dir() / f"{name}{SUFFIX}"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    os.utime(path, (time.time() - age,) * 2)
    return path


def dataset(root: str = "/data", n: int = 3) -> Dataset:
    cases = tuple(
        Case(f"c{i}", Path(root, f"c{i}.png"), Path(root, f"c{i}_mask.png"), f"p{i}", "because")
        for i in range(n)
    )
    return Dataset(Path(root), cases, (), "rule", "none", LabelRule(), 1)


def score(name: str, dice: float = 0.5) -> CaseScore:
    return CaseScore(name, "p", dice, 0.3, 0.9, 0.5, 0.5, empty=False)


def epoch(n: int, best: bool = True) -> EpochEnd:
    return EpochEnd(n, 0.5, 0.5, 0.7, 1e-3, 1.0, 10.0, best)


IMAGE = ImageFacts("id", "scan", (8, 8), 1)
FINISHED = SegmentArrayFinished(np.zeros((1, 8, 8), np.uint8), 0.4, 0.1)


# --- engines ----------------------------------------------------------------------------------


def test_engines_are_made_once_and_only_when_needed():
    made = []

    def make() -> FakeEngines:
        made.append(FakeEngines())
        return made[-1]

    session = Session(make)
    assert not made
    assert session.engine("train") is made[0].train
    assert session.engine("interactive") is made[0].interactive
    assert len(made) == 1
    session.close()
    session.close()
    assert made[0].closed == 1
    assert session.closed


# --- cases ------------------------------------------------------------------------------------


def test_another_dataset_closes_the_case_and_tells():
    session, heard = Session(), []
    session.dataset_changed.connect(lambda: heard.append("dataset"))
    session.case_changed.connect(lambda: heard.append("case"))
    first = dataset()
    session.set_dataset(first)
    session.set_subsets({"c0": "test"}, "planned")
    session.set_case(first.cases[1])
    session.set_dataset(dataset("/other"))
    assert session.case is None
    assert not session.subsets
    assert heard == ["dataset", "case", "case", "dataset", "case"]


def test_neighbours_end_at_both_ends():
    session = Session()
    assert session.neighbour(1) is None
    cases = dataset().cases
    session.set_dataset(dataset())
    assert session.neighbour(1) == cases[0]  # nothing is open yet: begin
    session.set_case(cases[0])
    assert session.neighbour(-1) is None
    assert session.neighbour(1) == cases[1]
    session.set_case(cases[2])
    assert session.neighbour(1) is None


def test_neighbours_are_those_that_are_shown():
    session = Session()
    session.set_dataset(dataset())
    cases = session.dataset.cases
    session.set_case(cases[1])
    session.set_shown((cases[2], cases[1], cases[0]))
    assert session.place == 1
    assert session.neighbour(-1) == cases[2]
    assert session.neighbour(1) == cases[0]
    session.set_shown(cases[2:])
    assert session.place is None
    assert session.neighbour(1) == cases[2]
    session.set_shown(())
    assert session.neighbour(1) is None


def test_an_audit_of_the_open_folder_tells_what_is_wrong_with_cases():
    session, heard = Session(), []
    session.audit_changed.connect(lambda: heard.append(session.audit))
    session.set_dataset(dataset())
    found = (
        Finding("shape", "error", "differ in size", cases=("c1",)),
        Finding("copies", "warning", "are the same", cases=("c0", "c1")),
        Finding("blank", "info", "have no foreground", cases=("c2",)),
    )
    session.start("interactive", AuditJob("/data"), "checking", "dataset")
    session.receive("interactive", AuditFinished("/elsewhere", 3, found, {}, 0.1))
    assert session.audit is None
    audit = AuditFinished(str(session.dataset.root), 3, found, {}, 0.1)
    session.receive("interactive", audit)
    assert session.audit is audit
    assert session.problems == {"c1": ("shape", "copies"), "c0": ("copies",)}
    session.set_dataset(dataset("/other"))
    assert session.audit is None
    assert not session.problems
    assert heard == [None, audit, None]


def test_an_amended_dataset_keeps_the_open_case_and_the_order():
    session = Session()
    first = dataset()
    session.set_dataset(first)
    session.set_case(first.cases[1])
    session.set_shown(first.cases[::-1])
    assert session.amend_dataset(replace(first, cases=first.cases[:2])) is None
    assert session.case is first.cases[1]
    assert len(session.shown) == 2
    other = replace(first.cases[1], patient="another")
    assert session.amend_dataset(replace(first, cases=(first.cases[0], other))) is other
    assert session.amend_dataset(replace(first, cases=first.cases[:1])) is None
    assert session.case is None


# --- models -----------------------------------------------------------------------------------


def test_models_are_listed_newest_first_and_the_newest_that_fits_is_suggested():
    write_model("old", age=100)
    write_model("colour", channels=3)
    session = Session()
    session.refresh_models()
    assert [m.name for m in session.models] == ["colour", "old"]
    session.suggest_model(IMAGE)
    assert session.model is not None
    assert session.model.name == "old"
    session.suggest_model(replace(IMAGE, channels=3))
    assert session.model.name == "colour"


def test_a_picked_model_is_not_replaced_by_a_suggestion():
    write_model("a", age=100)
    picked = write_model("b", channels=3)
    session = Session()
    session.refresh_models()
    session.select_model(picked)
    session.suggest_model(IMAGE)
    assert session.model is not None
    assert session.model.name == "b"


def test_a_file_that_is_no_model_is_refused_and_the_selection_stays(tmp_path):
    session = Session()
    session.select_model(write_model())
    bad = tmp_path / "holiday.jpg"
    bad.write_bytes(b"no model at all")
    with pytest.raises(ModelError, match=r"holiday\.jpg"):
        session.select_model(bad)
    assert session.model is not None
    assert session.model.name == "m"


def test_a_browsed_model_stays_listed(tmp_path):
    here = write_model("here")
    there = tmp_path / f"there{SUFFIX}"
    there.write_bytes(here.read_bytes())
    session = Session()
    session.select_model(there)
    session.refresh_models()
    assert {m.name for m in session.models} == {"here", "there"}
    there.unlink()
    session.refresh_models()
    assert session.model is None


@pytest.mark.parametrize(
    ("wanted", "given", "fits"),
    [
        *[(1, 1, True), (1, 3, True), (1, 4, True), (3, 3, True), (3, 4, True), (3, 1, True)],
        *[(2, 1, False), (2, 3, False), (1, 2, False)],
    ],
)
def test_what_fits_what(wanted, given, fits):
    card = ModelCard("m", UNetConfig(in_channels=wanted), PreprocessConfig(), LabelRule())
    problem = misfit(card, replace(IMAGE, channels=given))
    assert (problem == "") is fits
    kinds = {1: "grey", 2: "2-channel", 3: "colour"}
    if not fits:
        assert f"{kinds[wanted]} images, but scan is {kinds[given]}" in problem


def test_a_line_is_no_image():
    card = ModelCard("m", UNetConfig(), PreprocessConfig(), LabelRule())
    assert "no image" in misfit(card, replace(IMAGE, shape=(5,)))


# --- jobs -------------------------------------------------------------------------------------


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


# --- segmentations ----------------------------------------------------------------------------


def test_labels_follow_the_threshold():
    probabilities = np.array([[[0, 127, 128, 255]]], np.uint8)
    session = Session()
    session.select_model(write_model())
    assert session.model is not None
    result = session.keep("id", session.model, replace(FINISHED, probabilities=probabilities))
    assert result.binary
    assert result.labels(0.5).tolist() == [[0, 0, 1, 1]]
    assert result.labels(0.0).tolist() == [[1, 1, 1, 1]]
    assert result.labels(1.0).tolist() == [[0, 0, 0, 1]]


def test_several_classes_take_the_likeliest():
    planes = np.array([[[200, 10, 0]], [[30, 200, 100]], [[25, 45, 155]]], np.uint8)
    session = Session()
    session.select_model(write_model())
    assert session.model is not None
    result = session.keep("id", session.model, replace(FINISHED, probabilities=planes))
    assert not result.binary
    assert result.labels(0.9).tolist() == [[0, 1, 2]]


def test_a_result_is_of_one_image_and_one_state_of_the_model():
    session = Session()
    session.select_model(write_model(age=50))
    entry = session.model
    assert entry is not None
    session.keep("id", entry, FINISHED)
    assert session.result("id", entry) is not None
    assert session.result("other", entry) is None
    write_model()
    session.refresh_models()
    assert session.model is not None
    assert session.result("id", session.model) is None
    session.forget("id")
    assert session.result("id", entry) is None


def test_old_results_go_when_memory_would_run_over(monkeypatch):
    monkeypatch.setattr(module, "RESULT_BYTES", 150)
    session = Session()
    session.select_model(write_model())
    entry = session.model
    assert entry is not None
    for name in "abc":
        session.keep(name, entry, FINISHED)  # 64 bytes each
    kept = [name for name in "abc" if session.result(name, entry) is not None]
    assert kept == ["b", "c"]
