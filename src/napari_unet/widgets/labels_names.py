"""What the names of Labels layers say beside image and model: stale, corrected, by whom."""

from __future__ import annotations

from pathlib import Path

from napari_unet.data.corrections.records import at

OLD = " (by an earlier version)"
STALE = " · stale"
CORRECTED = " · corrected"
APART = " (corrected)"


def by_model(image: str, model: str) -> str:
    """Return the name of an image's segmentation by a model."""
    return f"{image} · {model}"


def corrected_name(name: str) -> str:
    """Return a layer's name, saying that it holds a correction."""
    name = name.removesuffix(STALE)
    return name if name.endswith(CORRECTED) else f"{name}{CORRECTED}"


def apart_name(name: str) -> str:
    """Return the name of what a person painted and is never written to again."""
    return f"{name.removesuffix(STALE)}{APART}"


def old_name(name: str) -> str:
    """Return a name, saying that the model is another one by now."""
    return name if OLD in name else f"{name.removesuffix(STALE)}{OLD}"


def stale_name(name: str, stale: bool) -> str:
    """Return a name, saying whether the labels would be others if they were made now."""
    if OLD in name or name.endswith(STALE) == stale:
        return name
    return f"{name}{STALE}" if stale else name.removesuffix(STALE)


def what_counts(correction: Path | None) -> str:
    """Return what the name of a reference layer says of a correction that counts; maybe nothing."""
    if correction is None:
        return ""
    return CORRECTED if at(correction).role == "reference" else f"{CORRECTED} prediction"
