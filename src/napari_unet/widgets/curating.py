"""What a person decides about the open data set: cases, pairs, patients, classes; and copies of it.

The decisions themselves are made in ``data.amendments``, in threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_unet.data.cases import Case, Dataset
from napari_unet.errors import UnetError, readable
from napari_unet.session import Message, Session
from napari_unet.widgets.amending import Amender
from napari_unet.widgets.background import Background
from napari_unet.widgets.dividing import Divider

if TYPE_CHECKING:
    from napari_unet.data.masks.survey import MaskAudit


class Curator:
    """Keeps what a person decides about the data set."""

    values_found = Signal(object)  # MaskAudit

    def __init__(self, session: Session, amender: Amender, divider: Divider) -> None:
        self.session, self.divider = session, divider
        self._amend = amender.amend
        self._reports, self._masks = Background(), Background()

    # --- cases left out -----------------------------------------------------------------------

    def leave_out(self, cases: Sequence[Case], reason: str) -> None:
        """Leave cases out from now on."""
        from napari_unet.data.audit.leftout import leave_out

        names = [case.name for case in cases]
        self._amend("leaving out", lambda dataset: leave_out(dataset, names, reason))

    def put_back(self, names: Sequence[str]) -> None:
        """Let cases take part again."""
        from napari_unet.data.amendments import put_back

        self._amend("putting back", lambda dataset: put_back(dataset, names))

    # --- pairs and patients -------------------------------------------------------------------

    def set_masks(self, case: Case, masks: Sequence[Path]) -> None:
        """Give an image other masks; without any, the pair is taken apart."""
        from napari_unet.data.amendments import set_masks

        self._amend("changing a pair", lambda dataset: set_masks(dataset, case, masks))

    def set_patients(self, patients: Mapping[str, str]) -> None:
        """Say, by the cases' names, whose they are."""
        from napari_unet.data.amendments import set_patients

        self._amend("changing patients", lambda dataset: set_patients(dataset, patients))

    def merges_letters(self) -> bool:
        """Say whether ids of patients that differ only in a last letter are one person."""
        dataset = self.session.dataset
        if dataset is None:
            return True
        from napari_unet.data.pairing.edits import load_edits

        try:
            return load_edits(dataset.root).merge_letters
        except UnetError:  # a damaged file was said when the folder was opened
            return True

    def merge_letters(self, merge: bool) -> None:
        """Say whether ids of patients that differ only in a last letter are one person."""
        from napari_unet.data.amendments import merge_letters

        self._amend("grouping patients", lambda dataset: merge_letters(dataset, merge))

    def set_axes(self, axes: str) -> None:
        """Say what the images' stored axes are; empty to have them guessed again."""
        from napari_unet.data.amendments import set_axes

        self._amend("reading the images anew", lambda dataset: set_axes(dataset, axes))

    def import_pairs(self, path: str) -> None:
        """Take the pairs and patients of a table instead of those that were found."""
        from napari_unet.data.amendments import take_pairs

        self._amend("reading pairs", lambda dataset: take_pairs(dataset, path))

    def undo(self, cases: Sequence[Case]) -> None:
        """Forget what was changed by hand about these cases' pairs and patients."""
        from napari_unet.data.amendments import undo

        self._amend("undoing changes", lambda dataset: undo(dataset, cases))

    # --- what masks mean ----------------------------------------------------------------------

    def look_at_masks(self) -> None:
        """Find the values that the masks hold, and what the program proposes."""
        dataset = self.session.dataset
        if dataset is None:
            return

        def work() -> MaskAudit:
            from napari_unet.data.dataset import scattered
            from napari_unet.data.masks.survey import audit_masks

            return audit_masks(case.mask for case in scattered(dataset.cases))

        def found(values: MaskAudit) -> None:
            now = self.session.dataset
            if now is not None and now.root == dataset.root:  # else nobody wants to know
                self.values_found.emit(values)

        self._masks.run("looking at masks", work, found, self._failed)

    def set_classes(self, names: Mapping[float, str], colours: Mapping[float, str]) -> None:
        """Say what class each value of the masks stands for; an empty name is background."""
        from napari_unet.data.amendments import set_classes

        self._amend("reading masks anew", lambda dataset: set_classes(dataset, names, colours))

    def find_classes(self) -> None:
        """Read the masks as the program proposes."""
        from napari_unet.data.amendments import find_classes

        self._amend("reading masks anew", find_classes)

    # --- tables and folders -------------------------------------------------------------------

    def export_pairs(self, path: str) -> None:
        """Write the pairs as a table."""

        def work(dataset: Dataset) -> str:
            from napari_unet.data.pairing.pairs_table import write_pairs

            return f"Saved {write_pairs(path, dataset)}"

        self._report(f"writing {path}", work)

    def export_folders(self, target: str) -> None:
        """Copy the cases of the split into folders ``train``, ``val`` and ``test``."""
        path, config = self.divider.kept(), self.divider.split

        def work(dataset: Dataset) -> str:
            from napari_unet.data.splits.export import export_split
            from napari_unet.data.splits.split import load, split_path
            from napari_unet.data.splits.splitting import divided

            split = load(split_path(path)) if path else divided(dataset, config)[0]
            copied = max(done for done, _ in export_split(dataset, split, target))
            return f"Copied {copied:,} cases into {target}"

        self._report(f"copying into {target}", work)

    # --- inside -------------------------------------------------------------------------------

    def _report(self, title: str, work: Callable[[Dataset], str]) -> None:
        """Do something with the data set in a thread and say what was done."""
        dataset = self.session.dataset
        if dataset is None:
            return

        def done(text: str) -> None:
            self.session.set_message("dataset", Message(text, "info"))

        self.session.set_message("dataset", Message())
        self._reports.run(title, lambda: work(dataset), done, self._failed)

    def _failed(self, error: Exception) -> None:
        self.session.fail("dataset", readable(error))
