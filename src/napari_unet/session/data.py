"""The data set that is open, its cases and their order, its split, and what the check found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from psygnal import Signal

from napari_unet.data.cases import Case, Dataset
from napari_unet.events import AuditFinished


class DataState:
    """The part of a session that knows the data."""

    dataset_changed = Signal()
    split_changed = Signal()
    case_changed = Signal()
    audit_changed = Signal()
    corrections_changed = Signal()  # which corrections count as references

    def __init__(self) -> None:
        self.dataset: Dataset | None = None
        self.opening = ""
        self.subsets: Mapping[str, str] = {}
        self.split_source = ""
        self.split_notes: tuple[str, ...] = ()
        self.case: Case | None = None
        self.shown: tuple[Case, ...] = ()
        self.audit: AuditFinished | None = None
        self._places: dict[str, int] = {}

    def set_opening(self, what: str) -> None:
        """Say that a folder is being read; empty when that is over."""
        self.opening = what
        self.dataset_changed.emit()

    def set_dataset(self, dataset: Dataset | None) -> None:
        """Work on another dataset, or on none: no case is open; scores stay, as another's."""
        self.opening = ""
        self.dataset = dataset
        self.case = None
        self.subsets, self.split_source, self.split_notes = {}, "", ()
        self.audit = None
        self._set_shown(dataset.cases if dataset is not None else ())
        self.dataset_changed.emit()
        self.case_changed.emit()
        self.audit_changed.emit()

    def amend_dataset(self, dataset: Dataset) -> Case | None:
        """Take the same folder as it is understood now; return the open case if it is changed."""
        self.opening, self.dataset = "", dataset
        before, self.case = self.case, None
        if before is not None:
            self.case = next((c for c in dataset.cases if c.name == before.name), None)
        shown = {case.name for case in self.shown}
        self._set_shown([c for c in dataset.cases if c.name in shown] or dataset.cases)
        self.dataset_changed.emit()
        self.case_changed.emit()
        return self.case if self.case != before else None

    def set_subsets(
        self, subsets: Mapping[str, str], source: str, notes: Sequence[str] = ()
    ) -> None:
        """Say which case is in which subset, where that comes from, and what is wrong with it."""
        self.subsets, self.split_source, self.split_notes = dict(subsets), source, tuple(notes)
        self.split_changed.emit()

    def set_case(self, case: Case) -> None:
        """Remember which case the viewer shows."""
        self.case = case
        self.case_changed.emit()

    def replace_case(self, case: Case) -> None:
        """Take what is known of a case by now, such as its correction; nothing is read anew."""
        if self.dataset is None:
            return
        swap = {case.name: case}
        cases = tuple(swap.get(c.name, c) for c in self.dataset.cases)
        self.dataset = replace(self.dataset, cases=cases)
        self._set_shown([swap.get(c.name, c) for c in self.shown])
        if self.case is not None and self.case.name == case.name:
            self.case = case
        self.corrections_changed.emit()

    def leave_case(self) -> None:
        """Note that the viewer shows no case of the data set any more."""
        self.case = None
        self.case_changed.emit()

    def set_shown(self, cases: Sequence[Case]) -> None:
        """Say which cases a person has chosen to go through, and in which order."""
        self._set_shown(cases)
        self.case_changed.emit()

    def _set_shown(self, cases: Sequence[Case]) -> None:
        self.shown = tuple(cases)
        self._places = {case.name: i for i, case in enumerate(self.shown)}

    @property
    def place(self) -> int | None:
        """Where the open case stands among the shown ones, from 0; None if it does not."""
        return self._places.get(self.case.name) if self.case is not None else None

    @property
    def problems(self) -> dict[str, tuple[str, ...]]:
        """What the check found to be mended or looked at, by a case's name."""
        found: dict[str, tuple[str, ...]] = {}
        for finding in self.audit.findings if self.audit is not None else ():
            if finding.severity != "info":
                for name in finding.cases:
                    found[name] = (*found.get(name, ()), finding.kind)
        return found

    def neighbour(self, step: int) -> Case | None:
        """Return the case ``step`` places after the open one, None at either end."""
        if not self.shown:
            return None
        if self.place is None:
            return self.shown[0]
        i = self.place + step
        return self.shown[i] if 0 <= i < len(self.shown) else None

    def take_audit(self, event: AuditFinished) -> None:
        """Take in what a check found, unless another folder is open by now."""
        if self.dataset is not None and str(self.dataset.root) == event.folder:
            self.audit = event
            self.audit_changed.emit()
