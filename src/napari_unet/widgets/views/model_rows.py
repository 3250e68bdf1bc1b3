"""A model of the library as a row of a list: what it is called, finds, and how good it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from napari_unet.library import Entry
from napari_unet.quantities import size_words
from napari_unet.widgets.parts.model_words import found_words, number, plain
from napari_unet.widgets.parts.rows import Column

BOXED = "comes with the plugin"


@dataclass(frozen=True, eq=False)
class ModelRow:
    """A model, and what is known of it besides its card.

    ``scores`` are summaries by subset, see `napari_unet.metrics.summarise`. ``same_as`` names the
    other models that hold the very same weights. ``fixed`` says why it can neither be renamed nor
    removed; empty if it can.
    """

    entry: Entry
    scores: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    same_as: tuple[str, ...] = ()
    fixed: str = ""

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.entry.name

    @property
    def path(self) -> str:
        """Its file."""
        return self.entry.path

    @property
    def dice(self) -> float:
        """Its mean test Dice, else the validation Dice; NaN where there is neither."""
        test, card = self.test("dice"), self.entry.card
        return test if math.isfinite(test) or card is None else number(card.scores, "val_dice")

    def test(self, measure: str) -> float:
        """Return the mean of a measure over the test images; NaN if they were not scored."""
        summary = self.scores.get("test", {})
        return number(summary.get("mean"), measure)

    @property
    def found(self) -> str:
        """What it finds in which images, if its file can be used at all."""
        card = self.entry.card
        return found_words(card) if card is not None else "cannot be used"

    @property
    def scored(self) -> str:
        """Its scores, as far as they are known."""
        iou = self.test("iou")
        return _joined(self._dice_words(), f"IoU {iou:.2f}" if math.isfinite(iou) else "")

    @property
    def file(self) -> str:
        """Size and date."""
        return _joined(_size(self.entry.size), date_words(self))

    @property
    def mark(self) -> str:
        """What sets it apart from others; empty if nothing does."""
        same = f"same weights as {', '.join(self.same_as)}" if self.same_as else ""
        return _joined(BOXED if self.entry.boxed else "", same)

    def _dice_words(self) -> str:
        if not math.isfinite(self.dice):
            return ""
        subset = "Dice" if math.isfinite(self.test("dice")) else "val. Dice"
        return f"{subset} {self.dice:.2f}"


def _joined(*parts: str) -> str:
    return " · ".join(filter(None, parts))


def _size(size: int) -> str:
    return size_words(size) if size > 0 else ""


def when(row: ModelRow) -> float:
    """Return when a model was made, in seconds since 1970; its file's time if it does not say."""
    created = row.entry.card.created if row.entry.card is not None else ""
    try:
        return datetime.fromisoformat(created).timestamp()
    except ValueError:
        return row.entry.modified


def date_words(row: ModelRow) -> str:
    """Return the day on which a model was made."""
    seconds = when(row)
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d") if seconds > 0 else ""


def _described(row: ModelRow) -> str:
    """Return all else that can be searched."""
    card = row.entry.card
    if card is None:
        return row.entry.error
    return " ".join(
        [row.found, row.mark, plain(card.data.get("folder")), card.name, plain(card.about)]
    )


def _tooltip(row: ModelRow) -> str:
    """Return all that a card shows, some of which may be cut off, and what is wrong with it."""
    told = (row.name, row.found, row.entry.error, row.scored, row.file, row.mark)
    return "\n".join(filter(None, told))


NAME, DATE, DICE, SIZE, WORDS = range(5)
COLUMNS = (
    Column("Name", lambda r: r.name, lambda r: r.name.casefold(), _tooltip),
    Column("Date", date_words, when),
    Column("Dice", lambda r: f"{r.dice:.2f}", lambda r: r.dice),
    Column("Size", lambda r: _size(r.entry.size), lambda r: r.entry.size),
    Column("Words", _described),
)
