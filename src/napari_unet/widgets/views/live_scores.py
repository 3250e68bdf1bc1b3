"""Scores that move while one paints: before and now, of the image, of the slice, of each class."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_unet.events import CaseScore
from napari_unet.metrics import SCORES
from napari_unet.widgets.parts.gauge import Gauge
from napari_unet.widgets.parts.text import Elided, Text
from napari_unet.widgets.views.score_lines import BY_KEY

COLUMNS = tuple(BY_KEY[key] for key in SCORES)  # those that are counted


class LiveScores(QWidget):
    """Dice before and now with a bar, and below it a table of all scores."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.change = Text()
        self.change.setToolTip("Dice when these labels were opened or made, and now")
        self.gauge = Gauge()
        self.gauge.setAccessibleName("Dice, before and now")
        self.distances = Text()
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(4)
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(0, 1)
        self._rows: list[tuple[Elided, list[QLabel]]] = []
        for i, measure in enumerate(COLUMNS):
            head = QLabel(measure.title)
            head.setToolTip(measure.help)
            head.setIndent(0)
            head.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._grid.addWidget(head, 0, i + 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.change)
        layout.addWidget(self.gauge)
        layout.addLayout(self._grid)
        layout.addWidget(self.distances)

    def set_scores(
        self,
        before: CaseScore | None,
        now: CaseScore | None,
        in_sight: CaseScore | None,
        classes: Sequence[str],
    ) -> None:
        """Show the scores of the whole now and before, of the slice in sight, and of classes."""
        if now is None:
            return
        began = math.nan if before is None else before.dice
        self.change.set_text(_change(began, now.dice))
        self.gauge.set_values(began, now.dice)
        rows: list[tuple[str, Mapping[str, float]]] = [
            ("Image" if in_sight is None else "All slices", _values(now))
        ]
        if in_sight is not None:
            rows.append(("This slice", _values(in_sight)))
        if len(classes) > 1:
            rows += [(name, now.per_class.get(name, {})) for name in classes]
        self._show(rows)

    def set_distances(self, text: str) -> None:
        """Say how far the surfaces lie apart; empty while that is measured."""
        self.distances.set_text(text)

    # --- inside -------------------------------------------------------------------------------

    def _show(self, rows: Sequence[tuple[str, Mapping[str, float]]]) -> None:
        while len(self._rows) < len(rows):
            self._add_row()
        for i, (title, cells) in enumerate(self._rows):
            there = i < len(rows)
            if title.isHidden() == there:
                for widget in (title, *cells):
                    widget.setVisible(there)
            if there:
                self._fill(title, cells, *rows[i])

    def _fill(
        self, title: Elided, cells: Sequence[QLabel], name: str, values: Mapping[str, float]
    ) -> None:
        if title.text() != name:
            title.set_text(name)
        for cell, measure in zip(cells, COLUMNS, strict=True):
            value = values.get(measure.key, math.nan)
            text = "–" if math.isnan(value) else f"{value:.3f}"
            if cell.text() != text:
                cell.setText(text)
                cell.setAccessibleName(f"{name}, {measure.help.partition(':')[0]}: {text}")

    def _add_row(self) -> None:
        at = len(self._rows) + 1
        title, cells = Elided(), [QLabel() for _ in COLUMNS]
        self._grid.addWidget(title, at, 0)
        for column, cell in enumerate(cells):
            self._grid.addWidget(cell, at, column + 1)
            cell.setIndent(0)
            cell.ensurePolished()  # napari's letters are larger than Qt's
            # Of one width whatever the digits: else every stroke would lay the dock out anew.
            cell.setMinimumWidth(cell.fontMetrics().horizontalAdvance("0.000"))
            cell.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            cell.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._rows.append((title, cells))


def _values(score: CaseScore) -> dict[str, float]:
    return {m.key: getattr(score, m.key) for m in COLUMNS}


def _change(before: float, now: float) -> str:
    if math.isnan(before) or f"{before:.3f}" == f"{now:.3f}":
        return f"Dice {now:.3f}"
    return f"Dice {before:.3f} → {now:.3f}  ({now - before:+.3f})"
