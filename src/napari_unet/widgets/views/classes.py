"""What the masks hold: every value, its share, and the class it stands for, to be changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_unet.data.cases import COLOUR, LabelRule
from napari_unet.widgets.parts.fold import Fold
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Text

if TYPE_CHECKING:
    from napari_unet.data.masks.survey import MaskAudit, MaskValue

HOW = (
    "Name the class of each value; values without a name are background. Values of one name count "
    "as one class if all of them are higher than the background's."
)


class ClassesFold(Fold):
    """A small table of values; it asks for them when it is opened."""

    values_wanted = Signal()
    classes_wanted = Signal(object, object)  # dicts of value → name and value → colour
    found_wanted = Signal()  # what the program proposes, again

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Classes in the masks", parent)
        self._rule: LabelRule | None = None
        self.text = Text(HOW)
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels(["Value", "Share", "Class"])
        self.table.setMinimumHeight(110)
        self.table.setMaximumHeight(170)
        self.table.setAccessibleName("Values in the masks")
        across, down = self.table.horizontalHeader(), self.table.verticalHeader()
        assert across is not None and down is not None
        across.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        across.setMinimumSectionSize(40)
        down.hide()
        self.table.setColumnWidth(0, 60)
        self.table.setColumnWidth(1, 70)
        self.more = Text()
        self.use = QPushButton("Use these classes")
        self.use.setToolTip("Read all masks of this data set like this from now on")
        self.again = QPushButton("As found")
        self.again.setToolTip("Read the masks as the program proposes")
        row = QHBoxLayout()
        row.addWidget(self.use)
        row.addWidget(self.again)
        layout = QVBoxLayout()
        for widget in (self.text, self.table, self.more):
            layout.addWidget(widget)
        layout.addLayout(row)
        self.rows.addLayout(layout)
        self.button.toggled.connect(lambda open: open and self.values_wanted.emit())
        self.use.clicked.connect(lambda: self.classes_wanted.emit(self.names(), self.colours()))
        self.again.clicked.connect(self.found_wanted)

    def set_classes(self, rule: LabelRule, chosen: bool) -> None:
        """Say in the title how the masks are read, and whether a person said so."""
        short = len(rule.names) < 4
        self.set_title(f"Classes: {', '.join(rule.names)}" if short else "Classes in the masks")
        self._rule = rule if chosen else None
        self.again.setVisible(chosen)
        self.table.setRowCount(0)
        self.more.set_text("")
        if self.button.isChecked():
            self.values_wanted.emit()

    def set_values(self, audit: MaskAudit) -> None:
        """Show the values of a sample of masks, with what they mean now."""
        self.table.setRowCount(len(audit.values))
        for i, value in enumerate(sorted(audit.values, key=lambda v: v.value)):
            name = _named(value, self._rule)
            for column, text in enumerate((_shown(value), f"{value.share:.2%}", name)):
                item = QTableWidgetItem(text)
                if column < 2:
                    item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                    item.setTextAlignment(
                        Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                    )
                else:
                    item.setToolTip("Double-click to name the class; empty is background")
                    item.setData(Qt.ItemDataRole.UserRole, (value.value, value.colour))
                if column == 0 and value.colour:
                    item.setData(Qt.ItemDataRole.DecorationRole, QColor(value.colour))
                self.table.setItem(i, column, item)
        more = audit.distinct - len(audit.values)
        rest = f", and {more:,} rarer values" if more > 0 else ""
        self.more.set_text(
            f"In {audit.masks:,} masks that were looked at{rest}. Proposed: {audit.proposal}."
        )

    def names(self) -> dict[float, str]:
        """Return the class of every value as it was typed."""
        return {value: text for value, _, text in self._typed()}

    def colours(self) -> dict[float, str]:
        """Return the colours that the masks give to values."""
        return {value: colour for value, colour, _ in self._typed() if colour}

    def _typed(self) -> Iterator[tuple[float, str, str]]:
        for i in range(self.table.rowCount()):
            item = self.table.item(i, 2)
            if item is not None:
                value, colour = item.data(Qt.ItemDataRole.UserRole)
                yield value, colour, item.text()


def _named(value: MaskValue, rule: LabelRule | None) -> str:
    """Return the class of a value by a person's rule, else by the proposal; "" for none."""
    if rule is None:
        return "" if value.meaning == "background" else value.meaning
    if not rule.values:
        return rule.names[0] if value.value > rule.threshold else ""
    return dict(zip(rule.values, rule.names, strict=True)).get(int(value.value), "")


def _shown(value: MaskValue) -> str:
    """Return a value as people write it: colours packed into numbers by their colour."""
    return value.colour if value.value >= COLOUR else f"{value.value:g}"
