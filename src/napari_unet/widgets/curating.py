"""What a person decides about the open data set, and the check that tells what to decide about.

Nothing in the data's own folder is touched: decisions are kept in the workspace, and the folder is
understood anew with them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_unet import workspace
from napari_unet.config import SplitConfig
from napari_unet.data.cases import Case, Dataset
from napari_unet.errors import UnetError, readable
from napari_unet.jobs import AuditJob, Job
from napari_unet.session import PLANNED, Message, Session
from napari_unet.widgets.loading import Loader
from napari_unet.widgets.runner import Background, Runner

if TYPE_CHECKING:
    from napari_unet.data.masks.survey import MaskAudit


class Curator:
    """Checks the data set and keeps what a person decides about it."""

    values_found = Signal(object)  # MaskAudit

    def __init__(self, session: Session, loader: Loader, runner: Runner) -> None:
        self.session, self.loader, self.runner = session, loader, runner
        self._thread, self._masks = Background(), Background()

    # --- the check ----------------------------------------------------------------------------

    def reason(self) -> str:
        """Say why the data cannot be checked now; empty if they can."""
        if busy := self.session.busy.get(self.runner.lane):
            return f"Busy: {busy.title}."
        return "" if self.session.dataset is not None else "Open a folder first."

    def check(self) -> None:
        """Look at every pixel of the data set, in the background."""
        dataset = self.session.dataset
        if dataset is None or self.reason():
            return
        model, planned = self.session.model, self.session.split_source == PLANNED
        path, split = model.path if model is not None and not planned else "", self.loader.split

        def make() -> Job:
            return AuditJob(str(dataset.root), path or _planned(dataset, split))

        self.runner.start(make, f"checking {dataset.root.name}", "dataset")

    def stop(self) -> None:
        """Stop the check."""
        self.runner.stop()

    # --- cases left out -----------------------------------------------------------------------

    def leave_out(self, cases: Sequence[Case], reason: str) -> None:
        """Leave cases out from now on."""
        from napari_unet.data.audit import leftout

        names = [case.name for case in cases]
        self._amend("leaving out", lambda dataset: leftout.leave_out(dataset, names, reason))

    def put_back(self, names: Sequence[str]) -> None:
        """Let cases take part again."""
        from napari_unet.data.audit import leftout

        def work(dataset: Dataset) -> Dataset:
            leftout.put_back(dataset.root, names)
            return _again(dataset)

        self._amend("putting back", work)

    # --- pairs and patients -------------------------------------------------------------------

    def set_masks(self, case: Case, masks: Sequence[Path]) -> None:
        """Give an image other masks; without any, the pair is taken apart."""

        def work(dataset: Dataset) -> Dataset:
            from napari_unet.data.pairing.edits import load_edits, save_edits

            image, *given = (_below(p, dataset.root) for p in (case.image, *masks))
            save_edits(dataset.root, load_edits(dataset.root).paired(image, *given))
            return _again(dataset)

        self._amend("changing a pair", work)

    def set_patients(self, patients: Mapping[str, str]) -> None:
        """Say, by the cases' names, whose they are."""

        def work(dataset: Dataset) -> Dataset:
            from napari_unet.data.pairing.edits import load_edits, patients_edited, save_edits

            edits = load_edits(dataset.root)
            save_edits(dataset.root, patients_edited(edits, dataset, patients))
            return _again(dataset)

        self._amend("changing patients", work)

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

        def work(dataset: Dataset) -> Dataset:
            from napari_unet.data.pairing.edits import load_edits, save_edits

            save_edits(dataset.root, replace(load_edits(dataset.root), merge_letters=merge))
            return _again(dataset)

        self._amend("grouping patients", work)

    def set_axes(self, axes: str) -> None:
        """Say what the images' stored axes are; empty to have them guessed again."""

        def work(dataset: Dataset) -> Dataset:
            from napari_unet.data.pairing.edits import load_edits, save_edits

            save_edits(dataset.root, replace(load_edits(dataset.root), axes=axes))
            return _again(dataset)

        self._amend("reading the images anew", work)

    def import_pairs(self, path: str) -> None:
        """Take the pairs and patients of a table instead of those that were found."""

        def work(dataset: Dataset) -> Dataset:
            from napari_unet.data.dataset import open_dataset
            from napari_unet.data.pairing.edits import load_edits, save_edits

            root = dataset.root
            listed = open_dataset(root, pairs=path, edited=False)
            masks: dict[str, tuple[str, ...]] = {_below(c.image, root): () for c in dataset.cases}
            for case in listed.cases:
                given = case.masks or (case.mask,)
                masks[_below(case.image, root)] = tuple(_below(m, root) for m in given)
            edits = replace(load_edits(root), masks=masks)
            save_edits(
                root,
                edits.with_patients({_below(c.image, root): c.patient for c in listed.cases}),
            )
            return _again(dataset)

        self._amend("reading pairs", work)

    def undo(self, cases: Sequence[Case]) -> None:
        """Forget what was changed by hand about these cases' pairs and patients."""

        def work(dataset: Dataset) -> Dataset:
            from napari_unet.data.pairing.edits import load_edits, save_edits

            edits = load_edits(dataset.root)
            for case in cases:
                edits = edits.undone(_below(case.image, dataset.root))
            save_edits(dataset.root, edits)
            return _again(dataset)

        self._amend("undoing changes", work)

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

        self._masks.run("looking at masks", work, self.values_found.emit, self._failed)

    def set_classes(self, names: Mapping[float, str], colours: Mapping[float, str]) -> None:
        """Say what class each value of the masks stands for; an empty name is background."""

        def work(dataset: Dataset) -> Dataset:
            from napari_unet.data.masks.meaning import rule_from, save_rule

            save_rule(dataset.root, rule_from(names, colours))
            return _again(dataset)

        self._amend("reading masks anew", work)

    def find_classes(self) -> None:
        """Read the masks as the program proposes."""

        def work(dataset: Dataset) -> Dataset:
            from napari_unet.data.masks.meaning import save_rule

            save_rule(dataset.root, None)
            return _again(dataset)

        self._amend("reading masks anew", work)

    # --- tables and folders -------------------------------------------------------------------

    def export_pairs(self, path: str) -> None:
        """Write the pairs as a table."""

        def work(dataset: Dataset) -> str:
            from napari_unet.data.pairing.pairs_table import write_pairs

            return f"Saved {write_pairs(path, dataset)}"

        self._report(f"writing {path}", work)

    def export_folders(self, target: str) -> None:
        """Copy the cases of the split into folders ``train``, ``val`` and ``test``."""
        model, planned = self.session.model, self.session.split_source == PLANNED
        path, config = model.path if model is not None and not planned else "", self.loader.split

        def work(dataset: Dataset) -> str:
            from napari_unet.data.splits.export import export_split
            from napari_unet.data.splits.split import load, split_path
            from napari_unet.data.splits.splitting import divided

            split = load(split_path(path)) if path else divided(dataset, config)[0]
            copied = max(done for done, _ in export_split(dataset, split, target))
            return f"Copied {copied:,} cases into {target}"

        self._report(f"copying into {target}", work)

    # --- inside -------------------------------------------------------------------------------

    def _amend(self, title: str, work: Callable[[Dataset], Dataset]) -> None:
        """Change the data set in a thread and show what came of it."""
        dataset = self.session.dataset
        if dataset is None:
            return
        self.session.set_message("dataset", Message())
        self._thread.run(title, lambda: work(dataset), self.loader.amend, self._failed)

    def _report(self, title: str, work: Callable[[Dataset], str]) -> None:
        """Do something with the data set in a thread and say what was done."""
        dataset = self.session.dataset
        if dataset is None:
            return

        def done(text: str) -> None:
            self.session.set_message("dataset", Message(text, "info"))

        self.session.set_message("dataset", Message())
        self._thread.run(title, lambda: work(dataset), done, self._failed)

    def _failed(self, error: Exception) -> None:
        self.session.fail("dataset", readable(error))


def _again(dataset: Dataset) -> Dataset:
    """Understand a folder anew."""
    from napari_unet.data.dataset import open_dataset

    return open_dataset(dataset.root)


def _planned(dataset: Dataset, config: SplitConfig) -> str:
    """Write down the split that training would make, for the engine to read."""
    from napari_unet.data.splits.splitting import divided

    path = workspace.dataset_file(dataset.root, "planned-split")
    try:
        divided(dataset, config)[0].save(path)
    except UnetError:  # as with one patient: there is nothing to divide, but much to check
        return ""
    return str(path)


def _below(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
