"""ONNX, written for other programs to run: https://onnx.ai, operator set 17, file format 8.

The file holds the network with its mirrored margins (`napari_unet.unet.onnx_graph`), so that it
takes any number of images of any size. What is done before and after it is not in it, but told in
the file's metadata: the whole card as JSON under ``napari_unet``, and the most important of it in
words. ONNX files are not read: a graph says nothing of how an image is to be prepared.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from napari_unet.card import KEY, ModelCard
from napari_unet.errors import ModelError
from napari_unet.unet.file import load_model
from napari_unet.unet.graph import IMAGE
from napari_unet.unet.model import UNet, probabilities
from napari_unet.unet.onnx_graph import SIDES, Output, onnx_model
from napari_unet.unet.windows import total_stride
from napari_unet.workspace import atomic

APART = 1e-4  # by which probabilities may differ from torch's
TEXTS = ("summary", "use", "limits", "not_for", "licence", "attribution", "cite")

ITSELF = "subtract its mean and divide by its standard deviation, of all channels together"
INTENSITY = {
    "zscore": ITSELF,
    "percentile": f"clip it to its 0.5th and 99.5th percentiles, then {ITSELF}",
    "dataset": "per channel, subtract {mean} and divide by {std}",
}


def write(model_path: Path, target: Path, output: Output = "probabilities") -> Path:
    """Write the network of a model file as an ONNX file; return its path.

    Where ONNX Runtime is installed, its answers are compared with torch's before the file takes
    its place: for single images and several, of even, uneven and tiny sides.

    Parameters
    ----------
    model_path
        A model file of this program.
    target
        The file to write. An earlier one is replaced by a whole new one, or stays.
    output
        What the network's answer is: ``probabilities`` from 0 to 1 (of several classes, that of the
        background first), or ``logits``, which is what mirror images are averaged as.

    Raises
    ------
    ModelError
        If the model cannot be read, or cannot be written as ONNX; if its answers in ONNX Runtime
        are others than in torch; if the package ``onnx`` is missing.
    OSError
        If the file cannot be written.
    """
    model, card = load_model(model_path)
    made = onnx_model(model, output)
    from onnx import checker, helper

    helper.set_model_props(made, metadata(card, output))
    made.doc_string = card.name
    try:
        checker.check_model(made, full_check=True)
        data = made.SerializeToString()
    except (ValueError, checker.ValidationError) as e:  # the first: above two gigabytes
        raise ModelError(f"{card.name} cannot be written as ONNX ({_first(e)}).") from e
    if find_spec("onnxruntime"):
        _compare(model, data, output, card.name)
    with atomic(target) as temporary:
        temporary.write_bytes(data)
    return target


def metadata(card: ModelCard, output: Output = "probabilities") -> dict[str, str]:
    """Return what an ONNX file says of itself: the card, and in words what a user has to know."""
    network, names = card.network, list(card.classes)
    axes = ", ".join(("batch", str(network.in_channels), *SIDES[network.dims]))
    if network.out_channels > 1:
        names.insert(0, "background")
    words = {
        "name": card.name,
        "input": f"{IMAGE}: float32 ({axes}); any number of images, of any size",
        "output": f"{output}: float32, as the input, with a channel for each of: {names}",
        "preprocessing": preprocessing(card),
        "threshold": str(card.threshold),
        "classes": ", ".join(card.classes),
    }
    if card.preprocess.mirror:
        words["averaging"] = (
            "napari-unet averages the logits over all mirror images of an image; without that, "
            "answers differ a little from its own"
        )
    texts = {key: str(card.about[key]) for key in TEXTS if card.about.get(key)}
    return {**words, **texts, KEY: card.dumps()}


def preprocessing(card: ModelCard) -> str:
    """Say what is done to an image before the network sees it."""
    config = card.preprocess
    steps = ["divide whole numbers by the largest of their type"]
    if config.mode == "whole" and config.margin == "cut":
        steps.append("cut off the dark margin")
    steps.append(INTENSITY[config.intensity].format(mean=config.mean, std=config.std))
    if config.mode == "whole":
        size = "×".join(map(str, config.size))
        steps.append(f"scale to fit into {size} pixels, keeping the aspect, and put 0 around it")
    if config.neighbours:
        steps.append(f"as channels, show {config.neighbours} slices before and after each slice")
    return "; ".join(steps)


def _compare(model: UNet, data: bytes, output: Output, name: str) -> None:
    """Raise `ModelError` if ONNX Runtime and torch disagree."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        session = onnxruntime.InferenceSession(data, options, ["CPUExecutionProvider"])
    except Exception as e:  # it raises anything
        raise ModelError(
            f"ONNX Runtime {onnxruntime.__version__} does not take {name} ({_first(e)}). "
            "No file was written."
        ) from e
    random = torch.Generator().manual_seed(0)
    for images in _samples(model, random):
        with torch.inference_mode():
            wanted = probabilities(model(images))
        given = torch.from_numpy(session.run([output], {IMAGE: images.numpy()})[0])
        found = probabilities(given) if output == "logits" else given
        apart = float((found - wanted).abs().max()) if found.shape == wanted.shape else np.inf
        if not apart <= APART:
            raise ModelError(
                f"{name} answers otherwise in ONNX Runtime {onnxruntime.__version__} than in "
                f"torch: probabilities of a {tuple(images.shape)} image differ by up to "
                f"{apart:.1g}. No file was written."
            )


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _samples(model: UNet, random: torch.Generator) -> Iterator[torch.Tensor]:
    """Yield images of sides that the network divides evenly, of uneven ones, and of tiny ones."""
    steps, channels = total_stride(model.config), model.config.in_channels
    for batch, sides in (
        (1, [2 * step for step in steps]),
        (2, [step + step // 2 + 1 for step in steps]),
        (3, [max(3 - i, 1) for i in range(len(steps))]),
    ):
        yield torch.randn(batch, channels, *sides, generator=random)
