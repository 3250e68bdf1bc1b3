"""What can be done with the chosen cases: the menu of a right click, and what it asks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import QObject, QUrl
from qtpy.QtGui import QDesktopServices, QGuiApplication
from qtpy.QtWidgets import QInputDialog, QMenu, QWidget

from napari_unet.data.cases import Case
from napari_unet.widgets.parts.qt import Signal

REASONS = ("image is damaged", "mask is wrong", "shown twice", "not of interest")


class CaseMenus(QObject):
    """Makes menus for cases; tells by signals what a person chose."""

    open_wanted = Signal(object)  # Case
    pair_wanted = Signal(object)  # Case
    patients_wanted = Signal(object)  # dict of a case's name → patient
    undo_wanted = Signal(object)  # cases
    leave_out_wanted = Signal(object, str)  # cases, reason

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._parent = parent

    def of(self, cases: Sequence[Case], every: Sequence[Case]) -> QMenu:
        """Return the menu of some cases; ``every`` is the whole data set."""
        menu, cases = QMenu(self._parent), tuple(cases)
        one = cases[0] if len(cases) == 1 else None
        if one is not None:
            menu.addAction("Open", lambda: self.open_wanted.emit(one))
            menu.addAction("Change mask…", lambda: self.pair_wanted.emit(one))
        menu.addAction("Same patient…", lambda: self._same_patient(cases, every))
        if one is None:
            menu.addAction("Each a patient of its own", lambda: self._own_patients(cases))
        menu.addAction("Undo changes by hand", lambda: self.undo_wanted.emit(cases))
        menu.addSeparator()
        many = "" if one is not None else f" {len(cases)} cases"
        menu.addAction(f"Leave out{many}…", lambda: self.leave_out(cases))
        menu.addSeparator()
        if one is not None:
            menu.addAction("Show in file manager", lambda: _show_file(one.image))
        paths = "\n".join(str(case.image) for case in cases)
        menu.addAction("Copy path" if one is not None else "Copy paths", lambda: _copy(paths))
        return menu

    def leave_out(self, cases: Sequence[Case], why: str = REASONS[0]) -> None:
        """Ask why, since whoever finds the case missing later wants to know."""
        reasons = list(dict.fromkeys((why, *REASONS)))
        what = cases[0].name if len(cases) == 1 else f"{len(cases)} cases"
        reason, sure = QInputDialog.getItem(
            self._parent, "Leave out", f"Why shall {what} take no part?", reasons, 0, True
        )
        if sure and reason.strip():
            self.leave_out_wanted.emit(tuple(cases), reason.strip())

    def _same_patient(self, cases: Sequence[Case], every: Sequence[Case]) -> None:
        """Ask for the patient of these cases: one there is, or another."""
        known = sorted({case.patient for case in every})
        first = known.index(cases[0].patient)
        patient, sure = QInputDialog.getItem(
            self._parent, "Same patient", "Whose images are these?", known, first, True
        )
        if sure and patient.strip():
            self.patients_wanted.emit({case.name: patient.strip() for case in cases})

    def _own_patients(self, cases: Sequence[Case]) -> None:
        self.patients_wanted.emit({case.name: case.name for case in cases})


def _show_file(path: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))


def _copy(text: str) -> None:
    clipboard = QGuiApplication.clipboard()
    if clipboard is not None:
        clipboard.setText(text)
