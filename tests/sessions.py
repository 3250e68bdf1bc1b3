"""What the tests of the session are made of: engines that do nothing, models without weights."""

from __future__ import annotations

import json
import os
import struct
import time
from pathlib import Path

import numpy as np

from napari_unet import workspace
from napari_unet.card import KEY, SUFFIX, ModelCard
from napari_unet.config import PreprocessConfig, UNetConfig
from napari_unet.data.cases import Case, Dataset, LabelRule
from napari_unet.events import CaseScore, EpochEnd, SegmentArrayFinished
from napari_unet.session import ImageFacts


class FakeEngines:
    def __init__(self) -> None:
        self.train, self.interactive, self.closed = object(), object(), 0

    def close(self) -> None:
        self.closed += 1


def write_model(name: str = "m", channels: int = 1, age: float = 0.0) -> Path:
    """Write a model file that holds a card and no weights."""
    card = ModelCard(name, UNetConfig(in_channels=channels), PreprocessConfig(), LabelRule())
    header = json.dumps({"__metadata__": {KEY: card.dumps()}}).encode()
    path = workspace.models_dir() / f"{name}{SUFFIX}"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    os.utime(path, (time.time() - age,) * 2)
    return path


def dataset(root: str = "/data", n: int = 3) -> Dataset:
    cases = tuple(
        Case(f"c{i}", Path(root, f"c{i}.png"), Path(root, f"c{i}_mask.png"), f"p{i}", "because")
        for i in range(n)
    )
    return Dataset(Path(root), cases, (), "rule", "none", LabelRule(), 1)


def score(name: str, dice: float = 0.5) -> CaseScore:
    return CaseScore(name, "p", dice, 0.3, 0.9, 0.5, 0.5, empty=False)


def epoch(n: int, best: bool = True) -> EpochEnd:
    return EpochEnd(n, 0.5, 0.5, 0.7, 1e-3, 1.0, 10.0, best)


IMAGE = ImageFacts("id", "scan", (8, 8), 1)
FINISHED = SegmentArrayFinished(np.zeros((1, 8, 8), np.uint8), 0.4, 0.1)
