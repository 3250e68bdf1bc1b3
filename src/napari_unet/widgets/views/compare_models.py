"""Models and human readers compared on the same cases: what to compare, and how it came out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_unet.events import Compared
from napari_unet.library import Entry
from napari_unet.widgets.parts.action import Action, Running
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Text
from napari_unet.widgets.views.compared import ComparedView

PATH, READER = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
LINES = 6  # of the list, at the most
HOW = (
    "Tick models, and add folders with the masks of human readers. "
    "All are compared with the first one that is ticked."
)


class ModelsView(QWidget):
    """A list to tick, a button, and the result."""

    compare_wanted = Signal(object, object)  # paths of models, folders of readers' masks
    cancel_wanted = Signal()
    reader_wanted = Signal()  # to be chosen by a dialog
    case_wanted = Signal(str)  # its name
    ticked = Signal()  # others than before
    report_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.how = Text(HOW)
        self.list = QListWidget()
        self.list.setAccessibleName("Models and readers to compare")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.add = QPushButton("Add reader…")
        self.add.setToolTip("Add a folder of masks, named like the images or their masks")
        self.remove = QPushButton("Remove reader")
        self.compare = Action("Co&mpare models and readers", "Score all that is ticked")
        self.running = Running()
        self.result = ComparedView()
        buttons = QHBoxLayout()
        buttons.addWidget(self.add)
        buttons.addWidget(self.remove)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.how)
        layout.addWidget(self.list)
        layout.addLayout(buttons)
        for widget in (self.compare, self.running, self.result):
            layout.addWidget(widget)
        self.list.itemChanged.connect(lambda _: self.ticked.emit())
        self.list.currentItemChanged.connect(lambda *_: self._check_remove())
        self.add.clicked.connect(lambda: self.reader_wanted.emit())
        self.remove.clicked.connect(self._remove)
        self.compare.clicked.connect(lambda: self.compare_wanted.emit(*self.chosen()))
        self.running.stop.connect(self.cancel_wanted)
        self.result.case_wanted.connect(self.case_wanted)
        self.result.report.clicked.connect(lambda: self.report_wanted.emit())
        self.set_models(())

    # --- setters ------------------------------------------------------------------------------

    def set_models(self, models: Sequence[Entry]) -> None:
        """Offer these models beside the readers; what was ticked stays so."""
        ticked = {*self.chosen()[0]}
        readers = [item for item in self._items() if item.data(READER)]
        kept = [(item.data(PATH), item.checkState()) for item in readers]
        self.list.blockSignals(True)
        self.list.clear()
        for model in models:
            if not model.error:
                self._put(model.name, model.path, False, model.path in ticked)
        for path, state in kept:
            self._put(_reader_name(path), path, True, state == Qt.CheckState.Checked)
        self.list.blockSignals(False)
        self._fit()

    def add_reader(self, folder: str) -> None:
        """Add a folder of masks, ticked; one that is there already is ticked."""
        for item in self._items():
            if item.data(READER) and item.data(PATH) == folder:
                item.setCheckState(Qt.CheckState.Checked)
                return
        self._put(_reader_name(folder), folder, True, True)
        self._fit()
        self.ticked.emit()

    def set_reason(self, reason: str) -> None:
        """Say why nothing can be compared now; empty if it can."""
        self.compare.set_reason(reason)

    def set_running(self, text: str, share: float | None, stopping: bool) -> None:
        """Show that a comparison runs."""
        self.running.set_running(text, share, stopping)

    def set_idle(self) -> None:
        """Show that no comparison runs."""
        self.running.set_idle()

    def set_compared(self, found: Compared | None, stale: str = "") -> None:
        """Show how it came out; ``stale`` says what it is of if not the open data set."""
        self.result.set_compared(found, stale)

    def chosen(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the models and the readers that are ticked."""
        ticked = [item for item in self._items() if item.checkState() == Qt.CheckState.Checked]
        models = tuple(item.data(PATH) for item in ticked if not item.data(READER))
        return models, tuple(item.data(PATH) for item in ticked if item.data(READER))

    # --- inside -------------------------------------------------------------------------------

    def _items(self) -> list[QListWidgetItem]:
        items = (self.list.item(i) for i in range(self.list.count()))
        return [item for item in items if item is not None]

    def _put(self, name: str, path: str, reader: bool, ticked: bool) -> None:
        item = QListWidgetItem(name)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        item.setToolTip(path)
        item.setData(PATH, path)
        item.setData(READER, reader)
        self.list.addItem(item)

    def _fit(self) -> None:
        """Be as high as there are lines, within bounds."""
        line = max(self.list.sizeHintForRow(0), self.fontMetrics().height() + 4)
        lines = min(max(self.list.count(), 2), LINES)
        self.list.setFixedHeight(lines * line + 2 * self.list.frameWidth() + 2)
        self._check_remove()

    def _check_remove(self) -> None:
        item = self.list.currentItem()
        reader = item is not None and bool(item.data(READER))
        self.remove.setEnabled(reader)
        why = (
            "Forget this folder; its files stay" if reader else "Choose a reader in the list first."
        )
        self.remove.setToolTip(why)

    def _remove(self) -> None:
        self.list.takeItem(self.list.currentRow())
        self._fit()
        self.ticked.emit()


def _reader_name(folder: str) -> str:
    return f"{Path(folder).name} (reader)"
