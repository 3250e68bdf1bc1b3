"""Kept segmentations."""

from __future__ import annotations

from dataclasses import replace

import dask.array as da
import numpy as np
import zarr

from napari_unet.events import CaseDone, EvaluateFinished, SegmentArrayFinished
from napari_unet.jobs import EvaluateJob
from napari_unet.labelling import label_image
from napari_unet.metrics import summarise
from napari_unet.session import Result, Session
from sessions import FINISHED, score, write_model


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
    several = replace(FINISHED, probabilities=planes, classes=("a", "b"))
    session = Session()
    session.select_model(write_model())
    assert session.model is not None
    result = session.keep("id", session.model, several)
    assert not result.binary
    assert result.labels(0.9).tolist() == [[0, 1, 2]]
    assert result.labels(0.9, (0.1, 0.9)).tolist() == [[1, 1, 1]]


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


def noise(n: int) -> SegmentArrayFinished:
    """Return probabilities that cannot be compressed."""
    rng = np.random.default_rng(n)
    return replace(FINISHED, probabilities=rng.integers(0, 256, (1, 20, 50), np.uint8))


def test_old_results_go_when_memory_would_run_over(monkeypatch):
    monkeypatch.setattr("napari_unet.session.results.RESULT_BYTES", 2500)
    session = Session()
    session.select_model(write_model())
    entry = session.model
    assert entry is not None
    for n, name in enumerate("abc"):
        session.keep(name, entry, noise(n))  # 1000 bytes each, and a little more
    kept = [name for name in "abc" if session.result(name, entry) is not None]
    assert kept == ["b", "c"]


def test_what_counts_is_what_they_take_compressed(monkeypatch):
    monkeypatch.setattr("napari_unet.session.results.RESULT_BYTES", 2500)
    session = Session()
    session.select_model(write_model())
    entry = session.model
    assert entry is not None
    plain = replace(FINISHED, probabilities=np.zeros((1, 100, 100), np.uint8))
    for name in "abc":
        session.keep(name, entry, plain)
    assert all(session.result(name, entry) is not None for name in "abc")


def test_one_result_is_at_hand_and_the_others_come_back_as_they_were():
    session = Session()
    session.select_model(write_model())
    entry = session.model
    assert entry is not None
    first = session.keep("a", entry, noise(1))
    at_hand = first.probabilities
    assert first.probabilities is at_hand  # nothing is unpacked for a moved threshold
    session.keep("b", entry, noise(2))
    assert first.probabilities is not at_hand
    assert np.array_equal(first.probabilities, noise(1).probabilities)
    assert session.result("a", entry) is first


def test_a_store_is_labelled_where_it_is_looked_at(tmp_path):
    planes = np.random.default_rng(0).integers(0, 256, (3, 4, 20, 30), np.uint8)
    store = tmp_path / "p.zarr"
    zarr.create_array(str(store), data=planes, chunks=(1, 2, 16, 16))
    result = Result("a", "m", 0.0, None, ("x", "y"), 0.5, store=str(store))
    assert result.lazy
    labels = result.labels(0.5, (0.3, 0.6))
    assert isinstance(labels, da.Array)
    assert (labels.shape, labels.dtype) == ((4, 20, 30), np.uint8)
    expected = label_image(planes, 0.5, (0.3, 0.6))
    assert np.array_equal(labels[2].compute(scheduler="synchronous"), expected[2])
    assert np.array_equal(labels.compute(scheduler="synchronous"), expected)


def evaluated(*dice: float, done: bool = True) -> Session:
    """Return a session with a sheet of cases c0, c1, … with these scores."""
    session = Session()
    session.start_sheet(EvaluateJob("/data", str(write_model()), "test"))
    scores = tuple(score(f"c{i}", d) for i, d in enumerate(dice))
    for s in scores:
        session.take_score(CaseDone(s.name, s))
    if done:
        session.take_scores(EvaluateFinished("m", "test", 0.5, scores, summarise(scores), 1.0))
    return session


def test_a_replaced_score_changes_the_summary_and_leaves_the_one_before_known():
    session = evaluated(0.2, 0.4, 0.6)
    told = []
    session.sheet_changed.connect(lambda: told.append(1))
    assert session.replace_score(score("c1", 0.7))
    assert session.replace_score(score("c1", 0.9))
    sheet = session.sheet
    assert sheet is not None and sheet.summary is not None
    assert [s.dice for s in sheet.scores] == [0.2, 0.9, 0.6]
    assert sheet.summary == summarise(sheet.scores)
    assert sheet.before["c1"].dice == 0.4  # as evaluated, not the one in between
    assert len(told) == 2


def test_a_case_that_was_not_evaluated_has_no_score_to_replace():
    assert not Session().replace_score(score("c1"))
    session = evaluated(0.2)
    before = session.sheet
    assert not session.replace_score(score("c9"))
    assert session.sheet is before


def test_what_is_replaced_while_the_evaluation_runs_outlives_its_end():
    session = evaluated(0.2, 0.4, done=False)
    session.replace_score(score("c0", 0.8))
    assert session.sheet is not None and session.sheet.summary is None
    late = tuple(score(f"c{i}", d) for i, d in enumerate((0.2, 0.4)))
    session.take_scores(EvaluateFinished("m", "test", 0.5, late, summarise(late), 1.0))
    assert [s.dice for s in session.sheet.scores] == [0.8, 0.4]
    assert session.sheet.summary == summarise(session.sheet.scores)
