"""A model of this program as a package of bioimage.io."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_unet import __version__
from napari_unet.card import ModelCard, read_picture
from napari_unet.exchange.bioimageio import rdf, texts
from napari_unet.exchange.bioimageio.architecture import CALLABLE, architecture
from napari_unet.exchange.bioimageio.documentation import documentation
from napari_unet.exchange.bioimageio.onnx_weights import onnx_weights
from napari_unet.exchange.bioimageio.tensors import input_tensor, output_tensor, standardised
from napari_unet.exchange.bioimageio.trial import Trial
from napari_unet.header import read_header
from napari_unet.schema import to_json
from napari_unet.unet.file import load_model
from napari_unet.unet.onnx_graph import OPSET
from napari_unet.workspace import atomic

FORMAT = "0.5.10"  # the last in which documentation and covers are plain names, as all can read
RDF, WEIGHTS, CODE, ONNX = "rdf.yaml", "weights.pt", "unet.py", "weights.onnx"
COVER, TEXT = "cover.png", "README.md"
STATE_DICT = "pytorch_state_dict"
KEY = "napari_unet"  # under config: what makes a package a model of this program again
NEEDS = "environment.yaml"
ENVIRONMENT = {  # for conda: what an encoder of timm's needs
    "name": "unet-with-encoder",
    "channels": ["conda-forge"],
    "dependencies": ["python>=3.11", "pytorch>=2.8", "timm>=1.0"],
}
EPOCH = (1980, 1, 1, 0, 0, 0)  # when a zip archive says that its files were made

Node = dict[str, Any]


def write(model: Path, target: Path) -> Path:
    """Write a package.

    Parameters
    ----------
    model
        A model file.
    target
        The package, a zip archive; what is there is replaced.

    Returns
    -------
    pathlib.Path
        ``target``.

    Raises
    ------
    ModelError
        If the model cannot be read.
    OSError
        If the package cannot be written; what was there before stays.
    """
    files = contents(model)
    with atomic(target) as temporary, zipfile.ZipFile(temporary, "w") as package:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, EPOCH)
            info.external_attr = 0o644 << 16
            package.writestr(info, data, zipfile.ZIP_DEFLATED)
    return Path(target)


def contents(model: Path) -> dict[str, bytes]:
    """Return a package's files by their names, the description first."""
    net, card = load_model(model)
    trial, weights = Trial.of(net, card), net.state_dict()
    short = {k for k, one in read_header(model).tensors.items() if one.dtype == "F16"}
    own = {
        # As one text: programs that write descriptions anew turn numbers into others.
        "card": card.dumps(),
        "weights": fingerprint(weights),
        "half": bool(short),
        "picture": read_picture(model) is not None,
    }
    files = {
        WEIGHTS: _saved({k: v.half() if k in short else v for k, v in weights.items()}),
        CODE: architecture(__version__).encode(),
        "test_input.npy": _npy(trial.image),
        "test_output.npy": _npy(trial.answer),
        "sample_input.tif": _tif(trial.image),
        "sample_output.tif": _tif(trial.answer),
        COVER: read_picture(model) or trial.picture(card),
        TEXT: documentation(card).encode(),
    }
    if card.network.encoder:
        files[NEEDS] = rdf.dump(ENVIRONMENT)
    if onnx := onnx_weights(net, standardised(card)):
        files[ONNX] = onnx
    parameters = sum(p.numel() for p in net.parameters())
    config = {"bioimageio": texts.remarks(card, parameters), KEY: own}
    return {RDF: rdf.dump({**description(card, files), "config": config}), **files}


def fingerprint(weights: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of weights by our names, in the order of these, as float32."""
    found = hashlib.sha256()
    for name in sorted(weights):
        found.update(name.encode())
        found.update(weights[name].detach().float().contiguous().numpy().tobytes())
    return found.hexdigest()


def description(card: ModelCard, files: Mapping[str, bytes]) -> Node:
    """Return the model's description, but for its ``config``."""
    seen = {**input_tensor(card), **_tensors("input", files)}
    found = {**output_tensor(card), **_tensors("output", files)}
    return {
        "type": "model",
        "format_version": FORMAT,
        "name": texts.name(card),
        "description": texts.summary(card),
        "authors": texts.authors(card),
        "cite": texts.citations(card),
        "license": texts.licence(card),
        "tags": texts.tags(card),
        "documentation": TEXT,
        "covers": [COVER],
        "timestamp": _timestamp(card.created),
        "inputs": [seen],
        "outputs": [found],
        "weights": _weights(card, files),
    }


def _weights(card: ModelCard, files: Mapping[str, bytes]) -> Node:
    kwargs = {"standardise": standardised(card), **to_json(card.network)}
    code = {"callable": CALLABLE, "kwargs": kwargs}
    found = {
        STATE_DICT: {
            **_named(WEIGHTS, files),
            "architecture": {**_named(CODE, files), **code},
            "pytorch_version": torch.__version__.partition("+")[0],
            **({"dependencies": _named(NEEDS, files)} if NEEDS in files else {}),
        }
    }
    if ONNX in files:
        found["onnx"] = {**_named(ONNX, files), "parent": STATE_DICT, "opset_version": OPSET}
    return found


def _tensors(which: str, files: Mapping[str, bytes]) -> Node:
    return {
        "test_tensor": _named(f"test_{which}.npy", files),
        "sample_tensor": _named(f"sample_{which}.tif", files),
    }


def _named(name: str, files: Mapping[str, bytes]) -> Node:
    return {"source": name, "sha256": hashlib.sha256(files[name]).hexdigest()}


def _timestamp(created: str) -> str | None:
    try:
        return datetime.fromisoformat(created).isoformat()
    except ValueError:
        return None


def _saved(weights: Mapping[str, Tensor]) -> bytes:
    file = io.BytesIO()
    torch.save(dict(weights), file)
    return file.getvalue()


def _npy(array: NDArray[np.float32]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def _tif(array: NDArray[np.float32]) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, array, photometric="minisblack", compression="zlib")
    return file.getvalue()
