"""The model file: safetensors weights with the card in the header. Nothing is unpickled."""

from __future__ import annotations

import base64
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from napari_unet.card import (
    KEY,
    MAX_PICTURE,
    PICTURE_KEY,
    ModelCard,
    is_picture,
    read_card,
)
from napari_unet.errors import ModelError
from napari_unet.unet.model import UNet
from napari_unet.workspace import atomic

HALF_ROUNDING = 2.0**-11


def save_model(
    path: str | Path,
    model: UNet,
    card: ModelCard,
    picture: bytes | None = None,
    half: bool = False,
) -> None:
    """Write weights and card; an earlier file is replaced only by a whole new one.

    Parameters
    ----------
    picture
        A PNG of at most 64 KiB, for people (about 256×128 pixels).
    half
        Store the kernels of convolutions in half precision, which halves the file; those that
        would not survive it stay as they are (see `halved`).

    Raises
    ------
    OSError
        If the file cannot be written (a full disk, say); what was there before stays.
    ModelError
        If the picture is none.
    """
    metadata = {KEY: card.dumps()}
    if picture is not None:
        if not is_picture(picture):
            raise ModelError(f"The picture is no PNG of at most {MAX_PICTURE >> 10} KiB.")
        metadata[PICTURE_KEY] = base64.b64encode(picture).decode("ascii")
    weights = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    if half:
        weights = {k: halved(v) for k, v in weights.items()}
    with atomic(path) as temporary:
        try:
            save_file(weights, temporary, metadata)
        except SafetensorError as e:
            raise OSError(f"{path} cannot be written ({e}).") from e


def halved(weight: Tensor) -> Tensor:
    """Return a kernel ``(out, in, *S)`` in half precision, unless that would change what it does.

    Half precision has 11 binary digits between 6e-5 and 65504: what lies beyond overflows, what
    lies below loses digits. It is only taken where no weight moves by more than its rounding
    (2⁻¹¹) relative to the largest one of its output channel, since a norm may enlarge a channel of
    small weights again. All else (biases, norms) is a handful of numbers, and stays as it is.
    """
    if weight.ndim < 3 or not weight.is_floating_point():
        return weight
    short = weight.half()
    largest = weight.flatten(1).abs().amax(1)
    moved = (short.float() - weight).flatten(1).abs().amax(1)
    return short if bool((moved <= largest * HALF_ROUNDING).all()) else weight


def load_model(path: str | Path) -> tuple[UNet, ModelCard]:
    """Read a model file; the network is on the CPU, in float32 and in evaluation mode.

    Raises
    ------
    ModelError
        If the file is no model, is damaged, or its weights do not fit its card.
    """
    path = Path(path)
    card = read_card(path)
    # On the meta device the network takes no memory, so a hostile card cannot ask for too much:
    # the weights are those in the file or the file is refused.
    with torch.device("meta"):
        model = UNet(card.network)
    try:
        weights = load_file(path)
    except (SafetensorError, OSError, ValueError) as e:
        raise ModelError(f"{path.name} is damaged: {e}") from e
    wanted = model.state_dict()
    wrong = [
        k
        for k in wanted.keys() | weights.keys()
        if k not in wanted or k not in weights or wanted[k].shape != weights[k].shape
    ]
    if wrong:
        raise ModelError(
            f"{path.name} is damaged: {len(wrong)} weights do not fit its card (e.g. {wrong[0]})."
        )
    weights = {k: v.to(wanted[k].dtype) for k, v in weights.items()}
    model.load_state_dict(weights, assign=True)
    return model.eval().requires_grad_(False), card
