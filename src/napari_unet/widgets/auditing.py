"""The check of the open data set: every pixel of it, in the background."""

from __future__ import annotations

from napari_unet import workspace
from napari_unet.config import SplitConfig
from napari_unet.data.cases import Dataset
from napari_unet.errors import UnetError
from napari_unet.jobs import AuditJob, Job
from napari_unet.session import Session
from napari_unet.widgets.dividing import Divider
from napari_unet.widgets.runner import Runner


class Auditor:
    """Has the engine look at the data set; the session hears what it found."""

    def __init__(self, session: Session, divider: Divider, runner: Runner) -> None:
        self.session, self.divider, self.runner = session, divider, runner

    def reason(self) -> str:
        """Say why the data cannot be checked now; empty if they can."""
        if busy := self.session.lane_reason(self.runner.lane):
            return busy
        return "" if self.session.dataset is not None else "Open a folder first."

    def check(self) -> None:
        """Look at every pixel of the data set."""
        dataset = self.session.dataset
        if dataset is None or self.reason():
            return
        path, split = self.divider.kept(), self.divider.split

        def make() -> Job:
            return AuditJob(str(dataset.root), path or _planned(dataset, split))

        self.runner.start(make, f"checking {dataset.root.name}", "dataset")

    def stop(self) -> None:
        """Stop the check."""
        self.runner.stop()


def _planned(dataset: Dataset, config: SplitConfig) -> str:
    """Write down the split that training would make, for the engine to read."""
    from napari_unet.data.splits.splitting import divided

    path = workspace.dataset_file(dataset.root, "planned-split")
    try:
        divided(dataset, config)[0].save(path)
    except UnetError:  # as with one patient: there is nothing to divide, but much to check
        return ""
    return str(path)
