"""The model file: safetensors weights with the card in the header. Nothing is unpickled."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from napari_unet.card import KEY, ModelCard, read_card
from napari_unet.errors import ModelError
from napari_unet.unet.model import UNet
from napari_unet.workspace import atomic


def save_model(path: str | Path, model: UNet, card: ModelCard) -> None:
    """Write weights and card; an earlier file is replaced only by a whole new one.

    Raises
    ------
    OSError
        If the file cannot be written (a full disk, say); what was there before stays.
    """
    weights = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    with atomic(path) as temporary:
        try:
            save_file(weights, temporary, {KEY: card.dumps()})
        except SafetensorError as e:
            raise OSError(f"{path} cannot be written ({e}).") from e


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
