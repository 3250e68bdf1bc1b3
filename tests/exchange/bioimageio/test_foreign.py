"""Packages of other programs: what can be taken over, and one clear sentence on what cannot."""

from __future__ import annotations

import io
import zipfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from napari_unet.card import read_card
from napari_unet.config import UNetConfig
from napari_unet.errors import ModelError
from napari_unet.exchange.bioimageio.read import read
from napari_unet.exchange.pytorch_unet import theirs
from napari_unet.unet.file import load_model
from nets import random_net


def space(name: str, size: Any = 16) -> dict[str, Any]:
    return {"type": "space", "id": name, "size": size}


def tensor(channels: list[str], steps: dict[str, Any], **data: Any) -> dict[str, Any]:
    axes = [{"type": "batch"}, {"type": "channel", "channel_names": channels}]
    return {"axes": [*axes, space("y", {"min": 32, "step": 2}), space("x", 48)], **data, **steps}


def described(outputs: int = 1) -> dict[str, Any]:
    last = "sigmoid" if outputs == 1 else "softmax"
    names = ["cell"] if outputs == 1 else ["bg", "cell", "rim"]
    return {
        "type": "model",
        "format_version": "0.5.3",
        "name": "Foreign one",
        "description": "Cells.",
        "authors": [{"name": "Somebody"}, "no mapping"],
        "cite": [{"text": "A paper", "doi": "10.1/2"}],
        "license": "MIT",
        "inputs": [tensor(["grey"], {"preprocessing": [{"id": "zero_mean_unit_variance"}]})],
        "outputs": [tensor(names, {"postprocessing": [{"id": last}, {"id": "ensure_dtype"}]})],
        "weights": {
            "pytorch_state_dict": {
                "source": "w.pt",
                "architecture": {"source": "evil.py", "callable": "UNet"},
            }
        },
    }


def network(outputs: int = 1) -> UNetConfig:
    return UNetConfig(out_channels=outputs, depth=1, base_channels=2, padding="zeros", norm="batch")


def pack(
    folder: Path, content: dict[str, Any], weights: dict[str, Any] | None = None, outputs: int = 1
) -> Path:
    if weights is None:
        weights = theirs(random_net(network(outputs)).state_dict(), network(outputs))
    file = io.BytesIO()
    torch.save(weights, file)
    path = folder / "foreign.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rdf.yaml", yaml.safe_dump(content))
        archive.writestr("w.pt", file.getvalue())
        archive.writestr("evil.py", "raise SystemExit('executed')")
    return path


def refused(path: Path, why: str) -> None:
    target = path.with_name("refused.unet.safetensors")
    with pytest.raises(ModelError, match=why) as found:
        read(path, target)
    text = str(found.value)
    assert text.startswith(path.name)
    assert "\n" not in text
    assert not target.exists()


def test_a_plain_u_net_is_taken_over(tmp_path: Path) -> None:
    path = read(pack(tmp_path, described()), tmp_path / "m.unet.safetensors")
    net, card = load_model(path)
    assert (card.name, card.classes, card.threshold) == ("Foreign one", ("cell",), 0.5)
    assert (card.preprocess.mode, card.preprocess.size) == ("patch", (32, 48))
    assert card.preprocess.intensity == "zscore"
    assert card.about == {
        "summary": "Cells.",
        "licence": "MIT",
        "authors": ["Somebody"],
        "cite": ["A paper 10.1/2"],
    }
    image = torch.randn(1, 1, 9, 12)
    torch.testing.assert_close(net(image), random_net(network())(image))


def test_several_classes_are_taken_over_without_the_background(tmp_path: Path) -> None:
    path = pack(tmp_path, described(3), outputs=3)
    assert read_card(read(path, tmp_path / "m.unet.safetensors")).classes == ("cell", "rim")


@pytest.mark.parametrize(
    ("step", "mean", "std"),
    [
        ({"id": "scale_linear", "kwargs": {"gain": 0.5, "offset": -1}}, 2 / 255, 2 / 255),
        ({"id": "fixed_zero_mean_unit_variance", "kwargs": {"mean": 51, "std": 25.5}}, 0.2, 0.1),
        ({"id": "ensure_dtype"}, 0, 1 / 255),
    ],
)
def test_fixed_numbers_hold_for_integers(
    tmp_path: Path, step: dict[str, Any], mean: float, std: float
) -> None:
    content = described()
    content["inputs"][0] |= {"preprocessing": [step], "data": {"type": "uint8"}}
    card = read_card(read(pack(tmp_path, content), tmp_path / "m.unet.safetensors"))
    assert card.preprocess.intensity == "dataset"
    assert card.preprocess.mean == pytest.approx((mean,))
    assert card.preprocess.std == pytest.approx((std,))
    content["inputs"][0]["data"]["type"] = "float32"  # of which range, nobody says
    refused(pack(tmp_path, content), "not among what is done here")


def test_a_threshold_is_taken_over(tmp_path: Path) -> None:
    content = described()
    content["outputs"][0]["postprocessing"].insert(
        1, {"id": "binarize", "kwargs": {"threshold": 0.3}}
    )
    card = read_card(read(pack(tmp_path, content), tmp_path / "m.unet.safetensors"))
    assert card.threshold == 0.3


@pytest.mark.parametrize(
    ("where", "value", "why"),
    [
        (["format_version"], "0.4.10", "format 0.4.10"),
        (["weights"], {"onnx": {}, "torchscript": {}}, r"\(onnx, torchscript\)"),
        (["weights"], {}, r"\(none\)"),
        (["weights"], "text", r"\(none\)"),
        (["weights", "pytorch_state_dict", "source"], "http://a.b/w.pt", "nothing is fetched"),
        (["weights", "pytorch_state_dict", "source"], "evil.py", "damaged, or holds more"),
        (["weights", "pytorch_state_dict", "sha256"], "0" * 64, "not those that it describes"),
        (["inputs"], [], "exactly one of its inputs"),
        (["outputs"], [{}, {}], "exactly one of its outputs"),
        (["inputs", 0, "axes"], [space("x")], "axes of its input are x, not batch"),
        (["inputs", 0, "axes", 1, "channel_names"], ["a", "b"], "1 channels of its network"),
        (["inputs", 0, "axes", 3, "size"], {"tensor_id": "a"}, "a side of its input"),
        (["inputs", 0, "axes", 3, "size"], 5, "a side of its input"),
        (["inputs", 0, "preprocessing"], [{"id": "scale_range"}], "scale_range"),
        (["inputs", 0, "preprocessing"], "text", "no list of steps"),
        (
            ["inputs", 0, "preprocessing"],
            [{"id": "zero_mean_unit_variance", "kwargs": {"axes": ["x"]}}],
            "zero_mean_unit_variance",
        ),
        (["outputs", 0, "postprocessing"], [], "a way it does not tell; here it is by sigmoid"),
        (["outputs", 0, "postprocessing"], [{"id": "softmax"}], "by softmax; here"),
    ],
)
def test_what_has_no_equal_here_is_refused(
    tmp_path: Path, where: list[Any], value: Any, why: str
) -> None:
    content = deepcopy(described())
    at: Any = content
    for key in where[:-1]:
        at = at[key]
    at[where[-1]] = value
    refused(pack(tmp_path, content), why)


def test_another_network_is_refused_by_its_name(tmp_path: Path) -> None:
    weights = {"encoder.blocks.0.weight": torch.zeros(2, 1, 3, 3)}
    refused(pack(tmp_path, described(), weights), "its network UNet is not of the Pytorch-UNet")
