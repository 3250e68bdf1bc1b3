from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
import yaml
from PIL import Image

from napari_unet.card import read_picture
from napari_unet.errors import ModelError
from napari_unet.exchange.bioimageio import onnx_weights, write
from packages import CARDS, export, picture


@pytest.fixture(scope="module")
def files(exported: Mapping[str, Any]) -> dict[str, dict[str, bytes]]:
    """The files in every package."""
    found = {}
    for key, one in exported.items():
        with zipfile.ZipFile(one.package) as archive:
            found[key] = {name: archive.read(name) for name in archive.namelist()}
    return found


def test_the_description_comes_first_and_tells_of_every_file(
    files: Mapping[str, Mapping[str, bytes]],
) -> None:
    for inside in files.values():
        assert next(iter(inside)) == "rdf.yaml"
        content = inside["rdf.yaml"].decode()
        assert all(name in content for name in inside if name != "rdf.yaml")


def test_what_the_card_tells_is_in_the_description(
    files: Mapping[str, Mapping[str, bytes]],
) -> None:
    content = yaml.safe_load(files["binary"]["rdf.yaml"])
    assert (content["type"], content["format_version"][:4]) == ("model", "0.5.")
    assert (content["name"], content["license"]) == ("tiny one", "CC-BY-4.0")
    assert content["description"] == "Finds what is bright."
    assert "license" not in yaml.safe_load(files["classes"]["rdf.yaml"])


def test_weights_are_stored_as_in_the_model_file(files: Mapping[str, Mapping[str, bytes]]) -> None:
    kinds = {
        key: {w.dtype for w in loaded(inside["weights.pt"]).values()}
        for key, inside in files.items()
    }
    assert torch.float16 in kinds["binary"]  # of which kernels are
    assert torch.float16 not in kinds["classes"]


def test_pictures_are_the_model_s_own_or_drawn(files: Mapping[str, Mapping[str, bytes]]) -> None:
    assert files["binary"]["cover.png"] == picture()
    with Image.open(io.BytesIO(files["volumes"]["cover.png"])) as drawn:
        assert drawn.width == 2 * drawn.height
    sample = tifffile.imread(io.BytesIO(files["volumes"]["sample_input.tif"]))
    assert np.squeeze(sample).shape == (4, 16, 16)


def test_the_test_s_answer_is_not_the_same_everywhere(
    files: Mapping[str, Mapping[str, bytes]],
) -> None:
    for key, inside in files.items():
        answer = np.load(io.BytesIO(inside["test_output.npy"]))
        outputs = CARDS[key].network.out_channels
        assert answer.dtype == np.float32
        assert answer.shape[:2] == (1, outputs)
        assert answer.std() > 0.02
        if outputs > 1:
            assert np.allclose(answer.sum(1), 1, atol=1e-5)


def test_one_model_is_always_the_same_package(exported: Mapping[str, Any], tmp_path: Path) -> None:
    again = write.write(exported["slices"].model, tmp_path / "again.zip")
    assert again.read_bytes() == exported["slices"].package.read_bytes()


def test_a_package_can_do_without_onnx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_weights, "find_spec", lambda _: None)
    one = export(tmp_path, "slices")
    with zipfile.ZipFile(one.package) as archive:
        assert "weights.onnx" not in archive.namelist()
        weights = yaml.safe_load(archive.read("rdf.yaml"))["weights"]
    assert list(weights) == ["pytorch_state_dict"]
    assert read_picture(one.model) is None


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "p.zip"
    target.write_bytes(b"earlier")
    (tmp_path / "m.unet.safetensors").write_bytes(b"no model")
    with pytest.raises(ModelError):
        write.write(tmp_path / "m.unet.safetensors", target)
    assert target.read_bytes() == b"earlier"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_model_s_day_is_told_if_it_is_one(exported: Mapping[str, Any]) -> None:
    inside = write.contents(exported["slices"].model)
    dated = replace(CARDS["slices"], created="2026-11-21T10:00:00+00:00")
    assert write.description(dated, inside)["timestamp"] == "2026-11-21T10:00:00+00:00"
    assert write.description(CARDS["slices"], inside)["timestamp"] is None


def loaded(data: bytes) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = torch.load(io.BytesIO(data), weights_only=True)
    return found
