"""The model file: safetensors weights with the card in the header. Nothing is unpickled.

docs/model_file.md describes the format. A file is read as if it had been made to do harm: sizes are
compared with the card, and the card with the memory, before anything is made that is so large.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from napari_unet.card import (
    GRAPH_KEY,
    KEY,
    MAX_PICTURE,
    PICTURE_KEY,
    ModelCard,
    card_of,
    is_picture,
)
from napari_unet.errors import ModelError
from napari_unet.header import Header, opened, shown
from napari_unet.quantities import size_words
from napari_unet.unet.graph import graph_text
from napari_unet.unet.memory import free_ram
from napari_unet.unet.model import UNet
from napari_unet.workspace import atomic

HALF_ROUNDING = 2.0**-11  # of half precision, relative
DTYPES = {
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
}


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
    if (steps := graph_text(card.network, card.preprocess.size)) is not None:
        metadata[GRAPH_KEY] = steps
    if picture is not None:
        if not is_picture(picture):
            raise ModelError(f"The picture is no plain PNG of at most {MAX_PICTURE >> 10} KiB.")
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
    (2⁻¹¹) relative to the largest one of its channel, since a norm may enlarge a channel of small
    weights again. All else (biases, norms) is a handful of numbers, and stays as it is.
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
        If the file is no model, is damaged, or its weights do not fit its card, are not finite, or
        need more memory than is free.
    """
    path = Path(path)
    with opened(path) as (file, header):
        card = card_of(header.metadata, path.name)
        # On the meta device the network takes no memory, so a hostile card cannot ask for too much:
        # the weights are those in the file or the file is refused.
        with torch.device("meta"):
            model = UNet(card.network)
        wanted = model.state_dict()
        _check_fit(header, wanted, path.name)
        _check_room(wanted, path.name)
        weights = {k: v.to(wanted[k].dtype) for k, v in tensors(file, header, path.name)}
    _check_values(weights, path.name)
    model.load_state_dict(weights, assign=True)
    return model.eval().requires_grad_(False), card


def tensors(file: BinaryIO, header: Header, name: str) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of a file from `napari_unet.header.opened`, in the order they lie there.

    It is not mapped into memory, as safetensors does it: if somebody shortens a mapped file, the
    whole process is killed.

    Raises
    ------
    ModelError
        If the file is shorter than it was when its header was read.
    """
    for key, one in sorted(header.tensors.items(), key=lambda item: (item[1].start, item[1].end)):
        data = bytearray(one.end - one.start)
        if file.readinto(data) != len(data):  # type: ignore[attr-defined]
            raise ModelError(f"{name} was changed while it was read. Try again.")
        flat = torch.frombuffer(data, dtype=DTYPES[one.dtype]) if data else torch.empty(0)
        yield key, flat.to(DTYPES[one.dtype]).reshape(one.shape)


def _check_fit(header: Header, wanted: Mapping[str, Tensor], name: str) -> None:
    """Raise `ModelError` if a file's tensors are not those of the network in its card."""
    found = header.tensors
    wrong = sorted(
        key
        for key in wanted.keys() | found.keys()
        if key not in wanted
        or key not in found
        or tuple(wanted[key].shape) != found[key].shape
        or wanted[key].is_floating_point() != DTYPES[found[key].dtype].is_floating_point
    )
    if wrong:
        raise ModelError(
            f"{name} is damaged: {len(wrong)} weights do not fit its card (e.g. {shown(wrong[0])})."
        )


def _check_room(wanted: Mapping[str, Tensor], name: str) -> None:
    """Raise `ModelError` if the weights take more memory than there is."""
    need, free = sum(4 * math.prod(one.shape) for one in wanted.values()), free_ram()
    if need > free:
        raise ModelError(
            f"{name} needs {size_words(need)} of memory, but {size_words(free)} are free."
        )


def _check_values(weights: Mapping[str, Tensor], name: str) -> None:
    """Raise `ModelError` if weights cannot be computed with."""
    wrong = [key for key, one in weights.items() if not bool(one.isfinite().all())]
    wrong += [key for key, one in weights.items() if key.endswith("var") and bool((one < 0).any())]
    if wrong:
        raise ModelError(
            f"{name} is damaged: values of {len(wrong)} of its weights are no finite numbers, or "
            f"impossible (e.g. {wrong[0]})."
        )
