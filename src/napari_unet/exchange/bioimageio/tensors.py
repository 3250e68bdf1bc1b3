"""Inputs and outputs of a network in the words of bioimage.io: axes, sizes, steps before and after.

What is said here holds for one image of the size that the network sees: bioimage.io knows no step
that scales a picture to a size, no margin that is cut off and no averaging over mirror images.
`differences` says so in words.
"""

from __future__ import annotations

from typing import Any

from napari_unet.card import ModelCard
from napari_unet.quantities import shape_words
from napari_unet.unet.grid import grids

Node = dict[str, Any]

INPUT, OUTPUT = "image", "probability"
SPACE = "zyx"
PERCENTILES = {"min_percentile": 0.5, "max_percentile": 99.5}  # as `unet.intensity` clips to


def sides(card: ModelCard) -> list[int | Node]:
    """Return the size of every axis of space, ``z`` first in 3D.

    A network that is shown whole images takes its working size only; one that is shown patches
    takes all that it can halve as often as it does, from about its patches' size on.
    """
    size = card.preprocess.size
    if card.preprocess.mode == "whole":
        return list(size)
    return [
        {"min": max(n // grid.step, grid.least) * grid.step, "step": grid.step}
        for n, grid in zip(size, grids(card.network), strict=True)
    ]


def least_size(card: ModelCard) -> tuple[int, ...]:
    """Return the size of the image that a package is tested with: the smallest it describes."""
    return tuple(n if isinstance(n, int) else n["min"] for n in sides(card))


def input_tensor(card: ModelCard) -> Node:
    """Describe the image that the network is shown."""
    space = [
        {"type": "space", "id": name, "size": size}
        for name, size in zip(SPACE[-card.network.dims :], sides(card), strict=True)
    ]
    names = channel_names(card)
    axes = [{"type": "batch"}, {"type": "channel", "channel_names": names}, *space]
    return {
        "id": INPUT,
        "description": _image_words(card),
        "axes": axes,
        "data": {"type": "float32"},
        "preprocessing": preprocessing(card),
    }


def output_tensor(card: ModelCard) -> Node:
    """Describe the probabilities that come out: one per class, and background if several."""
    space = [
        {"type": "space", "id": name, "size": {"tensor_id": INPUT, "axis_id": name}}
        for name in SPACE[-card.network.dims :]
    ]
    binary = card.network.out_channels == 1
    names = [*([] if binary else ["background"]), *card.classes]
    step = {"id": "sigmoid"} if binary else {"id": "softmax", "kwargs": {"axis": "channel"}}
    return {
        "id": OUTPUT,
        "description": f"Probabilities; a pixel is foreground from {card.threshold:g} on."
        if binary
        else "Probabilities; a pixel's class is the one of the largest.",
        "axes": [{"type": "batch"}, {"type": "channel", "channel_names": names}, *space],
        "data": {"type": "float32", "range": [0.0, 1.0]},
        "postprocessing": [step],
    }


def channel_names(card: ModelCard) -> list[str]:
    """Name the network's channels: the image's own, slice by slice where it sees several."""
    own, beside = card.image_channels, card.preprocess.neighbours
    if not beside:
        return [f"channel{i}" for i in range(own)]
    return [
        f"channel{i}_slice{offset:+d}" for offset in range(-beside, beside + 1) for i in range(own)
    ]


def preprocessing(card: ModelCard) -> list[Node]:
    """Return the steps that come before the network; all channels share one scale.

    They equal `napari_unet.unet.intensity`, `standardised` networks taken into account, but for
    images of which nearly all is one value: those are clipped here, and not there.
    """
    if fixed := fixed_scale(card):
        mean, std = fixed
        kwargs = {"axis": "channel", "mean": mean, "std": std}
        return [{"id": "fixed_zero_mean_unit_variance", "kwargs": kwargs}]
    axes = ["channel", *SPACE[-card.network.dims :]]
    if not standardised(card):
        return [{"id": "zero_mean_unit_variance", "kwargs": {"axes": axes}}]
    return [
        {"id": "scale_range", "kwargs": {"axes": axes, **PERCENTILES}},
        {"id": "clip", "kwargs": {"min": 0.0, "max": 1.0}},
    ]


def standardised(card: ModelCard) -> bool:
    """Say whether the network itself brings clipped images to mean 0 and deviation 1."""
    return card.preprocess.intensity == "percentile"


def fixed_scale(card: ModelCard) -> tuple[list[float], list[float]] | None:
    """Return mean and deviation of every channel, if they are those of the training set."""
    config = card.preprocess
    if config.intensity != "dataset" or len(config.mean) != card.image_channels:
        return None
    seen = 2 * config.neighbours + 1
    return list(config.mean) * seen, list(config.std) * seen


def differences(card: ModelCard) -> list[str]:
    """Say in sentences what napari-unet does that the description does not."""
    config = card.preprocess
    size = shape_words(config.size)
    found = []
    if config.mode == "whole":
        found.append(
            f"The network sees a whole image at {size} pixels. napari-unet normalises the image, "
            "scales it to fit (keeping its aspect), pads it with its mean, and scales the "
            "probabilities back. Elsewhere this has to be done before and after: tiles of a larger "
            "image are not what the network learned from."
        )
    else:
        found.append(
            "Intensities are normalised over what is given at once. napari-unet measures them over "
            "the whole image; tiles of it may come out a little different."
        )
    if config.margin == "cut":
        found.append("napari-unet cuts off an image's dark margin first.")
    if config.neighbours:
        found.append(
            "A slice's neighbours are its channels, the one above the first; napari-unet "
            "normalises them with the whole volume."
        )
    if config.mirror:
        found.append("napari-unet averages over mirror images, which is a little better.")
    if fixed_scale(card):
        found.append(
            "Values of integer images are to be divided by the largest value of their type "
            "(255, 65535)."
        )
    return found


def _image_words(card: ModelCard) -> str:
    """Describe the input in at most 128 characters."""
    if card.preprocess.mode == "whole":
        return f"A whole image, scaled to fit {' × '.join(map(str, card.preprocess.size))} pixels."
    return "An image, or a part of it, at the resolution that the network learned from."
