"""Reading datasets and cases in a thread, and showing them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from napari_unet import workspace
from napari_unet.config import SplitConfig
from napari_unet.data.cases import Case, Dataset
from napari_unet.errors import UnetError, readable
from napari_unet.session import PLANNED, Message, ModelEntry, Session
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.runner import Background


@dataclass(frozen=True)
class Opened:
    """A case as it was read; ``warning`` says what is wrong with its reference."""

    case: Case
    image: NDArray[Any]
    channels: bool
    reference: NDArray[Any] | None
    spacing: tuple[float, ...] | None
    units: tuple[str, ...]
    warning: str = ""


class Loader:
    """Opens folders and cases; the newest wish wins."""

    def __init__(self, session: Session, layers: Layers) -> None:
        self.session, self.layers = session, layers
        self.split = SplitConfig()
        self._folders, self._cases, self._splits = Background(), Background(), Background()
        session.model_changed.connect(self.divide)

    # --- folders ------------------------------------------------------------------------------

    def open_folder(self, folder: str) -> None:
        """Read a folder of images and masks."""
        self._open(f"Reading {Path(folder).name} …", lambda: read_folder(folder))

    def open_sample(self) -> None:
        """Make the sample data in the workspace unless it is there, and open it."""
        self._open("Making the sample data …", read_sample)

    def _open(self, what: str, read: Any) -> None:
        self.session.set_message("dataset", Message())
        self.session.set_opening(what)
        self._folders.run(what, read, self._opened, self._unopened)

    def _opened(self, dataset: Dataset) -> None:
        if self.session.closed:
            return
        self._cases.drop()
        self.session.set_dataset(dataset)
        self.divide()
        # Nobody looks at anything else: show what was found.
        if not self.layers.images():
            self.step(1)

    def _unopened(self, error: Exception) -> None:
        # What was open before stays open.
        self.session.set_opening("")
        self.session.fail("dataset", readable(error))

    # --- the split ----------------------------------------------------------------------------

    def plan_split(self, split: SplitConfig) -> None:
        """Use another split for the next training."""
        if split != self.split:
            self.split = split
            self.divide()

    def divide(self) -> None:
        """Find out which case is in which subset: by the model's own split, else the planned."""
        dataset, model, split = self.session.dataset, self.session.model, self.split
        if dataset is None or not dataset.cases:
            return
        self._splits.run(
            "dividing the cases",
            lambda: subsets(dataset, model, split),
            lambda answer: self.session.set_subsets(*answer),
            lambda error: self.session.set_subsets({}, ""),
        )

    # --- cases --------------------------------------------------------------------------------

    def open_case(self, case: Case, then: Callable[[], None] | None = None) -> None:
        """Read a case and show it, then do something with it."""
        dataset = self.session.dataset
        if dataset is None:
            return
        if self.layers.open_case() == case_key(dataset, case):
            self._cases.drop()
            self.session.set_case(case)
            if then is not None:
                then()
            return

        def show(opened: Opened) -> None:
            self._show(opened)
            if then is not None:
                then()

        def failed(error: Exception) -> None:
            self.session.fail("dataset", readable(error))

        self._cases.run(f"reading {case.name}", lambda: read(case, dataset), show, failed)

    def step(self, by: int) -> None:
        """Open the next or an earlier case."""
        case = self.session.neighbour(by)
        if case is not None:
            self.open_case(case)

    def _show(self, opened: Opened) -> None:
        dataset = self.session.dataset
        if dataset is None or self.session.closed:
            return
        self.layers.show_case(
            case_key(dataset, opened.case),
            opened.case.name,
            opened.image,
            opened.channels,
            opened.reference,
            opened.spacing,
            opened.units or None,
        )
        self.session.set_message("dataset", Message(opened.warning, "warning"))
        self.session.set_case(opened.case)


def case_key(dataset: Dataset, case: Case) -> str:
    """Return what identifies a case among everything that can be open in a viewer."""
    return f"{dataset.root}::{case.name}"


def read_folder(folder: str) -> Dataset:
    """Read a folder (in a thread).

    Raises
    ------
    DataError
        If it holds no pair.
    """
    from napari_unet.data.dataset import open_dataset

    return open_dataset(folder)


def read_sample() -> Dataset:
    """Make the sample data if needed and read it (in a thread)."""
    from napari_unet.data.sample import write_sample

    folder = workspace.home() / "sample"
    if not folder.is_dir():
        write_sample(folder)
    return read_folder(str(folder))


def read(case: Case, dataset: Dataset) -> Opened:
    """Read a case as it is stored (in a thread); a reference that cannot be used is left out."""
    from napari_unet.data.formats import read_image, read_mask
    from napari_unet.data.labels import apply_rule

    scan = read_image(case.image)
    reference, warning = None, ""
    try:
        reference = apply_rule(read_mask(case.mask), dataset.labels)
        shape = scan.array.shape[:-1] if scan.channels else scan.array.shape
        if reference.shape != shape:
            warning = f"{case.name}: the image is {shape} and its mask {reference.shape} pixels."
            reference = None
    except UnetError as error:
        warning = str(error)
    return Opened(case, scan.array, scan.channels, reference, scan.spacing, scan.units, warning)


def subsets(
    dataset: Dataset, model: ModelEntry | None, split: SplitConfig
) -> tuple[Mapping[str, str], str]:
    """Return case name → subset, and where that comes from (in a thread)."""
    from napari_unet.data.splits import load, make_split, split_path

    names = {c.name for c in dataset.cases}
    if model is not None and (file := split_path(model.path)).is_file():
        known = load(file).subsets
        if names & set(known):
            return known, f"Split of {model.name}"
    return make_split(dataset.cases, split).subsets, PLANNED
