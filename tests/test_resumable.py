import os

import pytest

from napari_unet.errors import JobError
from napari_unet.jobs import TrainJob
from napari_unet.resumable import (
    Resumable,
    list_resumable,
    read_resumable,
    record_path,
    state_path,
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
