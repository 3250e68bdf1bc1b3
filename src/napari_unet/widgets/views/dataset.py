"""The Dataset view: choose a folder, see the pairs and the reason for each, open a case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QWidget

from napari_unet.data.cases import SUBSETS, Dataset
from napari_unet.events import AuditFinished
from napari_unet.quantities import plural
from napari_unet.widgets.parts.fold import Fold
from napari_unet.widgets.parts.page import Page, tab_as_laid_out
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Elided, Text
from napari_unet.widgets.views.audit import AuditPanel
from napari_unet.widgets.views.cases import CaseList
from napari_unet.widgets.views.classes import ClassesFold
from napari_unet.widgets.views.left_out import LeftOutFold
from napari_unet.widgets.views.manage import ManageFold

START = (
    "Choose a folder of images and masks, or drop one here. The images stay where they are and "
    "are never changed. To try things out, take the sample data."
)
CHOSEN = "classes as chosen by hand"  # how the data set's note begins
LISTED = 200  # files left out that are named one by one


class DatasetView(Page):
    """Shows a dataset's cases."""

    folder_chosen = Signal(str)
    browse = Signal()
    sample_wanted = Signal()
    fetch_wanted = Signal()
    close_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self.browse_button = QPushButton("&Open folder…")
        self.browse_button.setToolTip("Choose a folder of images and masks")
        self.sample_button = QPushButton("Sa&mple data")
        self.sample_button.setToolTip("Make a small set of artificial MR images with tumours")
        self.fetch_button = QPushButton("&Get…")
        self.fetch_button.setToolTip("Download a known data set, or one from an address")
        self.path = Elided()
        self.close_button = QToolButton()
        self.close_button.setText("✕")
        self.close_button.setAutoRaise(True)
        self.close_button.setToolTip("Close this data set and the case that is open")
        self.close_button.setAccessibleName("Close the data set")
        self.summary = Text(START)
        self.split = Text()
        self.cases = CaseList()
        self.notes = Fold("Notes")
        self.notes_text = Text()
        self.notes.rows.addWidget(self.notes_text)
        self.audit = AuditPanel()
        self.check = Fold("Check data")
        self.check.rows.addWidget(self.audit)
        self.left_out = LeftOutFold()
        self.manage = ManageFold()
        self.classes = ClassesFold()
        self._lay_out()
        self._connect()
        self.set_dataset(None)
        tab_as_laid_out(self)

    # --- setters ------------------------------------------------------------------------------

    def set_opening(self, what: str) -> None:
        """Say that a folder is being read; empty when that is over."""
        for widget in (self.browse_button, self.sample_button, self.fetch_button):
            widget.setEnabled(not what)
            widget.setToolTip(what)
        if what:
            self.summary.set_text(what)

    def set_dataset(self, dataset: Dataset | None, same: bool = False) -> None:
        """Show a dataset, or what to do when there is none.

        ``same`` means that it is the one that is shown, with some of its cases changed.
        """
        known = dataset is not None and len(dataset) > 0
        self.cases.setVisible(known)
        self.check.setVisible(known)
        self.manage.setVisible(known)
        self.classes.setVisible(known)
        if dataset is not None:
            chosen = any(note.startswith(CHOSEN) for note in dataset.notes)
            self.classes.set_classes(dataset.labels, chosen)
        self.left_out.set_left_out(dataset.left_out if dataset is not None else ())
        if not same:
            self.split.set_text("")
        self.path.setVisible(dataset is not None)
        self.close_button.setVisible(dataset is not None)
        if dataset is None:
            self.summary.set_text(START)
            self._set_notes(())
            return
        self.path.set_text(str(dataset.root))
        self.summary.set_text(_summary(dataset))
        self.cases.set_cases(dataset.cases, same)
        self._set_notes([*dataset.notes, *_left_out(dataset)])

    def set_audit(self, audit: AuditFinished | None, problems: Mapping[str, Sequence[str]]) -> None:
        """Show what the check of the data found, in all and by a case's name."""
        self.audit.set_audit(audit)
        tab_as_laid_out(self)
        self.cases.set_problems(problems)
        grave = sum(f.severity != "info" for f in audit.findings) if audit is not None else 0
        self.check.set_title(f"Check data: {grave} to look at" if grave else "Check data")

    def set_subsets(self, subsets: Mapping[str, str], source: str) -> None:
        """Show which case is in which subset, and where that comes from."""
        self.cases.set_subsets(subsets)
        counts = Counter(row.subset for row in self.cases.table.rows.given)
        numbers = ", ".join(f"{counts[s]:,} {s}" for s in SUBSETS if counts[s])
        self.split.set_text(f"{source}: {numbers}." if numbers else "")

    # --- inside -------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        choose = QHBoxLayout()
        choose.addWidget(self.browse_button)
        choose.addWidget(self.sample_button)
        choose.addWidget(self.fetch_button)
        opened = QHBoxLayout()
        opened.addWidget(self.path, 1)
        opened.addWidget(self.close_button)
        self.body.addLayout(choose)
        self.body.addLayout(opened)
        folds = (self.notes, self.check, self.manage, self.classes, self.left_out)
        for widget in (self.summary, self.split, *folds):
            self.body.addWidget(widget)
        self.body.addWidget(self.cases, 1)
        self.body.addStretch(0)

    def _connect(self) -> None:
        self.browse_button.clicked.connect(lambda: self.browse.emit())
        self.sample_button.clicked.connect(lambda: self.sample_wanted.emit())
        self.fetch_button.clicked.connect(lambda: self.fetch_wanted.emit())
        self.close_button.clicked.connect(lambda: self.close_wanted.emit())
        self.audit.cases_wanted.connect(self.cases.show_named)
        self.audit.leave_out_wanted.connect(self._leave_out)

    def _leave_out(self, names: Sequence[str], why: str) -> None:
        named = set(names)
        cases = [r.case for r in self.cases.table.rows.given if r.case.name in named]
        if cases:
            self.cases.menus.leave_out(cases, why)

    def _set_notes(self, notes: Sequence[str]) -> None:
        self.notes.setVisible(bool(notes))
        self.notes.set_title(plural(len(notes), "note"))
        self.notes_text.set_text("\n".join(f"• {n}" for n in notes))

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:  # noqa: N802
        """Accept a folder, or a file for the folder it lies in."""
        if event is not None and _dropped(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:  # noqa: N802
        """Open what was dropped."""
        if event is not None and (folder := _dropped(event)):
            event.acceptProposedAction()
            self.folder_chosen.emit(folder)


def _dropped(event: QDropEvent) -> str:
    mime = event.mimeData()
    urls = mime.urls() if mime is not None else []
    path = Path(urls[0].toLocalFile()) if urls and urls[0].isLocalFile() else None
    if path is None or not path.exists():
        return ""
    return str(path if path.is_dir() else path.parent)


def _summary(dataset: Dataset) -> str:
    if not len(dataset):
        return "No pairs of image and mask were found here. Choose another folder."
    colour = "colour" if dataset.channels == 3 else "grey"
    source = dataset.patient_source
    known = not source.startswith("unknown")
    patients = f"{dataset.patients} patients ({source})" if known else f"Patients {source}"
    classes = ", ".join(dataset.labels.names)
    return (
        f"{len(dataset)} {colour} images with masks. {patients}. Classes: {classes}. "
        f"Paired by: {dataset.rule}."
    )


def _left_out(dataset: Dataset) -> list[str]:
    lines = [f"Left out: {_short(dataset.root, u.path)}: {u.reason}" for u in dataset.unpaired]
    more = len(lines) - LISTED
    return lines if more <= 0 else [*lines[:LISTED], f"… and {more} more files left out."]


def _short(root: Path, path: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
