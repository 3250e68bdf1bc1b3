from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from napari_unet.card import checksum, read_card, read_picture
from napari_unet.errors import ModelError
from napari_unet.exchange.bioimageio.read import read


@pytest.mark.parametrize("key", ["binary", "classes", "volumes", "slices"])
def test_a_package_of_ours_comes_back_as_it_was(
    exported: Mapping[str, Any], key: str, tmp_path: Path
) -> None:
    ours = exported[key]
    back = read(ours.package, tmp_path / "back.unet.safetensors")
    assert checksum(back) == checksum(ours.model)
    assert read_card(back) == ours.card
    assert read_picture(back) == read_picture(ours.model)
    assert (read_picture(back) is None) is (key != "binary")


def test_weights_that_somebody_changed_are_refused(
    exported: Mapping[str, Any], tmp_path: Path, repack: Any
) -> None:
    content, weights = unpacked(exported["classes"].package)
    weights["head.bias"] += 1
    file = io.BytesIO()
    torch.save(weights, file)
    del content["weights"]["pytorch_state_dict"]["sha256"]
    changed = repack(
        exported["classes"].package,
        weights__pt=file.getvalue(),
        rdf__yaml=yaml.safe_dump(content).encode(),
    )
    refused(changed, tmp_path, "somebody has changed its weights")


@pytest.mark.parametrize(
    ("weights", "why"),
    [
        (None, "are not in it"),
        (b"", "not those that it describes"),
        (pickle.dumps(print), "not those that it describes"),
    ],
)
def test_a_package_without_its_weights_is_refused(
    exported: Mapping[str, Any], tmp_path: Path, repack: Any, weights: bytes | None, why: str
) -> None:
    refused(repack(exported["binary"].package, weights__pt=weights), tmp_path, why)


class Touch:
    """Is a file that is touched once somebody unpickles it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_nothing_is_unpickled(exported: Mapping[str, Any], tmp_path: Path, repack: Any) -> None:
    content, weights = unpacked(exported["binary"].package)
    file = io.BytesIO()
    torch.save({**weights, "extra": Touch(tmp_path / "executed")}, file)
    del content["weights"]["pytorch_state_dict"]["sha256"]
    rdf = yaml.safe_dump(content).encode()
    hostile = repack(exported["binary"].package, weights__pt=file.getvalue(), rdf__yaml=rdf)
    refused(hostile, tmp_path, "nothing in it is executed")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("text", ["{", "{}", '{"name": "x", "network": {"depth": 99}}', "[]"])
def test_a_card_that_is_none_is_refused(
    exported: Mapping[str, Any], tmp_path: Path, repack: Any, text: str
) -> None:
    content, _ = unpacked(exported["binary"].package)
    content["config"]["napari_unet"]["card"] = text
    changed = repack(exported["binary"].package, rdf__yaml=yaml.safe_dump(content).encode())
    refused(changed, tmp_path, "card cannot be read")


def test_the_code_in_a_package_is_not_looked_at(
    exported: Mapping[str, Any], tmp_path: Path, repack: Any
) -> None:
    other = repack(exported["binary"].package, unet__py=b"raise SystemExit('executed')")
    back = read(other, tmp_path / "back.unet.safetensors")
    assert checksum(back) == checksum(exported["binary"].model)


def unpacked(package: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    with zipfile.ZipFile(package) as archive:
        content = yaml.safe_load(archive.read("rdf.yaml"))
        return content, torch.load(io.BytesIO(archive.read("weights.pt")), weights_only=True)


def refused(package: Path, folder: Path, why: str) -> None:
    with pytest.raises(ModelError, match=why):
        read(package, folder / "back.unet.safetensors")
    assert not list(folder.glob("*.unet.safetensors"))
