"""A package of bioimage.io as a model of this program.

A package that this program wrote comes back as the model that it was. Of any other one, the
weights are taken if they are those of a layout that is known (`napari_unet.exchange.state_dict`),
and what happens to images before and after as far as it is the same here.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_unet.card import ModelCard, is_picture, parse_card
from napari_unet.errors import ModelError
from napari_unet.exchange.bioimageio.foreign import foreign_card
from napari_unet.exchange.bioimageio.package import Package, opened
from napari_unet.exchange.bioimageio.write import COVER, KEY, STATE_DICT, fingerprint
from napari_unet.exchange.pytorch_unet import network_of, ours
from napari_unet.exchange.state_dict import save_weights
from napari_unet.exchange.weights import Weights, read_weights


def read(source: Path, target: Path) -> Path:
    """Write a model file of a package.

    Returns
    -------
    pathlib.Path
        ``target``.

    Raises
    ------
    ModelError
        If the package is damaged or hostile, or its network, or what is done before or after it,
        has no equal here; nothing is written then.
    OSError
        If the file cannot be written.
    """
    source, target = Path(source), Path(target)
    with opened(source) as package:
        own = _mapping(_mapping(package.content.get("config")).get(KEY))
        weights = _weights(package)
        if isinstance(card := own.get("card"), str):
            return _own(package, parse_card(card, package.name), own, weights, target)
        network = network_of(weights.tensors, _network(package))
        tensors = ours(weights.tensors, network, _network(package))
        return save_weights(target, foreign_card(package, network), tensors, package.name)


def _own(
    package: Package, card: ModelCard, own: Mapping[str, Any], weights: Weights, target: Path
) -> Path:
    """Write the model file that the package was made of."""
    if fingerprint(weights.tensors) != own.get("weights"):
        raise package.refused(
            "somebody has changed its weights since it was written, and what its card says of "
            "their scores would be untrue"
        )
    picture = b"".join(package.file(COVER, "its cover")) if own.get("picture") is True else b""
    shown = picture if is_picture(picture) else None
    tensors = dict(weights.tensors)
    return save_weights(target, card, tensors, package.name, shown, own.get("half") is True)


def _weights(package: Package) -> Weights:
    entries = _mapping(package.content.get("weights"))
    entry = entries.get(STATE_DICT)
    if entry is None:
        found = ", ".join(str(k)[:40] for k in list(entries)[:10]) or "none"
        raise package.refused(
            f"its weights are in other formats ({found}) than {STATE_DICT}, from which alone a "
            "network can be built here. Run it with bioimageio.core, or ask its authors for a "
            "state dict"
        )
    with tempfile.TemporaryDirectory(prefix="napari-unet-") as folder:
        path = Path(folder) / "weights.pt"
        with path.open("wb") as file:
            for part in package.file(entry, "its weights"):
                file.write(part)
        try:
            return read_weights(path)
        except ModelError as e:
            raise ModelError(f"{package.name}: {e}") from e


def _network(package: Package) -> str:
    """Name the network that a package is about, for errors."""
    entry = _mapping(_mapping(package.content.get("weights")).get(STATE_DICT))
    name = _mapping(entry.get("architecture")).get("callable")
    return f"{package.name}: its network{f' {name[:60]}' if isinstance(name, str) else ''}"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
