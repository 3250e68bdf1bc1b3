"""What a model's card says, in words: its free-form records may hold anything, or nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from napari_unet.card import ModelCard
from napari_unet.library import Entry

NAN = math.nan
LONGEST = 240  # characters of a sentence


def describe(model: Entry) -> str:
    """Say in a few lines what a model finds, what it learned from, how well, and what it is not."""
    card = model.card
    if card is None:
        return model.error
    summary, warning = (sentence(card.about.get(key)) for key in ("summary", "not_for"))
    told = [summary or _found(card), _scored(card)]
    if warning:
        told.append(f"Not for {warning[0].lower()}{warning[1:]}")
    return " ".join(filter(None, told))


def found_words(card: ModelCard) -> str:
    """Say what a model finds in which images: "tumour in grey images"."""
    pixels = {1: "grey", 3: "colour"}.get(card.image_channels, f"{card.image_channels}-channel")
    kind = "volumes" if card.network.dims == 3 else "images"
    return f"{', '.join(card.classes)} in {pixels} {kind}"


def trained_on(card: ModelCard) -> str:
    """Say what a model learned from: "40 cases of brains"; empty if the card does not."""
    cases, name = number(card.data, "cases"), card.data.get("folder") or ""
    return f"{f'{cases:.0f} cases of ' if cases > 0 else ''}{name}".strip()


def scores_in(card: ModelCard) -> dict[str, Mapping[str, Any]]:
    """Return the summaries of scores in a card by subset, see `napari_unet.metrics.summarise`."""
    subsets = card.scores.get("subsets")
    if not isinstance(subsets, Mapping):
        return {}
    return {str(name): s for name, s in subsets.items() if isinstance(s, Mapping)}


def number(values: Any, key: str) -> float:
    """Return a number of a free-form record; NaN if there is none."""
    value = values.get(key) if isinstance(values, Mapping) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return NAN


def plain(value: Any) -> str:
    """Return a free-form value as words."""
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {plain(inner)}" for key, inner in value.items())
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return "; ".join(map(plain, value))
    return "" if value is None else str(value)


def sentence(text: Any) -> str:
    """Return the beginning of a text, on one line and with a full stop."""
    words = " ".join(text.split()) if isinstance(text, str) else ""
    if len(words) > LONGEST:
        return f"{words[:LONGEST]} …"
    return f"{words}." if words and words[-1] not in ".!?" else words


def _found(card: ModelCard) -> str:
    source = trained_on(card)
    return sentence(f"Finds {found_words(card)}{f'; trained on {source}' if source else ''}")


def _scored(card: ModelCard) -> str:
    test = number(scores_in(card).get("test", {}).get("mean"), "dice")
    if math.isfinite(test):
        return f"Test Dice {test:.3f}."
    validation = number(card.scores, "val_dice")
    return f"Validation Dice {validation:.3f}." if math.isfinite(validation) else ""
