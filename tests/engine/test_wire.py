import math

import numpy as np
import pytest

from napari_unet.config import Recipe, SplitConfig
from napari_unet.engine import wire
from napari_unet.engine.wire import Wire
from napari_unet.events import (
    Calibration,
    CaseDone,
    CaseScore,
    Compared,
    EvaluateFinished,
    Progress,
    SegmentFilesFinished,
)
from napari_unet.jobs import CompareJob, SegmentArrayJob, TrainJob
from napari_unet.metrics import paired, score_masks

SCORE = CaseScore("a", "p", 0.5, 0.4, 0.9, 1.0, 0.3, False, {"t": "x"}, {"c": {"dice": 0.5}})
CALIBRATION = Calibration((0.0, 0.5, 1.0), (3, 0), (1, 0), (0.2, math.nan))
MISSED = score_masks(np.zeros((3, 3), int), np.eye(3, dtype=int))  # has no distances
COMPARED = Compared(
    ("a", "b"),
    ("model", "reader"),
    ((SCORE, MISSED), (MISSED, SCORE)),
    (paired([SCORE], [SCORE]),),
    ((1.0, math.nan), (math.nan, 1.0)),
    ({"images": 2}, {"images": 2}),
    left_out={"c": "why"},
)


@pytest.fixture
def line():
    made = Wire()
    yield made
    made.close()


@pytest.mark.parametrize(
    "value",
    [
        TrainJob("f", "m", recipe=Recipe(), split=SplitConfig(70.0, 0.0, 30.0, 3)),
        TrainJob("f", "m"),
        Progress(1, 2, "x", 3.0),
        CaseDone("a", SCORE),
        CaseDone("a", error="no"),
        SegmentFilesFinished(("a", "b"), {"c": "why"}, 1.5),
        EvaluateFinished("m", "test", 0.5, (SCORE, SCORE), {"mean": {"dice": 0.5}}, 2.0),
        EvaluateFinished("m", "test", 0.5, (), {}, 2.0, calibration=CALIBRATION),
        CompareJob("f", ("a", "b"), ("r",), "all", surfaces=False),
        COMPARED,
    ],
    ids=lambda v: type(v).__name__,
)
def test_jobs_and_events_come_out_as_they_went_in(line, value):
    sent = line.encode({"do": "run", "id": 1, "value": value})
    assert sent.count(b"\n") == 1
    assert line.decode(sent) == {"do": "run", "id": 1, "value": value, "type": type(value).__name__}


@pytest.mark.parametrize("shape", [(3, 4), (0, 5), (2, 3, 4)])
def test_arrays_travel_beside_the_line_and_leave_nothing(line, shape):
    image = np.random.default_rng(0).random(shape)
    sent = line.encode({"value": SegmentArrayJob("m", image)})
    assert len(sent) < 1000
    found = line.decode(sent)["value"].image
    np.testing.assert_array_equal(found, image)
    assert not any(list(folder.iterdir()) for folder in line.folders)


def test_objects_are_never_pickled(line):
    with pytest.raises(ValueError, match="pickle"):
        line.encode({"value": SegmentArrayJob("m", np.array([object()]))})
    with pytest.raises(TypeError, match="cannot be sent"):
        line.encode({"x": object()})


def test_a_full_memory_disk_falls_back_to_the_other_folder(tmp_path, monkeypatch):
    fast, slow = tmp_path / "fast", tmp_path / "slow"
    fast.mkdir()
    slow.mkdir()
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(wire.shutil, "disk_usage", lambda folder: usage)
    line = Wire([fast, slow])
    line.encode({"value": SegmentArrayJob("m", np.zeros(400, np.uint8))})
    assert len(list(fast.iterdir())) == 1
    line.encode({"value": SegmentArrayJob("m", np.zeros(600, np.uint8))})
    assert len(list(slow.iterdir())) == 1


def test_closing_deletes_what_nobody_fetched(line):
    line.encode({"value": SegmentArrayJob("m", np.zeros(4))})
    line.close()
    assert not any(folder.exists() for folder in line.folders)
