"""The model's card: what a model file says of itself, readable without torch.

A model file is a safetensors file; its header holds the card as JSON under the metadata key
``napari_unet``, and may hold a picture (see docs/model_file.md). Nothing in it is ever executed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from napari_unet.config import PreprocessConfig, UNetConfig, agree
from napari_unet.data.cases import LabelRule
from napari_unet.errors import ConfigError, ModelError
from napari_unet.foreign import LONGEST_NAME, harmless, plain_name
from napari_unet.header import body, no_repeats, opened, read_header
from napari_unet.printable import printable
from napari_unet.schema import check, from_json, to_json

SUFFIX = ".unet.safetensors"
FORMAT = 1
KEY = "napari_unet"
PICTURE_KEY = "napari_unet.picture"
GRAPH_KEY = "napari_unet.graph"  # see `napari_unet.unet.graph`; never read by this program
MAX_CARD = 2_000_000  # characters: 7,000 epochs, or 300 of a hundred classes
MAX_PICTURE = 64 << 10  # bytes of the PNG
MAX_SIDE = 1024  # pixels of the picture: a small file may hold a huge image
MAX_SEEN = 1 << 28  # numbers that a network may be shown at once: 1 GB in float32
_PICTURE_PARTS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"pHYs", b"sRGB", b"gAMA", b"sBIT"}
_FREE = ("training", "data", "scores", "versions", "about")


@dataclass(frozen=True)
class ModelCard:
    """Everything needed to run a model and to know where it came from.

    ``training``, ``data`` and ``scores`` are free-form records for people; only the first five
    fields decide what the model does. ``about`` holds texts for people, each of them optional:
    ``summary``, ``use``, ``limits``, ``not_for``, ``licence``, ``attribution``, ``data``,
    ``authors``, ``cite``.
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
    about: Mapping[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    def __post_init__(self) -> None:
        check(self)
        if not 0.0 <= self.threshold <= 1.0:
            raise ConfigError(f"threshold {self.threshold!r} is not a number between 0 and 1")
        if wrong := [name for name in _FREE if not isinstance(getattr(self, name), Mapping)]:
            raise ConfigError(f"{wrong[0]} is no table")
        if len(self.labels.names) != max(self.network.out_channels - 1, 1):
            raise ConfigError(
                f"{len(self.labels.names)} class names for {self.network.out_channels} outputs"
            )
        _check_labels(self.labels)
        agree(self.network, self.preprocess)
        if self.network.in_channels % (seen := 2 * self.preprocess.neighbours + 1):
            raise ConfigError(f"{self.network.in_channels} channels are not those of {seen} slices")
        if math.prod(self.preprocess.size) * self.network.in_channels > MAX_SEEN:
            raise ConfigError(f"working size {self.preprocess.size} is more than any memory holds")

    @property
    def image_channels(self) -> int:
        """Channels that an image must have; the network also sees those of neighbouring slices."""
        return self.network.in_channels // (2 * self.preprocess.neighbours + 1)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the foreground classes; label ``i + 1`` is ``classes[i]``."""
        return self.labels.names

    def dumps(self) -> str:
        """Return the card as the JSON text stored in the model file.

        The history of a very long training is thinned out: every second epoch, the last one kept,
        until the text is no longer than `MAX_CARD`.
        """
        card = to_json(self)
        text = json.dumps(card)
        while len(text) > MAX_CARD and len(card["training"].get("history", ())) > 1:
            card["training"]["history"] = card["training"]["history"][::-2][::-1]
            text = json.dumps(card)
        return text


def read_card(path: str | Path) -> ModelCard:
    """Read the card of a model file.

    Raises
    ------
    ModelError
        If the file is missing, is no model of this program, is damaged or comes from a newer
        version.
    """
    path = Path(path)
    return card_of(read_header(path).metadata, path.name)


def card_of(metadata: Mapping[str, str], name: str) -> ModelCard:
    """Return the card among the texts in the header of a file called ``name``."""
    if KEY not in metadata:
        raise ModelError(f"{name} is a safetensors file, but not a model of napari-unet.")
    return parse_card(metadata[KEY], name)


def read_picture(path: str | Path) -> bytes | None:
    """Return the picture in a model file, a PNG of at most 64 KiB; None if there is none.

    Raises
    ------
    ModelError
        As for `read_card`, but whatever is no such picture counts as none.
    """
    text = read_header(path).metadata.get(PICTURE_KEY, "")
    if not text or len(text) > 2 * MAX_PICTURE:
        return None
    try:
        picture = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return picture if is_picture(picture) else None


def is_picture(data: bytes) -> bool:
    """Say whether bytes are a plain PNG that a model file may hold.

    Its parts must be whole and of the usual kinds: texts and colour profiles may be packed, and
    are then a thousand times larger than the file.
    """
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or len(data) > MAX_PICTURE:
        return False
    at, kind = 8, b""
    while at + 12 <= len(data) and kind != b"IEND":
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        part = data[at + 4 : at + 8 + length]
        whole = data[at + 8 + length : at + 12 + length] == struct.pack(">I", zlib.crc32(part))
        if kind not in _PICTURE_PARTS or not whole or (kind == b"IHDR") != (at == 8):
            return False
        if at == 8 and (length != 13 or not _small(part[4:12])):
            return False
        at += 12 + length
    return kind == b"IEND"


def _small(sides: bytes) -> bool:
    return all(1 <= side <= MAX_SIDE for side in struct.unpack(">II", sides))


def checksum(path: str | Path) -> str:
    """Return the SHA-256 of a model's weights, as hexadecimal digits.

    The header has no part in it: files that differ in name or picture only are the same model.

    Raises
    ------
    ModelError
        If the file is missing or no sound safetensors file.
    """
    path, found = Path(path), hashlib.sha256()
    with opened(path) as (file, header):
        for part in body(file, header, path.name):
            found.update(part)
    return found.hexdigest()


def parse_card(text: str, name: str) -> ModelCard:
    """Build the card from the JSON text in a model file called ``name``."""
    try:
        data = json.loads(text, object_pairs_hook=no_repeats)
        version = data.get("format") if isinstance(data, dict) else None
        if isinstance(version, int) and version > FORMAT:
            raise ModelError(
                f"{name} was written by a newer napari-unet (format {version}; this one reads "
                f"{FORMAT}). Update napari-unet-workbench to use it."
            )
        card = from_json(ModelCard, harmless(data) if isinstance(data, dict) else data)
    except (ValueError, ConfigError, RecursionError) as e:
        newer = " A newer napari-unet may have written it." if "unknown setting" in str(e) else ""
        raise ModelError(f"{name}: its model card cannot be read ({e!s:.300}).{newer}") from e
    names = tuple(printable(n, LONGEST_NAME, lines=False) for n in card.labels.names)
    return replace(card, name=plain_name(card.name), labels=replace(card.labels, names=names))


def _check_labels(rule: LabelRule) -> None:
    """Raise `ConfigError` if classes could not be told apart by what a card says of them."""
    check(rule)
    for what in ("values", "colours"):
        if len(getattr(rule, what)) not in (0, len(rule.names)):
            raise ConfigError(f"{len(getattr(rule, what))} {what} for {len(rule.names)} classes")
    if not all(abs(v) < 1 << 63 for v in (*rule.values, *rule.unlabelled)):
        raise ConfigError("the stored value of a class has at most 64 bits")
    if not all(re.fullmatch("#[0-9a-fA-F]{6}", colour) for colour in rule.colours):
        raise ConfigError(f"colours {rule.colours!r} are not written like #rrggbb")
