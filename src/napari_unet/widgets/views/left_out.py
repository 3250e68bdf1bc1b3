"""The cases that a person left out, each with its reason and a button to put it back."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QListWidget, QListWidgetItem, QPushButton, QWidget

from napari_unet.data.cases import LeftOut
from napari_unet.widgets.parts.fold import Fold
from napari_unet.widgets.parts.qt import Signal


class LeftOutFold(Fold):
    """A list that is there only if something was left out."""

    put_back_wanted = Signal(object)  # names

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Left out", parent)
        self.list = QListWidget()
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.list.setMaximumHeight(120)
        self.list.setAccessibleName("Cases left out")
        self.back = QPushButton("Put back")
        self.back.setToolTip("Let the chosen cases take part again; all, if none is chosen")
        self.back.clicked.connect(self._put_back)
        self.rows.addWidget(self.list)
        self.rows.addWidget(self.back)
        self.hide()

    def set_left_out(self, cases: Sequence[LeftOut]) -> None:
        """Show these cases."""
        self.list.clear()
        for case in cases:
            item = QListWidgetItem(f"{case.name}: {case.reason}")
            item.setToolTip(f"{case.name}\n{case.reason}\nsince {case.since}")
            item.setData(Qt.ItemDataRole.UserRole, case.name)
            self.list.addItem(item)
        self.set_title(f"{len(cases)} left out by hand")
        self.setVisible(bool(cases))

    def _put_back(self) -> None:
        every = [self.list.item(i) for i in range(self.list.count())]
        chosen = self.list.selectedItems() or [item for item in every if item is not None]
        self.put_back_wanted.emit([item.data(Qt.ItemDataRole.UserRole) for item in chosen])
