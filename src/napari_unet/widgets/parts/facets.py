"""Filters for a list: one combo box for each thing that rows can be told apart by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtWidgets import QFormLayout, QWidget

from napari_unet.widgets.parts.form import add_row, narrow
from napari_unet.widgets.parts.picker import Choice
from napari_unet.widgets.parts.qt import Signal


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
