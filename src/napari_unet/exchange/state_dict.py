"""State dicts of the widespread PyTorch U-Net, from and to our model file.

What is taken over and how: `napari_unet.exchange.pytorch_unet`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save_file
from torch import Tensor

from napari_unet.card import KEY, ModelCard, parse_card
from napari_unet.config import PreprocessConfig
from napari_unet.errors import ConfigError, ModelError
from napari_unet.exchange.mask_values import rule_of, values_of
from napari_unet.exchange.pytorch_unet import few, misfit, network_of, ours, theirs
from napari_unet.exchange.weights import SAFE, read_weights
from napari_unet.unet.file import load_model, save_model
from napari_unet.unet.model import UNet
from napari_unet.workspace import atomic

WINDOW = (512, 512)  # what images that are too large to be seen whole are seen in
VALUES = "mask_values"  # the key under which the layout's own training keeps its masks' values


def read(
    source: str | Path,
    target: str | Path,
    *,
    name: str = "",
    classes: Sequence[str] = (),
    size: Sequence[int] = (),
    mean: Sequence[float] = (),
    std: Sequence[float] = (),
    threshold: float = 0.5,
) -> Path:
    """Write a model file of a state dict in a file ``.pth``, ``.pt`` or ``.safetensors``.

    Parameters
    ----------
    source, target
        The file to read, and the model file to write.
    name
        Of the model; empty: that of ``source``.
    classes
        Names of the foreground classes; else they are called "foreground", or "class 1", ….
    size
        Height and width that images are scaled to fit into, as they were for the training. Empty:
        every image is shown as it is.
    mean, std
        Per channel, what is subtracted from intensities between 0 and 1 (8 bits divided by 255),
        and what the rest is divided by. Empty: 0 and 1, as in the layout's own training.
    threshold
        Probability from which on a pixel is foreground.

    Raises
    ------
    ModelError
        If the file cannot be read or is not of this layout: nothing is guessed, and nothing is
        loaded in part.
    ConfigError
        If an option does not fit the network.
    """
    source = Path(source)
    found = read_weights(source)
    title = name or source.name.removesuffix(source.suffix)
    if isinstance(stored := found.beside.get(KEY), str):  # what `write` wrote of other networks
        card = parse_card(stored, source.name)
        return save_weights(Path(target), card, dict(found.tensors), source.name)
    network = network_of(found.tensors, source.name)
    channels = network.in_channels
    preprocess = PreprocessConfig(
        "whole" if size else "patch",
        tuple(size) or WINDOW,
        intensity="dataset",
        mean=tuple(map(float, mean)) or (0.0,) * channels,
        std=tuple(map(float, std)) or (1.0,) * channels,
    )
    if len(preprocess.mean) != channels:
        raise ConfigError(f"{len(preprocess.mean)} means for images of {channels} channels")
    rule = rule_of(found.beside.get(VALUES), network.out_channels, classes)
    card = ModelCard(
        title,
        network,
        preprocess,
        rule,
        threshold,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        training={"imported": f"a state dict of the Pytorch-UNet layout: {source.name}"},
        versions={"napari-unet": version("napari-unet-workbench"), "torch": torch.__version__},
        about={"summary": f"Imported from {source.name}, a PyTorch U-Net of another program."},
    )
    return save_weights(Path(target), card, ours(found.tensors, network, source.name), source.name)


def write(
    model: str | Path, target: str | Path, *, layout: Literal["auto", "own"] = "auto"
) -> Path:
    """Write a model's weights as a state dict, ``.pth``, ``.pt`` or ``.safetensors``.

    Networks of the layout (see `napari_unet.exchange.pytorch_unet.misfit`) get its names, and other
    programs that have it load the file; what is done to images before is not in there. All others,
    and all with ``layout="own"``, keep the names of `napari_unet.unet.model.UNet` under
    ``state_dict``, with the card beside it: only this program, or a copy of that class, can load
    them.

    Raises
    ------
    ModelError
        If ``model`` cannot be read.
    OSError
        If the file cannot be written.
    """
    net, card = load_model(model)
    weights = dict(net.state_dict())
    target, own = Path(target), layout == "own" or bool(misfit(card.network))
    if not own:
        weights = theirs(weights, card.network)
    values = values_of(card.labels)
    if target.suffix.lower() == SAFE:
        beside = {KEY: card.dumps()} if own else {VALUES: json.dumps(values)}
        weights = {k: v.contiguous() for k, v in weights.items()}
        with atomic(target) as temporary:
            save_file(weights, temporary, {"format": "pt", **beside})
        return target
    with atomic(target) as temporary, temporary.open("wb") as file:
        torch.save(
            {"state_dict": weights, KEY: card.dumps()} if own else {**weights, VALUES: values}, file
        )
    return target


def save_weights(
    target: Path,
    card: ModelCard,
    weights: dict[str, Tensor],
    name: str,
    picture: bytes | None = None,
    half: bool = False,
) -> Path:
    """Write a model file of weights that have our names; ``name`` is for errors.

    For ``picture`` and ``half`` see `napari_unet.unet.file.save_model`.

    Raises
    ------
    ModelError
        If the weights do not fit the card's network.
    """
    with torch.device("meta"):
        net = UNet(card.network)
    wanted = net.state_dict()
    wrong = [
        k
        for k in sorted(wanted.keys() | weights.keys())
        if k not in wanted or k not in weights or wanted[k].shape != weights[k].shape
    ]
    if wrong:
        raise ModelError(
            f"{name}: {len(wrong)} weights are not as large as the others ask for ({few(wrong)}, "
            f"by our names). Nothing was loaded."
        )
    net.load_state_dict(weights, assign=True)
    save_model(target, net, card, picture, half)
    return target
