"""What can be changed about pairs, patients and the split, folded away until it is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from napari_unet.config import SplitConfig
from napari_unet.widgets.parts.action import push_button
from napari_unet.widgets.parts.fold import Fold
from napari_unet.widgets.parts.form import Form
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.strip import Strip
from napari_unet.widgets.parts.text import Text

TABLES = "Tables (*.csv *.tsv);;All files (*)"
SPLITS = "Splits (*.json *.csv *.tsv *.txt);;All files (*)"
HOW = "To change a pair or a patient, right-click its case in the table."


class ManagePanel(QWidget):
    """Buttons and settings for pairs, patients and the split."""

    pairs_import_wanted = Signal(str)  # a table
    pairs_export_wanted = Signal(str)  # a table to be written
    merge_wanted = Signal(bool)
    split_changed = Signal(object)  # SplitConfig
    folders_wanted = Signal(str)  # a folder to be made

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.import_pairs = push_button("Import pairs…", "Take the pairs of a table instead")
        self.export_pairs = push_button("Export pairs…", "Write the pairs with their reasons")
        self.merge = QCheckBox("P1a and P1b are one patient")
        self.merge.setToolTip("Ids that differ only in a letter at their end count as one person")
        self.merge.setChecked(True)
        self.form: Form[SplitConfig] = Form(SplitConfig(), without=("file",))
        self.file = Text()
        self.use_file = push_button(
            "Use split file…", "Keep to a split that you have; it is checked"
        )
        self.no_file = push_button("Forget file", "Divide by the settings above again")
        self.export = push_button("Export folders…", "Copy the cases into train, val and test")
        self.notes = Strip()
        self.notes.close_button.hide()
        self._lay_out()
        self._connect()
        self.set_split(SplitConfig(), ())

    def set_split(self, split: SplitConfig, notes: Sequence[str]) -> None:
        """Show the split that is planned; ``notes`` say what is wrong with it, leaks by name."""
        self.form.blockSignals(True)
        self.form.set_value(split)
        self.form.blockSignals(False)
        self.file.set_text(f"Split file: {split.file}" if split.file else "")
        self.no_file.setVisible(bool(split.file))
        self.form.setEnabled(not split.file)
        leak = any("leak" in note.casefold() for note in notes)
        self.notes.show_message("\n".join(notes), "error" if leak else "warning")
        self.notes.close_button.hide()

    def set_merge(self, merge: bool) -> None:
        """Show whether ids that differ in a last letter are one patient."""
        self.merge.setChecked(merge)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(Text(HOW))
        layout.addLayout(_row(self.import_pairs, self.export_pairs))
        layout.addWidget(self.merge)
        layout.addWidget(self.form)
        layout.addWidget(self.file)
        layout.addLayout(_row(self.use_file, self.export))
        layout.addWidget(self.no_file)
        layout.addWidget(self.notes)

    def _connect(self) -> None:
        self.merge.clicked.connect(self.merge_wanted.emit)
        self.form.value_changed.connect(lambda: self.split_changed.emit(self.form.value()))
        self.import_pairs.clicked.connect(self._import_pairs)
        self.export_pairs.clicked.connect(self._export_pairs)
        self.use_file.clicked.connect(self._use_file)
        self.no_file.clicked.connect(lambda: self._set_file(""))
        self.export.clicked.connect(self._export)

    def _import_pairs(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Import pairs", "", TABLES)
        if path:
            self.pairs_import_wanted.emit(path)

    def _export_pairs(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Export pairs", "pairs.csv", TABLES)
        if path:
            self.pairs_export_wanted.emit(path)

    def _use_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Use a split file", "", SPLITS)
        if path:
            self._set_file(path)

    def _set_file(self, path: str) -> None:
        self.split_changed.emit(replace(self.form.value(), file=path))

    def _export(self) -> None:
        target = QFileDialog.getExistingDirectory(self, "Choose an empty folder for the copies")
        if target:
            self.folders_wanted.emit(target)


class ManageFold(Fold):
    """The panel, folded away."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Pairs, patients and split", parent)
        self.panel = ManagePanel()
        self.rows.addWidget(self.panel)

    def set_split(self, split: SplitConfig, notes: Sequence[str]) -> None:
        """Show the split; the title says so if something is wrong with it."""
        self.panel.set_split(split, notes)
        self.set_title(f"Pairs, patients and split{': look here' if notes else ''}")


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget)
    return row
