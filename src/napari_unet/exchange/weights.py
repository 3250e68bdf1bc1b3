"""Weights in files of other programs, read without executing or believing anything in them.

PyTorch's own files (``.pth``, ``.pt``) are pickles, which can call any function while they are
read. ``torch.load(weights_only=True)`` calls none but those that build tensors; what else a file
can do (claim sizes that it does not have, be packed so that it swells) is looked for here.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from napari_unet.errors import ModelError
from napari_unet.header import MAX_BODY, opened
from napari_unet.unet.file import tensors

PICKLED = (".pth", ".pt", ".ckpt")
SAFE = ".safetensors"
INSIDE = ("state_dict", "model_state_dict")  # keys of checkpoints that hold the weights
PREFIXES = ("module.", "_orig_mod.")  # of DataParallel, of torch.compile
DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64)


@dataclass(frozen=True)
class Weights:
    """Tensors by name, and what else lies beside them (plain values only)."""

    tensors: Mapping[str, Tensor]
    beside: Mapping[str, Any] = field(default_factory=dict)


def read_weights(path: str | Path) -> Weights:
    """Read the weights in a file.

    They may lie in a checkpoint under ``state_dict`` or ``model_state_dict``, and all names may
    begin with ``module.`` or ``_orig_mod.``. Tensors are on the CPU; floating ones are float32.

    Raises
    ------
    ModelError
        If there is no such file, it holds anything but tensors and plain values, is damaged, or
        tells of more than is in it.
    """
    path = Path(path)
    try:
        size = path.stat().st_size if path.is_file() else 0
    except OSError as e:
        raise ModelError(f"{path} cannot be read ({e.strerror or e}).") from e
    if not size:
        raise ModelError(f"There is no file {path}, or it is empty.")
    if size > MAX_BODY:
        raise ModelError(f"{path.name} takes {size:,} bytes; no U-Net takes so many.")
    suffix = path.suffix.lower()
    if suffix == SAFE:
        found = _read_safe(path)
    elif suffix in PICKLED:
        found = _read_pickled(path, size)
    else:
        raise ModelError(f"{path.name}: weights are read from {', '.join(PICKLED)} and {SAFE}.")
    return Weights(_checked(found.tensors, path.name, size), found.beside)


def _read_safe(path: Path) -> Weights:
    with opened(path) as (file, header):
        found = dict(tensors(file, header, path.name))
    return Weights(_without_prefix(found), header.metadata)


def _read_pickled(path: Path, size: int) -> Weights:
    packed = _is_archive(path, size)
    try:
        # Mapped into memory, no tensor can reach beyond the file; the old format cannot be mapped.
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # torch asks to be told of pickles that it does not know
            found = torch.load(path, map_location="cpu", weights_only=True, mmap=packed)
    except Exception as e:  # of a mutilated pickle it may be anything at all
        raise ModelError(
            f"{path.name} is refused: it is damaged, or holds more than tensors and plain values, "
            "and nothing in it is executed. Save the state dict alone, with "
            "torch.save(model.state_dict(), path)."
        ) from e
    if not isinstance(found, Mapping):
        raise ModelError(f"{path.name} holds no state dict, but one {type(found).__name__}.")
    beside = {k: v for k, v in found.items() if not isinstance(v, Tensor) and k not in INSIDE}
    inside = [k for k in INSIDE if isinstance(found.get(k), Mapping)]
    if len(inside) > 1:
        raise ModelError(f"{path.name} holds weights twice: as {' and as '.join(inside)}.")
    if inside:
        found = found[inside[0]]
        beside |= {k: v for k, v in found.items() if not isinstance(v, Tensor)}
    tensors = {str(k): v for k, v in found.items() if isinstance(v, Tensor)}
    return Weights(_without_prefix(tensors), beside)


def _is_archive(path: Path, size: int) -> bool:
    """Say whether a file is of PyTorch's format since 1.6, an archive; its parts are not packed."""
    try:
        if not zipfile.is_zipfile(path):
            return False
        with zipfile.ZipFile(path) as archive:
            claimed = sum(part.file_size for part in archive.infolist())
    except Exception as e:  # zipfile raises anything on mutilated archives
        raise ModelError(f"{path.name} is damaged: it cannot be opened ({e}).") from e
    if claimed > size:
        raise ModelError(f"{path.name} is refused: unpacked, it would be larger than PyTorch's.")
    return True


def _without_prefix(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    found, go_on = dict(tensors), bool(tensors)
    while go_on:
        prefixes = [p for p in PREFIXES if all(k.startswith(p) for k in found)]
        found = {k.removeprefix(prefixes[0]): v for k, v in found.items()} if prefixes else found
        go_on = bool(prefixes)
    return found


def _checked(tensors: Mapping[str, Tensor], name: str, size: int) -> dict[str, Tensor]:
    """Return tensors as float32, each in memory of its own, if they can be weights."""
    if not tensors:
        raise ModelError(f"{name} holds no weights.")
    for key, one in tensors.items():
        if one.device.type != "cpu" or one.layout != torch.strided or one.dtype not in DTYPES:
            raise ModelError(f"{name}: {key} is no plain tensor of numbers.")
    # Steps of zero let a few bytes pass for any number of weights.
    if sum(one.numel() * one.element_size() for one in tensors.values()) > size:
        raise ModelError(f"{name} is refused: it tells of more weights than it holds.")
    found = {k: v.detach().clone(memory_format=torch.contiguous_format) for k, v in tensors.items()}
    found = {k: v.float() if v.is_floating_point() else v for k, v in found.items()}
    for key, one in found.items():
        if not one.isfinite().all():
            raise ModelError(f"{name}: {key} holds values that are no numbers (NaN or infinite).")
    return found
