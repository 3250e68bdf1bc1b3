"""How models and readers compare: words, a table of cases, and how well any two agree."""

from __future__ import annotations

from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_unet.events import Compared
from napari_unet.widgets.parts.picker import Choice
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.table import Table
from napari_unet.widgets.parts.text import Text
from napari_unet.widgets.views.comparison import (
    ComparedLine,
    agreement_columns,
    columns,
    lines,
    widths,
    words,
)
from napari_unet.widgets.views.score_columns import units_of
from napari_unet.widgets.views.score_lines import BY_KEY

REPORT_TIP = "Save the comparison as one file that any browser shows"
LINES = 12  # of the table of cases


class ComparedView(QWidget):
    """Shows one comparison; a click on a row opens the case."""

    case_wanted = Signal(str)  # its name

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._found: Compared | None = None
        self.stale = Text()
        self.words = Text()
        self.measure = Choice()
        self.measure.setAccessibleName("Score to compare")
        self.measure.setToolTip("The score that the table shows")
        self.table = Table(())
        self.table.setAccessibleName("Models and readers, case by case")
        self.table.fix_height(LINES)
        self.agreement_title = Text("How well any two agree:")
        self.agreement = Table(())
        self.agreement.setAccessibleName("Agreement between models and readers")
        self.report = QPushButton("Report on the comparison…")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        above = (self.stale, self.words, self.measure, self.table)
        for widget in (*above, self.agreement_title, self.agreement, self.report):
            layout.addWidget(widget)
        self.measure.chosen.connect(lambda _: self._fill())
        self.table.opened.connect(self._open)
        self.hide()

    def set_compared(self, found: Compared | None, stale: str = "") -> None:
        """Show a comparison, or none."""
        self._found = found
        self.setVisible(found is not None)
        if found is None:
            return
        self.stale.set_text(f"⚠ {stale}" if stale else "")
        left_out = [f"{name} was left out: {why}" for name, why in found.left_out.items()]
        self.words.set_text("\n\n".join([*map(words, found.paired), *left_out]))
        units = units_of(score for column in found.scores for score in column)
        items = [(key, units.title(measure)) for key, measure in BY_KEY.items()]
        self.measure.set_items(items, self.measure.key() or "dice")
        self._fill()
        self._show_agreement(found)

    def set_report_reason(self, reason: str) -> None:
        """Say why no report can be written now; empty if it can."""
        self.report.setEnabled(not reason)
        self.report.setToolTip(reason or REPORT_TIP)

    def _fill(self) -> None:
        found = self._found
        if found is None:
            return
        measure = BY_KEY[self.measure.key()]
        units = units_of(score for column in found.scores for score in column)
        pinned, cases = lines(found, measure)
        shown = columns(found, measure, units)
        self.table.set_columns(shown)
        self.table.rows.set_rows([*pinned, *cases], len(pinned))
        self.table.set_widths(*widths(shown, cases), grow=0)

    def _show_agreement(self, found: Compared) -> None:
        several = len(found.agreement) > 1
        self.agreement_title.setVisible(several)
        self.agreement.setVisible(several)
        if several:
            shown = agreement_columns(found)
            self.agreement.set_columns(shown)
            self.agreement.rows.set_rows(range(len(found.columns)))
            samples = ["model-name", *(c.title[:12].ljust(5, "0") for c in shown[1:])]
            self.agreement.fix_height(len(found.columns) + 1)
            self.agreement.set_widths(*samples, grow=0)

    def _open(self, line: ComparedLine) -> None:
        self.case_wanted.emit(line.name)
