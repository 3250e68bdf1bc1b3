import json

import numpy as np
import pytest
import torch

from models import bright_model, random_model
from napari_unet.card import KEY, ModelCard, parse_card, read_card
from napari_unet.config import PreprocessConfig, UNetConfig
from napari_unet.data.cases import LabelRule
from napari_unet.errors import ConfigError, ModelError
from napari_unet.exchange import onnx as onnx_export
from napari_unet.exchange.onnx import metadata, preprocessing, write
from napari_unet.library import formats
from napari_unet.unet.file import load_model
from napari_unet.unet.onnx_graph import onnx_model
from nets import random_net

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


def test_what_is_written_answers_as_the_model_does(tmp_path):
    model = random_model(tmp_path / "m.unet.safetensors")
    target = write(model, tmp_path / "m.onnx")
    session = onnxruntime.InferenceSession(target)
    images = np.random.default_rng(0).normal(size=(2, 1, 21, 13)).astype(np.float32)
    (found,) = session.run(None, {"image": images})
    wanted = load_model(model)[0](torch.from_numpy(images)).sigmoid().numpy()
    assert np.abs(found - wanted).max() < 1e-4
    assert [i.name for i in session.get_outputs()] == ["probabilities"]


def test_it_says_how_it_is_to_be_used(tmp_path):
    model = bright_model(tmp_path / "bright.unet.safetensors", size=32)
    target = write(model, tmp_path / "bright.onnx")
    told = onnxruntime.InferenceSession(target).get_modelmeta().custom_metadata_map
    assert parse_card(told[KEY], "bright.onnx") == read_card(model)
    assert told["input"] == (
        "image: float32 (batch, 1, height, width); any number of images, of any size"
    )
    assert "scale to fit into 32×32 pixels" in told["preprocessing"]
    assert told["threshold"] == "0.5"
    assert told["classes"] == "foreground"


def test_the_licence_goes_with_it():
    about = {"licence": "CC BY 4.0", "attribution": "Somebody 2026"}
    config = UNetConfig(dims=3, out_channels=3, depth=1)
    preprocess = PreprocessConfig(
        "patch", (8, 16, 16), intensity="dataset", mean=(2.0,), std=(3.0,)
    )
    card = ModelCard("m", config, preprocess, LabelRule(names=("a", "b")), about=about)
    told = metadata(card, "logits")
    assert (told["licence"], told["attribution"]) == ("CC BY 4.0", "Somebody 2026")
    assert told["output"].startswith("logits") and "'background', 'a', 'b'" in told["output"]
    assert "depth, height, width" in told["input"]
    assert "subtract (2.0,) and divide by (3.0,)" in preprocessing(card)
    assert json.loads(told[KEY])["name"] == "m"


def test_a_file_that_answers_otherwise_is_not_written(tmp_path, monkeypatch):
    model = random_model(tmp_path / "m.unet.safetensors")
    target = tmp_path / "m.onnx"
    target.write_bytes(b"an earlier one")

    def another(net, output):
        return onnx_model(random_net(net.config, seed=1), output)

    monkeypatch.setattr(onnx_export, "onnx_model", another)
    with pytest.raises(
        ModelError, match=r"answers otherwise in ONNX Runtime .* No file was written"
    ):
        write(model, target)
    assert target.read_bytes() == b"an earlier one"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.onnx", "m.unet.safetensors"]


def test_a_file_that_the_runtime_does_not_take_is_not_written(tmp_path, monkeypatch):
    def refuse(*_):
        raise ValueError("unknown operator\nat a node")

    monkeypatch.setattr(onnxruntime, "InferenceSession", refuse)
    with pytest.raises(ModelError, match=r"does not take m \(unknown operator\)"):
        write(random_model(tmp_path / "m.unet.safetensors"), tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()


def test_the_library_writes_it_and_does_not_read_it():
    assert formats.to_write("out.onnx").name == "onnx"
    with pytest.raises(ConfigError, match="cannot be read"):
        formats.to_read("in.onnx", "onnx")
