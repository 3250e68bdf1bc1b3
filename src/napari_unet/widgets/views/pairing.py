"""Choosing the mask of an image by hand, among the files without a pair and all other masks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from qtpy.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from napari_unet.data.cases import Case, Dataset
from napari_unet.widgets.parts.table import Column, Table
from napari_unet.widgets.parts.text import Text

ROLES = QDialogButtonBox.ButtonRole


@dataclass(frozen=True)
class Candidate:
    """A file that may be the mask, and what is known of it."""

    path: Path
    shown: str
    state: str


COLUMNS = (
    Column("File", lambda c: c.shown, tooltip=lambda c: f"{c.path}\n{c.state}"),
    Column("Now", lambda c: c.state, tooltip=lambda c: c.state),
)


class PairDialog(QDialog):
    """Asks for the mask files of one image; ``masks`` has the answer."""

    def __init__(self, case: Case, dataset: Dataset, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Change mask")
        self.masks: tuple[Path, ...] = ()
        self.text = Text(
            f"Which file is the mask of {case.name}? Choose several with Ctrl or Shift where each "
            "object has a file of its own."
        )
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search files")
        self.search.setClearButtonEnabled(True)
        self.table = Table(COLUMNS, many=True)
        self.table.set_widths("masks/case_000_mask.png", "mask of images/case_000", grow=1)
        self.table.rows.set_rows(candidates(case, dataset))
        self.buttons = QDialogButtonBox()
        self.use = self.buttons.addButton("Use as mask", ROLES.AcceptRole)
        self.apart = self.buttons.addButton("No mask", ROLES.DestructiveRole)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        layout = QVBoxLayout(self)
        for widget in (self.text, self.search, self.table, self.buttons):
            layout.addWidget(widget)
        self.resize(560, 480)
        self._connect(case)

    def _connect(self, case: Case) -> None:
        self.search.textChanged.connect(self.table.found.set_search)
        self.table.doubleClicked.connect(lambda _: self._use())
        self.buttons.accepted.connect(self._use)
        self.buttons.rejected.connect(self.reject)
        selection = self.table.selectionModel()
        if selection is not None:
            selection.selectionChanged.connect(lambda *_: self._check())
        if self.apart is not None:
            self.apart.setToolTip("Take the pair apart: the image takes no part")
            self.apart.clicked.connect(self.accept)
        now = case.masks or (case.mask,)
        self.table.select(lambda candidate: candidate.path in now)
        self._check()

    def _check(self) -> None:
        if self.use is not None:
            self.use.setEnabled(bool(self.table.chosen()))

    def _use(self) -> None:
        self.masks = tuple(candidate.path for candidate in self.table.chosen())
        if self.masks:
            self.accept()


def candidates(case: Case, dataset: Dataset) -> list[Candidate]:
    """Return what may be the mask of a case: its own, files without a pair, others' masks."""
    found = dict.fromkeys(case.masks or (case.mask,), "its mask now")
    for file in dataset.unpaired:
        found.setdefault(file.path, file.reason)
    for other in dataset.cases:
        for path in other.masks or (other.mask,):
            found.setdefault(path, f"mask of {other.name}")
    found.pop(case.image, None)
    return [
        Candidate(path, _below(path, dataset.root), state)
        for path, state in _readable(found.items())
    ]


def _readable(found: Iterable[tuple[Path, str]]) -> Iterable[tuple[Path, str]]:
    """Leave out files that are no images, such as tables and texts."""
    from napari_unet.data.formats import is_supported

    return ((path, state) for path, state in found if is_supported(path) or path.is_dir())


def _below(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
