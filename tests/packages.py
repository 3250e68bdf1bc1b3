"""Tiny models of every kind, and their packages of bioimage.io."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from napari_unet.card import ModelCard
from napari_unet.config import PreprocessConfig, UNetConfig
from napari_unet.data.cases import LabelRule
from napari_unet.exchange.bioimageio.write import write
from napari_unet.unet.file import save_model
from nets import random_net

TINY = {"depth": 1, "base_channels": 2, "norm": "batch"}
ABOUT = {
    "summary": "Finds what is bright.",
    "licence": "CC BY 4.0 (see the data's page)",
    "authors": ["A. Person", {"name": "B/C", "affiliation": "Somewhere", "secret": 1}],
    "cite": ["A. Person: A paper. doi:10.1234/abc.5.", "No DOI here"],
    "limits": ["Dark images.", "Very bright ones."],
    "not_for": "Diagnosis.",
}


def card(network: UNetConfig, preprocess: PreprocessConfig, **others: object) -> ModelCard:
    classes = tuple(f"class {i}" for i in range(max(network.out_channels - 1, 1)))
    return ModelCard("tiny one", network, preprocess, LabelRule(names=classes), **others)


CARDS = {
    "binary": card(UNetConfig(**TINY), PreprocessConfig("patch", (16, 18)), about=ABOUT),
    "classes": card(
        UNetConfig(in_channels=2, out_channels=3, upsampling="bilinear", **TINY),
        PreprocessConfig("whole", (15, 16), intensity="zscore"),
    ),
    "volumes": card(UNetConfig(dims=3, **TINY), PreprocessConfig("patch", (4, 16, 16))),
    "slices": card(
        UNetConfig(in_channels=6, **TINY),
        PreprocessConfig(
            "patch", (16, 16), neighbours=1, intensity="dataset", mean=(0.3, 0.5), std=(0.2, 0.1)
        ),
    ),
}


@dataclass(frozen=True)
class Exported:
    """A model file and its package."""

    card: ModelCard
    model: Path
    package: Path


def export(folder: Path, key: str) -> Exported:
    made, model = CARDS[key], folder / f"{key}.unet.safetensors"
    first = key == "binary"
    save_model(model, random_net(made.network), made, picture() if first else None, half=first)
    return Exported(made, model, write(model, folder / f"{key}.bioimageio.zip"))


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (32, 16), (9, 99, 199)).save(file, "PNG")
    return file.getvalue()
