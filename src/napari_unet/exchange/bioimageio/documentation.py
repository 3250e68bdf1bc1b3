"""A package's text for people, in Markdown, made of the model's card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from napari_unet.card import ModelCard
from napari_unet.exchange.bioimageio.tensors import differences
from napari_unet.exchange.bioimageio.texts import as_text, summary

TOLD = {  # what a card may say of the model, and the headings that it stands under
    "use": "Use",
    "not_for": "Not for",
    "limits": "Limits",
    "data": "Data",
    "attribution": "Attribution",
    "licence": "Licence",
    "cite": "Please cite",
}

SCORES = ("dice", "iou", "val_dice", "images", "patients")  # of all in a card: the best known

VALIDATION = """\
Scores of a model hold for images like those it was measured on. Before relying on it, segment
images of your own of which you have reference masks that it never saw, and compare: Dice and IoU
for every image, not for all pixels together, and look at the worst ones."""

BACK = """\
`napari-unet models import` turns this package into a model of napari-unet again, with the same
weights and card."""


def documentation(card: ModelCard) -> str:
    """Return the text."""
    return "\n\n".join(_parts(card)) + "\n"


def _parts(card: ModelCard) -> Iterator[str]:
    yield f"# {card.name}"
    yield summary(card)
    yield f"Classes: {', '.join(card.classes)}."
    for key, title in TOLD.items():
        if text := as_text(card.about.get(key)):
            yield f"## {title}"
            yield text
    yield "## How it differs in napari-unet"
    yield "\n".join(f"- {sentence}" for sentence in differences(card))
    yield BACK
    yield "## Validation"
    yield VALIDATION
    if scores := _table(card.scores):
        yield "Scores in the model's card:"
        yield scores


def _table(scores: Mapping[str, Any]) -> str:
    """Return the best-known scores as a table, those of parts of the data included."""
    rows = [f"| {key} | {value} |" for key, value in _plain(scores)]
    return "\n".join(["| score | value |", "|---|---|", *rows]) if rows else ""


def _plain(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _plain(value, f"{above}{key} / ")
        elif key in SCORES and isinstance(value, int | float):
            yield f"{above}{key}", f"{value:.4g}" if isinstance(value, float) else str(value)
