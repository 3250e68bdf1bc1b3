"""Layers as this plugin knows them: what they are for, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from napari_unet.session import ImageFacts

KEY = "napari_unet"  # in a layer's metadata: what we put there
CASE_IMAGE, REFERENCE, SEGMENTATION = "case image", "reference", "segmentation"
LIVE = "live prediction"
ERRORS = "errors"  # what is right and wrong in labels, as labels
MAP = "map"  # probabilities or uncertainty, as an image
SPARE = "spare"  # an empty, hidden segmentation: making a layer costs far more than reusing one


@dataclass(frozen=True)
class Whose:
    """Which labels are meant: those of an image (its id) by a model (its file's path)."""

    image: str
    model: str
    name: str = ""  # the model's, for people


def facts(layer: Any) -> ImageFacts:
    """Return what the rest of the program needs to know of an image layer."""
    data = layer.data[0] if layer.multiscale else layer.data
    rgb = bool(layer.rgb)
    shape = tuple(data.shape[:-1] if rgb else data.shape)
    id = tag_of(layer).get("case") or str(layer.unique_id)
    axes = tuple(map(str, layer.axis_labels))
    return ImageFacts(id, layer.name, shape, int(data.shape[-1]) if rgb else 1, axes)


def pixels(layer: Any) -> Any:
    """Return the array to segment: the finest level, still lazy if it is."""
    return layer.data[0] if layer.multiscale else layer.data


def mark(layer: Any, tag: dict[str, str]) -> None:
    """Say what a layer is for; a copy that a person makes of it does not count as ours."""
    layer.metadata[KEY] = {**tag, "layer": str(layer.unique_id)}


def tag_of(layer: Any) -> dict[str, Any]:
    """Return what we noted of a layer; nothing for a copy that a person made of it."""
    tag = layer.metadata.get(KEY) if layer is not None else None
    ours = isinstance(tag, dict) and tag.get("layer") == str(layer.unique_id)
    return tag if isinstance(tag, dict) and ours else {}


def is_spare(layer: Any, ndim: int) -> bool:
    """Say whether a layer waits to be used as a segmentation."""
    return tag_of(layer).get("role") == SPARE and layer.ndim == ndim
