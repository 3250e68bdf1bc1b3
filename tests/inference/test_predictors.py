import pytest

from models import bright_model
from napari_unet.errors import ModelError
from napari_unet.inference import predictor


def test_the_model_stays_warm_until_its_file_changes(model, tmp_path):
    assert predictor(model) is predictor(str(model))
    path = bright_model(tmp_path / "x.unet.safetensors")
    first = predictor(path)
    bright_model(path, channels=3)
    assert predictor(path) is not first
    path.unlink()
    with pytest.raises(ModelError, match="no model file"):
        predictor(path)
