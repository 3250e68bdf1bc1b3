"""Filters for a list: one combo box for each thing that rows can be told apart by."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qtpy.QtWidgets import QFormLayout, QWidget

from napari_unet.widgets.parts.form import add_row, narrow
from napari_unet.widgets.parts.picker import Choice
from napari_unet.widgets.parts.qt import Signal

EMPTY = "\0"  # the choice of a value that is empty; the empty choice filters nothing
GIVEN = {"": "not given"}
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Facet:
    """Something that rows can be filtered by: what it is called and what a row has of it."""

    title: str
    every: str  # the choice that filters nothing
    values: Callable[[Any], tuple[str, ...]]
    names: Mapping[str, str] = field(default_factory=lambda: GIVEN)

    def choices(self, rows: Iterable[Any]) -> list[tuple[str, str]]:
        """Return (value, text with the number of rows) of what there is, in a useful order."""
        counts = Counter(value for row in rows for value in self.values(row))
        return [
            ("", self.every),
            *((v or EMPTY, f"{self.names.get(v, v)} ({counts[v]:,})") for v in self._order(counts)),
        ]

    def passes(self, row: Any, value: str) -> bool:
        """Say whether a row has ``value``."""
        return ("" if value == EMPTY else value) in self.values(row)

    def _order(self, values: Iterable[str]) -> list[str]:
        """Sort as they are used where that is known, numbers by value, all else by name."""
        known = list(self.names)

        def place(value: str) -> tuple[int, float, str]:
            number = float(value) if _NUMBER.fullmatch(value) else float("inf")
            return known.index(value) if value in known else -1, number, value.casefold()

        return sorted(values, key=place)


class Facets(QWidget):
    """Combo boxes, each of which narrows down what is shown."""

    changed = Signal()  # by a person

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choices: dict[str, Choice] = {}
        self._form = narrow(QFormLayout(self))
        self._form.setContentsMargins(0, 0, 0, 0)

    def set_facets(self, facets: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        """Offer, under each title, these (value, text) pairs; what was chosen stays if it can."""
        if list(facets) != list(self.choices):
            self._rebuild(list(facets))
        for title, items in facets.items():
            choice = self.choices[title]
            kept = choice.key()
            choice.set_items(items, kept if any(kept == key for key, _ in items) else "")
            # With nothing to choose from, a row would only take room.
            self._form.setRowVisible(choice, len(items) > 2)

    def values(self) -> dict[str, str]:
        """Return what was chosen, by title; what filters nothing is left out."""
        return {title: c.key() for title, c in self.choices.items() if c.key()}

    def set_values(self, values: Mapping[str, str]) -> None:
        """Choose these values; titles that are not named filter nothing."""
        for title, choice in self.choices.items():
            wanted = values.get(title, "")
            choice.set_key(wanted if choice.findData(wanted) >= 0 else "")

    def _rebuild(self, titles: Sequence[str]) -> None:
        while self._form.rowCount():
            self._form.removeRow(0)
        self.choices = {}
        for title in titles:
            choice = Choice()
            choice.chosen.connect(lambda _: self.changed.emit())
            self.choices[title] = choice
            add_row(self._form, title, choice, "Show only cases with this.")
