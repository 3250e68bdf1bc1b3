"""What should I correct next? A list of cases, the most worthwhile first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_unet.events import RankedCase
from napari_unet.widgets.parts.action import Action, Running
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.rows import Column
from napari_unet.widgets.parts.table import Table
from napari_unet.widgets.parts.text import Text
from napari_unet.widgets.parts.timing import single_shot

PAUSE = 200  # milliseconds between two fillings while cases pour in
LINES = 8  # of the table
HELP = (
    "Looks at all images with the selected model and lists those first of which it is least sure. "
    "A click opens one and segments it."
)


@dataclass(frozen=True)
class Next:
    """A case, its place in the order, and whether it is corrected by now."""

    place: int
    case: RankedCase
    done: bool


COLUMNS = (
    Column("Image", lambda n: n.case.name, tooltip=lambda n: f"{n.case.name}\n{n.case.why}"),
    Column(
        "Gain",
        lambda n: f"{n.case.gain:.2f}",
        lambda n: n.case.gain,
        lambda n: f"{n.case.why} Uncertainty {n.case.uncertainty:.2f} (0: sure, 1: cannot tell).",
        help="The Dice that a correction is expected to add",
    ),
    Column(
        "Done",
        lambda n: "✓" if n.done else "" if n.case.reference else "none",
        lambda n: n.done,
        lambda n: "Corrected" if n.done else "" if n.case.reference else "It has no reference",
        help="✓: corrected; none: there is no reference yet",
    ),
)


class NextCases(QWidget):
    """Lists cases in the order in which they are worth correcting."""

    wanted = Signal()  # a new list
    stop_wanted = Signal()
    opened = Signal(object)  # a RankedCase

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.action = Action("&Find cases", HELP)
        self.running = Running("Stop")
        self.table = Table(COLUMNS)
        self.table.setAccessibleName("Cases to correct next")
        self.table.set_widths("patient03_slice01", "0.00", "none", grow=0)
        self.table.fix_height(LINES)
        self.why = Text()
        self.note = Text()
        self._waiting: list[Next] = []
        self._case = ""
        self._later = single_shot(PAUSE, self._fill, self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.action, self.running, self.table, self.why, self.note):
            layout.addWidget(widget)
        layout.addStretch(1)  # or texts would spread
        self.action.clicked.connect(self.wanted)
        self.running.stop.connect(self.stop_wanted)
        self.table.opened.connect(lambda row: self.opened.emit(row.case))
        selection = self.table.selectionModel()
        if selection is not None:
            selection.currentRowChanged.connect(self._explain)
        self._fill()

    def set_cases(self, rows: Sequence[Next], note: str = "") -> None:
        """Show cases, best first; ``note`` says how far they can be trusted."""
        self._waiting = list(rows)
        self.note.set_text(note)
        if not rows or len(self.table.rows.rows) == 0:
            self._later.stop()
            self._fill()
        elif not self._later.isActive():
            self._later.start()

    def set_case(self, name: str) -> None:
        """Mark the open case."""
        self._case = name
        self.table.select(lambda row: row.case.name == name)

    def _fill(self) -> None:
        bar = self.table.verticalScrollBar()
        place = bar.value() if bar is not None else 0
        self.table.rows.set_rows(self._waiting)
        for widget in (self.table, self.why):
            widget.setVisible(bool(self._waiting))
        if self._case:
            self.table.select(lambda row: row.case.name == self._case)
        if bar is not None:
            bar.setValue(place)
        self._explain()

    def _explain(self, *_: object) -> None:
        """Say why the current row stands where it does."""
        chosen = self.table.chosen()
        row = chosen[0] if chosen else self._waiting[0] if self._waiting else None
        self.why.set_text(f"{row.place}. {row.case.why}" if row is not None else "")
