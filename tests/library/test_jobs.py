"""Library names in jobs."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from napari_unet import api
from napari_unet.card import SUFFIX
from napari_unet.errors import ModelError
from napari_unet.jobs import (
    AuditJob,
    AugmentJob,
    CompareJob,
    EvaluateJob,
    ImproveJob,
    Job,
    PlanJob,
    RankJob,
    ResumeJob,
    SegmentArrayJob,
    TrainJob,
    VerifyModelJob,
)
from napari_unet.library.jobs import find_split, find_training, models_of, resolved
from napari_unet.library.using import check_unused
from napari_unet.resumable import Resumable, state_path
from napari_unet.workspace import models_dir
from sessions import write_model

# Fields that hold a model which the job writes.
WRITTEN = {TrainJob: {"model"}, ImproveJob: {"out"}}
EXAMPLES = {
    "str": "brain-tumor",
    "tuple[str, ...]": ("brain-tumor",),
    "TrainJob": TrainJob("data", "out", start="brain-tumor"),
    "np.ndarray": np.zeros((2, 2)),
}


def example(kind):
    """Return a job all of whose texts are the name of a model."""
    wanted = {f.name: EXAMPLES[f.type] for f in fields(kind) if f.type in EXAMPLES}
    return kind(**wanted)


@pytest.mark.parametrize("kind", Job.__args__)
def test_whatever_a_job_calls_a_model_is_found_in_the_library(kind, boxed):
    found, named = resolved(example(kind)), example(kind)
    for f in fields(kind):
        if f.name in WRITTEN.get(kind, ()):
            assert getattr(found, f.name) == getattr(named, f.name)
        elif f.name in ("model", "start"):
            assert getattr(found, f.name) == str(boxed)
        elif f.name == "models":
            assert getattr(found, f.name) == (str(boxed),)
        elif f.name == "train":
            assert getattr(found, f.name).start == str(boxed)
    assert type(found) is kind


@pytest.mark.parametrize(
    "job",
    [
        *(TrainJob("data", "out", start="zebra"), PlanJob(TrainJob("d", "o", start="zebra"))),
        *(AugmentJob(TrainJob("d", "o", start="zebra")), EvaluateJob("data", "zebra")),
        *(RankJob("data", "zebra"), ImproveJob("zebra", "data", "out"), ResumeJob("zebra")),
        *(SegmentArrayJob("zebra", np.zeros((2, 2))), VerifyModelJob("zebra")),
    ],
)
def test_a_name_that_nothing_has_is_refused(job):
    with pytest.raises(ModelError, match="no model called zebra"):
        resolved(job)


def test_a_training_without_a_start_names_none():
    job = TrainJob("data", "out")
    assert resolved(job) == job


def test_a_comparison_names_itself_what_it_leaves_out(boxed):
    job = CompareJob("data", ("brain-tumor", "zebra"))
    assert resolved(job).models == (str(boxed), "zebra")


def test_the_model_beside_which_a_split_lies_is_found_unless_there_is_such_a_file(
    boxed, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert resolved(AuditJob("data", "brain-tumor")).split == str(boxed)
    (tmp_path / "brain-tumor").mkdir()
    assert find_split("brain-tumor") == "brain-tumor"
    assert find_split("zebra") == "zebra"
    assert find_split("") == ""


def going(name="m", folder=None, start=""):
    """Leave the record of a training whose model was not written yet; return the model's path."""
    model = (folder or models_dir()) / f"{name}{SUFFIX}"
    model.parent.mkdir(exist_ok=True)
    state_path(model).write_bytes(b"state")
    Resumable(str(model), TrainJob("data", str(model), start=start), 1, 1.0, 0.0, 5).save()
    return model


def test_a_training_is_gone_on_with_by_name_also_before_its_model_is_written(tmp_path):
    model = going()
    assert find_training("m") == model
    elsewhere = going("n", tmp_path / "runs")
    assert find_training(elsewhere) == elsewhere
    written = write_model("written")
    assert find_training("written") == written
    with pytest.raises(ModelError):
        find_training("zebra")


def test_a_training_needs_what_it_writes_and_what_it_began_with():
    job = TrainJob("data", "new", start="old")
    assert models_of(job) == ["new", "old"]
    assert models_of(replace(job, start="")) == ["new"]
    assert models_of(ImproveJob("old", "data", "new")) == ["new", "old"]
    model = str(going(start="old"))
    assert models_of(ResumeJob(model)) == [model, "old"]
    assert models_of(ResumeJob("nothing")) == ["nothing"]


def test_models_are_in_use_while_a_training_runs_and_free_when_it_has_failed(monkeypatch, tmp_path):
    model = write_model("m")
    seen = []

    def training(job, controls):
        with pytest.raises(ModelError, match="running training"):
            check_unused(model)
        seen.append(job.start)
        yield from ()
        raise ModelError("it failed")

    monkeypatch.setattr("napari_unet.training.job.train", training)
    with pytest.raises(ModelError, match="it failed"):
        api.train(tmp_path, tmp_path / f"new{SUFFIX}", start="m")
    assert seen == [str(model)]
    check_unused(model)
