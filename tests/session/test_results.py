"""Kept segmentations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_unet.session import Session
from sessions import FINISHED, write_model


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
    monkeypatch.setattr("napari_unet.session.results.RESULT_BYTES", 150)
    session = Session()
    session.select_model(write_model())
    entry = session.model
    assert entry is not None
    for name in "abc":
        session.keep(name, entry, FINISHED)  # 64 bytes each
    kept = [name for name in "abc" if session.result(name, entry) is not None]
    assert kept == ["b", "c"]
