"""The model's card: what a model file says of itself, readable without torch.

A model file is a safetensors file; its header is JSON and holds the card under the metadata key
``napari_unet``. Nothing in it is ever executed.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_unet.config import PreprocessConfig, UNetConfig, agree
from napari_unet.data.cases import LabelRule
from napari_unet.errors import ConfigError, ModelError
from napari_unet.schema import from_json, to_json

SUFFIX = ".unet.safetensors"
FORMAT = 1
KEY = "napari_unet"
MAX_HEADER = 100_000_000  # the limit safetensors itself sets


@dataclass(frozen=True)
class ModelCard:
    """Everything needed to run a model and to know where it came from.

    ``training``, ``data`` and ``scores`` are free-form records for people; only the first five
    fields decide what the model does.
    """

    name: str
    network: UNetConfig
    preprocess: PreprocessConfig
    labels: LabelRule
    threshold: float = 0.5
    created: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT

    def __post_init__(self) -> None:
        if not isinstance(self.threshold, float) or not 0.0 <= self.threshold <= 1.0:
            raise ConfigError(f"threshold {self.threshold!r} is not a number between 0 and 1")
        if len(self.labels.names) != max(self.network.out_channels - 1, 1):
            raise ConfigError(
                f"{len(self.labels.names)} class names for {self.network.out_channels} outputs"
            )
        agree(self.network, self.preprocess)
        if self.network.in_channels % (seen := 2 * self.preprocess.neighbours + 1):
            raise ConfigError(f"{self.network.in_channels} channels are not those of {seen} slices")

    @property
    def image_channels(self) -> int:
        """Channels that an image must have; the network also sees those of neighbouring slices."""
        return self.network.in_channels // (2 * self.preprocess.neighbours + 1)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the foreground classes; label ``i + 1`` is ``classes[i]``."""
        return self.labels.names

    def dumps(self) -> str:
        """Return the card as the JSON text stored in the model file."""
        return json.dumps(to_json(self))


def read_card(path: str | Path) -> ModelCard:
    """Read the card of a model file.

    Raises
    ------
    ModelError
        If the file is missing, is no model of this program, is damaged or comes from a newer
        version.
    """
    path = Path(path)
    header = _header(path)
    text = header.get("__metadata__", {}).get(KEY) if isinstance(header, dict) else None
    if not isinstance(text, str):
        raise ModelError(f"{path.name} is a safetensors file, but not a model of napari-unet.")
    return parse_card(text, path.name)


def parse_card(text: str, name: str) -> ModelCard:
    """Build the card from the JSON text in a model file called ``name``."""
    try:
        data = json.loads(text)
        version = data.get("format") if isinstance(data, dict) else None
        if isinstance(version, int) and version > FORMAT:
            raise ModelError(
                f"{name} was written by a newer napari-unet (format {version}; this one reads "
                f"{FORMAT}). Update napari-unet-workbench to use it."
            )
        return from_json(ModelCard, data)
    except (ValueError, ConfigError, RecursionError) as e:
        raise ModelError(f"{name}: its model card cannot be read ({e}).") from e


def _header(path: Path) -> Any:
    """Return the JSON header of a safetensors file after checking that it is whole."""
    try:
        with path.open("rb") as f:
            size = path.stat().st_size
            start = f.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            if not 2 <= length <= min(MAX_HEADER, size - 8):
                raise ModelError(f"{path.name} is no model file (a {SUFFIX} file is expected).")
            header = json.loads(f.read(length))
            ends = [t["data_offsets"][1] for k, t in header.items() if k != "__metadata__"]
    except FileNotFoundError as e:
        raise ModelError(f"There is no model file {path}.") from e
    except OSError as e:
        raise ModelError(f"{path} cannot be read ({e.strerror or e}).") from e
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as e:
        raise ModelError(f"{path.name} is no model file (a {SUFFIX} file is expected).") from e
    if max(ends, default=0) != size - 8 - length:
        raise ModelError(f"{path.name} is damaged: {size} bytes are not what its header describes.")
    return header
