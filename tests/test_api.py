import numpy as np
import pytest

import napari_unet
from models import bright_model
from napari_unet.api import audit
from napari_unet.data.sample import write_sample
from napari_unet.errors import DataError, JobError
from napari_unet.events import EpochEnd


def test_train_segment_evaluate(tmp_path):
    folder = write_sample(tmp_path / "d", patients=6, slices=2, size=64)
    model, seen = tmp_path / "m.unet.safetensors", []
    done = napari_unet.train(folder, model, epochs=1, split="60:20:20", on_event=seen.append)
    assert done.model == str(model)
    assert any(isinstance(e, EpochEnd) for e in seen)
    labels = napari_unet.segment(np.zeros((50, 40), np.uint8), model)
    assert labels.shape == (50, 40)
    assert labels.dtype == np.uint8
    written = napari_unet.segment([folder / "images"], model, tmp_path / "out")
    assert len(written.written) == 12
    scores = napari_unet.evaluate(folder, model, subset="all", csv=tmp_path / "s.csv")
    assert scores.summary["images"] == 12


def test_audit(tmp_path):
    folder, seen = write_sample(tmp_path / "d", patients=3, slices=1, size=64), []
    done = audit(folder, on_event=seen.append)
    assert done.cases == 3
    assert seen[-1] == done


def test_channels_are_guessed_and_can_be_said(tmp_path):
    model = bright_model(tmp_path / "b.unet.safetensors")
    photo = np.zeros((20, 30, 3), np.uint8)
    assert napari_unet.segment(photo, model).shape == (20, 30)
    assert napari_unet.segment(photo, model, channels=False).shape == (20, 30, 3)


def test_errors_are_readable_and_never_runtime_errors(tmp_path, monkeypatch):
    model = bright_model(tmp_path / "b.unet.safetensors")
    with pytest.raises(DataError):
        napari_unet.evaluate(tmp_path / "none", model)
    with pytest.raises(TypeError, match="out="):
        napari_unet.segment("a.png", model)

    def broken(*args, **kwargs):
        raise RuntimeError("oneDNN: could not create a primitive\nlong story")

    monkeypatch.setattr("napari_unet.inference.predictors.pieces", broken)
    with pytest.raises(JobError, match=r"RuntimeError: oneDNN: could not create a primitive$"):
        napari_unet.segment(np.zeros((20, 30)), model)


def test_the_surface_is_small_and_lazy():
    assert napari_unet.__all__ == ["evaluate", "segment", "train"]
    assert {"train", "segment", "evaluate"} <= set(dir(napari_unet))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = napari_unet.nonsense
