"""How one score is distributed: a histogram and a box for each group; a click picks cases."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_unet.widgets.parts.bins import ROWS, Boxes, Histogram, edges_of
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Text
from napari_unet.widgets.views.score_columns import Units, written
from napari_unet.widgets.views.score_lines import MEASURES, PATIENT, Line, Measure, group_of

HOW = "A click on a bar or a box shows its images."


class Distribution(QWidget):
    """Shows the chosen score of all cases."""

    picked = Signal(object, str)  # names of cases, and what they have in common

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.told = Text()
        self.histogram = Histogram()
        self.boxes = Boxes()
        self._measure, self._units = MEASURES[0], Units()
        self._lines: tuple[Line, ...] = ()
        self._values: NDArray[np.float64] = np.zeros(0)
        self._groups: dict[str, list[int]] = {}
        self._by = ""
        self._case = ""
        self._left_out = 0
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for widget in (self.told, self.histogram, self.boxes):
            layout.addWidget(widget)
        self.histogram.setToolTip("How many images have which score. Click on a bar to see them.")
        self.boxes.setToolTip(
            "The box holds the middle half of the images, the thick line is the median; "
            "points are far from the others. Click to see a group's images."
        )
        self.histogram.picked.connect(self._pick_bin)
        self.histogram.hovered.connect(self._hover)
        self.boxes.picked.connect(self._pick_box)

    # --- setters ------------------------------------------------------------------------------

    def set_lines(self, lines: Sequence[Line], measure: Measure, units: Units, by: str) -> None:
        """Show a measure of these cases, grouped or not."""
        self._lines, self._measure, self._units, self._by = tuple(lines), measure, units, by
        self._values = np.array([line.values[measure.key] for line in lines], float)
        bounds = (0.0, 1.0) if measure.kind == "share" else None
        edges = edges_of(self._values, bounds)
        self.histogram.set_values(edges, self._values)
        self._groups = self._largest(by)
        names = list(self._groups)
        parts = [self._values[places] for places in self._groups.values()]
        self.boxes.set_values(names, parts, (float(edges[0]), float(edges[-1])))
        self.boxes.setVisible(bool(len(lines)))
        self._tell()
        self.set_case(self._case)

    def set_case(self, name: str) -> None:
        """Mark the open case."""
        self._case = name
        at = next((i for i, line in enumerate(self._lines) if line.name == name), -1)
        value = float(self._values[at]) if at >= 0 else math.nan
        rows = [row for row, places in enumerate(self._groups.values()) if at in places]
        self.histogram.set_marked(value)
        self.boxes.set_marked(value, rows[0] if rows else -1)

    def set_chosen(self, picked: bool) -> None:
        """Forget which bar was picked, unless one still is."""
        if not picked:
            self.histogram.set_chosen(-1)

    # --- inside -------------------------------------------------------------------------------

    def _largest(self, by: str) -> dict[str, list[int]]:
        """Return the places of each group's cases; of many groups the largest, by name."""
        groups: dict[str, list[int]] = {} if by else {"": list(range(len(self._lines)))}
        self._left_out = 0
        if not by:
            return groups
        for i, line in enumerate(self._lines):
            if line.score is not None:
                groups.setdefault(group_of(line.score, by), []).append(i)
        largest = sorted(groups, key=lambda g: -len(groups[g]))[:ROWS]
        self._left_out = len(groups) - len(largest)
        return {name: groups[name] for name in sorted(largest, key=str.casefold)}

    def _tell(self) -> None:
        known = self._values[np.isfinite(self._values)]
        title = self._units.title(self._measure)
        if not len(known):
            self.told.set_text(f"{title}: no image has a value.")
            return
        low, middle, high = (self._written(float(v)) for v in np.percentile(known, (25, 50, 75)))
        without = len(self._values) - len(known)
        parts = [
            f"{title} of {len(known):,} images: median {middle}, half of them {low} to {high}."
        ]
        if without:
            parts.append(f"{without:,} without a value.")
        if self._left_out:
            thing = "patients" if self._by == PATIENT else "groups"
            parts.append(f"Boxes of the {ROWS} {thing} with the most images.")
        self.told.set_text(" ".join([*parts, HOW]))
        self.histogram.setAccessibleName(self.told.plain)

    def _written(self, value: float) -> str:
        return written(self._measure, value)

    def _range(self, bin: int) -> str:
        low, high = (float(e) for e in self.histogram.edges[bin : bin + 2])
        title = self._units.title(self._measure)
        return f"{title} {self._written(low)} to {self._written(high)}"

    def _hover(self, bin: int) -> None:
        if bin < 0:
            self._tell()
        else:
            count = int(self.histogram.counts[bin])
            self.told.set_text(f"{self._range(bin)}: {count:,} image{'s' * (count != 1)}.")

    def _pick_bin(self, bin: int) -> None:
        edges, values = self.histogram.edges, self._values
        low, high = edges[bin], edges[bin + 1]
        last = bin == len(edges) - 2
        inside = (values >= low) & ((values <= high) if last else (values < high))
        self.histogram.set_chosen(bin)
        self.picked.emit([self._lines[i].name for i in np.flatnonzero(inside)], self._range(bin))

    def _pick_box(self, row: int) -> None:
        name, places = list(self._groups.items())[row]
        if self._by:
            self.histogram.set_chosen(-1)
            self.picked.emit([self._lines[i].name for i in places], name)
