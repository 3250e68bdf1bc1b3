import os
import shlex

import pytest

from napari_unet.errors import JobError
from napari_unet.jobs import TrainJob
from napari_unet.resumable import (
    Resumable,
    list_resumable,
    read_resumable,
    record_path,
    resume_command,
    state_path,
    way_on,
)


def write(folder, name, **values):
    model = folder / f"{name}.unet.safetensors"
    Resumable(str(model), TrainJob("data", str(model)), 3, 60.0, 0.0, 9, **values).save()
    state_path(model).write_bytes(b"12345")
    return model


def test_is_read_as_it_was_written(tmp_path):
    model = write(tmp_path, "m", finished=True, ended="9 epochs are done", val_dice=0.5)
    found = read_resumable(model)
    assert found.job == TrainJob("data", str(model))
    assert (found.epochs, found.total_epochs, found.ended) == (3, 9, "9 epochs are done")
    assert found.size == 5


def test_lists_the_latest_first_and_passes_over_what_is_damaged(tmp_path):
    models = [write(tmp_path, name) for name in "abc"]
    for age, model in enumerate(models):
        os.utime(record_path(model), (1000 - age, 1000 - age))
    write(tmp_path, "damaged")
    record_path(tmp_path / "damaged.unet.safetensors").write_text("{")
    state_path(write(tmp_path, "incomplete")).unlink()
    assert [r.model for r in list_resumable(tmp_path)] == [str(m) for m in models]


def test_nothing_to_resume(tmp_path):
    assert read_resumable(tmp_path / "m.unet.safetensors") is None
    assert list_resumable(tmp_path / "nowhere") == ()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1, "job": 3}'])
def test_damage_is_said(tmp_path, text):
    model = write(tmp_path, "m")
    record_path(model).write_text(text)
    with pytest.raises(JobError, match="damaged"):
        read_resumable(model)


@pytest.mark.skipif(os.name == "nt", reason="shells quote otherwise there")
@pytest.mark.parametrize("name", ["m", "my model's"])
def test_the_command_that_goes_on_can_be_pasted_into_a_shell(tmp_path, name):
    model = tmp_path / f"{name}.unet.safetensors"
    assert shlex.split(resume_command(model)) == ["napari-unet", "resume", str(model)]


@pytest.mark.parametrize(
    ("epochs", "words"),
    [(0, "within its first epoch"), (1, "after 1 epoch:"), (2, "after 2 epoch")],
)
def test_how_to_go_on_says_how_far_it_was(epochs, words):
    found = Resumable("m", TrainJob("d", "m"), epochs, 9.0, 1.0, 9)
    assert f"can go on {words}" in way_on(found)
