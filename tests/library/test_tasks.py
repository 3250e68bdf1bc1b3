"""Importing, exporting and verifying as jobs."""

from __future__ import annotations

from contextlib import closing
from threading import Event

import pytest

from models import bright_model
from napari_unet.card import SUFFIX
from napari_unet.engine.dispatch import start
from napari_unet.errors import ModelError
from napari_unet.events import ModelExported, ModelImported, ModelVerified, Progress
from napari_unet.jobs import ExportModelJob, ImportModelJob, VerifyModelJob
from napari_unet.library import formats, tasks
from napari_unet.workspace import models_dir


def events(job):
    found = list(start(job))
    assert all(isinstance(e, Progress) for e in found[:-1])
    return found[-1]


def test_a_model_comes_in_goes_out_and_is_verified(tmp_path):
    source = bright_model(tmp_path / f"m{SUFFIX}")
    path = str(models_dir() / f"mine{SUFFIX}")
    assert events(ImportModelJob(str(source), name="mine")) == ModelImported(path, False)
    assert events(ImportModelJob(str(source))) == ModelImported(path, True)
    out = tmp_path / f"out{SUFFIX}"
    assert events(ExportModelJob("mine", str(out))) == ModelExported(str(out))
    assert out.read_bytes() == source.read_bytes()
    told = events(VerifyModelJob("mine"))
    assert isinstance(told, ModelVerified)
    assert told.path == path
    assert "is sound" in told.text


def test_what_is_wrong_is_raised_where_the_events_are_pulled(tmp_path):
    bad = tmp_path / f"bad{SUFFIX}"
    bad.write_bytes(b"no model")
    for job in (ImportModelJob(str(bad)), VerifyModelJob(str(bad)), ExportModelJob("zebra", "x")):
        with pytest.raises(ModelError):
            list(start(job))


@pytest.mark.parametrize(("name", "slow"), [("add", "read"), ("export", "write")])
def test_what_is_stopped_leaves_nothing(tmp_path, monkeypatch, name, slow):
    source = bright_model(tmp_path / f"m{SUFFIX}")
    out = models_dir() if name == "add" else tmp_path / "out"
    out.mkdir(exist_ok=True)
    begun, go_on, ended = Event(), Event(), Event()
    run, convert = getattr(tasks, name), getattr(formats, slow)

    def watched(*args):
        try:
            return run(*args)
        finally:
            ended.set()

    def slowly(*args, **options):
        begun.set()
        assert go_on.wait(30)
        return convert(*args, **options)

    monkeypatch.setattr(tasks, name, watched)
    monkeypatch.setattr(formats, slow, slowly)
    jobs = {"add": ImportModelJob(str(source)), "export": ExportModelJob(str(source), str(out))}
    with closing(start(jobs[name])) as pulled:
        while not begun.is_set():
            next(pulled)
    go_on.set()
    assert ended.wait(30)
    assert list(out.iterdir()) == []
