"""Which case is in which subset: by the model's own split, else as training would divide them."""

from __future__ import annotations

from collections.abc import Mapping

from psygnal import Signal

from napari_unet.config import SplitConfig
from napari_unet.data.cases import Dataset
from napari_unet.errors import readable
from napari_unet.library import Entry
from napari_unet.session import PLANNED, Session
from napari_unet.widgets.background import Background


class Divider:
    """Keeps the subsets of the open data set up to date; ``split`` is that of the next training."""

    plan_changed = Signal()

    def __init__(self, session: Session) -> None:
        self.session = session
        self.split = SplitConfig()
        self._thread = Background()
        session.model_changed.connect(self.divide)

    def plan(self, split: SplitConfig) -> None:
        """Use another split for the next training."""
        if split != self.split:
            self.split = split
            self.plan_changed.emit()
            self.divide()

    def kept(self) -> str:
        """Return the selected model's file if the cases are divided as it was trained with."""
        model = self.session.model
        planned = self.session.split_source == PLANNED
        return model.path if model is not None and not planned else ""

    def divide(self) -> None:
        """Find out, in a thread, which case is in which subset."""
        dataset, model, split = self.session.dataset, self.session.model, self.split
        if dataset is None or not dataset.cases:
            self._thread.drop()  # of what was open before
            return
        self._thread.run(
            "dividing the cases",
            lambda: subsets(dataset, model, split),
            lambda answer: self.session.set_subsets(*answer),
            lambda error: self.session.set_subsets({}, "", (str(readable(error)),)),
        )


def subsets(
    dataset: Dataset, model: Entry | None, split: SplitConfig
) -> tuple[Mapping[str, str], str, tuple[str, ...]]:
    """Return case name → subset, where that comes from, and what is wrong with it (in a thread).

    Raises
    ------
    DataError
        If the cases cannot be divided like this.
    """
    from napari_unet.data.splits.split import load, split_path
    from napari_unet.data.splits.splitting import divided

    names = {c.name for c in dataset.cases}
    if model is not None and (file := split_path(model.path)).is_file():
        known = load(file).subsets
        if names & set(known):
            return known, f"Split of {model.name}", ()
    planned, notes = divided(dataset, split)
    return planned.subsets, PLANNED, notes
