"""The Models dock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QFileDialog, QInputDialog

from napari_unet import library
from napari_unet.session import Message
from napari_unet.widgets.commands import show_segment_dock
from napari_unet.widgets.docks.dock import Dock
from napari_unet.widgets.views.model_rows import ModelRow
from napari_unet.widgets.views.models import ModelsView, Target


class ModelsDock(Dock):
    """Look through the library of models, and put it in order."""

    place = "models"

    def __init__(self, napari_viewer: Any) -> None:
        self.view = view = ModelsView(library.formats.is_readable)
        self._viewer = napari_viewer
        super().__init__(napari_viewer, view)
        catalogue, self.librarian = self.desk.catalogue, self.desk.librarian
        view.use_wanted.connect(self._use)
        view.import_wanted.connect(self._import)
        view.files_dropped.connect(self._add)
        view.export_wanted.connect(self._export)
        view.rename_wanted.connect(self._rename)
        view.remove_wanted.connect(self._ask_remove)
        view.undo_wanted.connect(self._undo)
        view.verify_wanted.connect(lambda row: self.librarian.verify(row.entry))
        view.show_wanted.connect(_show_folder)
        view.cancel_wanted.connect(self.librarian.stop)
        view.pictures_wanted.connect(catalogue.ask_pictures)
        view.set_targets(targets())
        self.listen(catalogue.changed, self._show_models)
        self.listen(catalogue.pictures_read, view.set_pictures)
        self.listen(self.librarian.changes_changed, self._show_undo)
        self.listen(self.desk.session.busy_changed, self._show_busy)
        self._show_models()
        self._show_busy()
        self._show_undo()

    # --- what a person does -------------------------------------------------------------------

    def _use(self, row: ModelRow) -> None:
        self.desk.use_model(row.path, self.place)
        show_segment_dock(self._viewer)

    def _import(self) -> None:
        readable = [f for f in library.FORMATS if f.read]
        every = " ".join(f"*{suffix}" for f in readable for suffix in f.suffixes)
        each = (f"{f.title} ({' '.join(f'*{s}' for s in f.suffixes)})" for f in readable)
        pattern = ";;".join([f"Models ({every})", *each, "All files (*)"])
        files, chosen = QFileDialog.getOpenFileNames(self, "Import models", "", pattern)
        form = next((f.name for f in readable if chosen.startswith(f"{f.title} (")), "")
        self._add(files, form)

    def _add(self, files: list[str], form: str = "") -> None:
        for file in files:
            self.librarian.add(file, self.view.choose, form)

    def _export(self, row: ModelRow, name: str) -> None:
        form = library.formats.named(name)
        if missing := library.formats.missing(form):
            self.desk.session.set_message(self.place, Message(missing, "warning"))
            return
        endings = " ".join(f"*{suffix}" for suffix in form.suffixes)
        start = f"{row.name}{form.suffix}"
        given, _ = QFileDialog.getSaveFileName(
            self, "Export the model", start, f"{form.title} ({endings})"
        )
        if not given:
            return
        path = library.formats.with_ending(given, form)
        if path != given and Path(path).exists():  # the dialog asked about another name
            self._ask_replace(row, path, name)
        else:
            self.librarian.export(row.entry, path, name)

    def _ask_replace(self, row: ModelRow, path: str, name: str) -> None:
        def export() -> None:
            self._show_undo()
            self.librarian.export(row.entry, path, name)

        self.view.question.ask(
            f"{path} exists. It would be kept under a dated name.",
            {"Export": export, "Cancel": self._show_undo},
            focus=True,
        )

    def _rename(self, row: ModelRow) -> None:
        name, agreed = QInputDialog.getText(self, "Rename the model", "New name:", text=row.name)
        if not agreed or name.strip() == row.name:
            return
        if path := self.librarian.rename(row.entry, name.strip()):
            self.view.choose(path)

    def _ask_remove(self, row: ModelRow) -> None:
        self.view.question.ask(
            f"Remove {row.name} from the library? It can be brought back.",
            {"Remove": lambda: self._remove(row), "Keep": self._show_undo},
            focus=True,
        )

    def _remove(self, row: ModelRow) -> None:
        self.librarian.remove(row.entry)
        self.view.cards.setFocus()

    def _undo(self) -> None:
        if path := self.librarian.undo():
            self.view.choose(path)
            self.view.cards.setFocus()

    # --- what is shown ------------------------------------------------------------------------

    def _show_models(self) -> None:
        self.view.set_models(self.desk.catalogue.rows)

    def _show_busy(self) -> None:
        self.show_running(self.view)
        self.view.set_reason(self.desk.session.lane_reason(self.librarian.runner.lane))

    def _show_undo(self) -> None:
        changes = self.librarian.changes
        if not changes:
            self.view.question.show_message("")
            return
        self.view.question.ask(
            changes[-1].said,
            {"Undo (Ctrl+Z)": self._undo, "Dismiss": self.librarian.forget_changes},
        )


def targets() -> list[Target]:
    """Return the formats that a model can be exported to."""
    missing = library.formats.missing
    return [Target(f.name, f.title, missing(f)) for f in library.FORMATS if f.write]


def _show_folder(row: ModelRow) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(row.path).parent)))
