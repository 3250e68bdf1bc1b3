"""What a running training needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from napari_unet.errors import ModelError
from napari_unet.library.using import check_unused, using
from napari_unet.processes import this_process
from napari_unet.workspace import home


def notes():
    return list((home() / "running").glob("*.json"))


def test_a_model_is_in_use_as_long_as_the_block_lasts(tmp_path):
    model = tmp_path / "m.unet.safetensors"
    with pytest.raises(KeyError), using([model]):
        assert len(notes()) == 1
        with pytest.raises(ModelError, match="running training"):
            check_unused(model)
        check_unused(tmp_path / "other.unet.safetensors")
        raise KeyError
    check_unused(model)
    assert notes() == []


def test_what_a_killed_process_left_counts_for_nothing(tmp_path):
    model = tmp_path / "m.unet.safetensors"
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    folder = home() / "running"
    folder.mkdir(parents=True)
    noted = {"models": [str(model)], **this_process(), "process": child.pid}
    (folder / "killed.json").write_text(json.dumps(noted))
    (folder / "reused.json").write_text(json.dumps({**noted, "process": os.getpid(), "began": 1.0}))
    (folder / "damaged.json").write_text("{")
    check_unused(model)
    assert [p.name for p in notes()] == ["damaged.json"]


def test_a_note_of_another_machine_counts(tmp_path):
    model = tmp_path / "m.unet.safetensors"
    folder = home() / "running"
    folder.mkdir(parents=True)
    noted = {"models": [str(model)], **this_process(), "machine": "another"}
    (folder / "there.json").write_text(json.dumps(noted))
    with pytest.raises(ModelError, match="running training"):
        check_unused(model)


def test_training_goes_on_where_the_workspace_cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_UNET_HOME", str(tmp_path / "file"))
    (tmp_path / "file").write_text("in the way")
    with using([tmp_path / "m"]):
        pass
