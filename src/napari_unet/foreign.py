"""What a model's card says, when whoever wrote it may have meant harm.

`schema.from_json` refuses whatever decides what a model does and is not as it should be. What is
left are texts, which are made harmless to show, and the free records for people, of which the
program itself looks at a few entries: of these, what is not of its kind is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_unet.printable import printable

LONGEST_TEXT = 10_000  # characters: a page or two
LONGEST_NAME = 200

# The entries of the free records that the program looks at.
KINDS: dict[str, dict[str, type]] = {
    "training": {"recipe": dict, "start": dict, "history": list, "seconds": float},
    "data": {"folder": str, "cases": int, "patients": int, "subsets": dict, "pairing": str},
    "scores": {"val_dice": float, "epoch": int, "subsets": dict},
}


def harmless(card: dict[str, Any]) -> dict[str, Any]:
    """Return a card, as read from JSON, with texts that can be shown and records that fit."""
    card = _shown(card)
    for record, kinds in KINDS.items():
        if isinstance(found := card.get(record), dict):
            card[record] = {k: v for k, v in found.items() if k not in kinds or _is(v, kinds[k])}
    training, scores = card.get("training"), card.get("scores")
    if isinstance(training, dict) and not all(map(_is_epoch, training.get("history", []))):
        del training["history"]
    if isinstance(scores, dict) and "subsets" in scores:
        scores["subsets"] = {k: v for k, v in scores["subsets"].items() if _is_summary(v)}
    return card


def plain_name(text: str) -> str:
    """Return a name in one line that, used as a file's name, leads nowhere else."""
    name = printable(text, LONGEST_NAME, lines=False)
    return name.replace("/", "_").replace("\\", "_").lstrip(".") or "model"


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value, LONGEST_TEXT)
    if isinstance(value, list):
        return [_shown(v) for v in value]
    if isinstance(value, Mapping):
        return {printable(k, LONGEST_NAME): _shown(v) for k, v in value.items()}
    return value


def _is(value: Any, kind: type) -> bool:
    """Say whether a value is of a kind; a float may be any number that fits into one, also NaN."""
    if kind is float:
        return type(value) is float or (type(value) is int and abs(value) < 1 << 63)
    if kind is int:
        return type(value) is int and abs(value) < 1 << 63
    return isinstance(value, kind)


def _is_epoch(row: Any) -> bool:
    """Say whether a row of a training's history holds numbers, or tables of numbers."""
    return isinstance(row, dict) and all(
        _is_table(v) if isinstance(v, dict) else v is None or _is(v, float) for v in row.values()
    )


def _is_summary(found: Any) -> bool:
    """Say whether the scores of a subset are summed up by tables of numbers."""
    return isinstance(found, dict) and all(
        _is_table(found.get(kind, {})) for kind in ("mean", "median", "std")
    )


def _is_table(found: Any) -> bool:
    return isinstance(found, dict) and all(_is(v, float) for v in found.values())
