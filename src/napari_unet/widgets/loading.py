"""Reading datasets and cases in a thread, and showing them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_unet import workspace
from napari_unet.config import SplitConfig
from napari_unet.data.cases import Case, Dataset
from napari_unet.errors import UnetError, readable
from napari_unet.library import Entry
from napari_unet.session import PLANNED, Message, Session
from napari_unet.widgets.case_layers import Shown
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.reading import (
    Opened,
    Shelf,
    case_key,
    describe,
    other_axes,
    read,
    read_ahead,
    shelf_key,
)
from napari_unet.widgets.runner import Background
from napari_unet.widgets.stacking import Stack, make_stack

AHEAD = (1, -1, 2)  # steps from the open case to those that are read before they are asked for


class Loader:
    """Opens folders and cases; the newest wish wins."""

    stack_changed = Signal()
    plan_changed = Signal()

    def __init__(self, session: Session, layers: Layers) -> None:
        self.session, self.layers = session, layers
        self.split = SplitConfig()
        self.shelf = Shelf()
        self.stack: Stack | None = None
        self.opened: Opened | None = None  # the case that is shown, as it was read
        self._said = Message()
        self.reading = ""  # how the open image is understood, in words
        self.other_axes: tuple[str, ...] = ()  # how else it may be, where that is a guess
        self._folders, self._cases, self._splits = Background(), Background(), Background()
        self._reader, self._ahead = Background(), threading.Event()
        session.model_changed.connect(self.divide)
        layers.slice_changed.connect(self._follow_stack)

    # --- folders ------------------------------------------------------------------------------

    def open_folder(self, folder: str) -> None:
        """Read a folder of images and masks."""
        self._open(f"Reading {Path(folder).name} …", lambda: read_folder(folder))

    def take_folder(self, folder: str, layer: Any) -> None:
        """Open a folder of pairs that was dropped on the canvas, instead of its first pair alone.

        ``layer`` is what napari's reader made of it; a folder that is one image stays as it is.
        """
        from napari_unet.data.readers.bundles import is_bundle

        if is_bundle(Path(folder)):
            return
        if not self.session.opening:
            self.open_folder(folder)
        # Not at once: napari is still adding it.
        QTimer.singleShot(0, lambda: self.layers.hand.remove(layer))

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
        self._close()
        self.session.set_dataset(dataset)
        self.divide()
        # Nobody looks at anything else: show what was found.
        if not self.layers.images():
            self.step(1)

    def amend(self, dataset: Dataset) -> None:
        """Go on with the same folder as it is understood now, where one stands."""
        if self.session.closed or self.session.dataset is None:
            return
        self.shelf.clear()
        if self.stack is not None:
            self.close_stack()
        case = self.session.amend_dataset(dataset)
        self.divide()
        if case is not None:
            self.layers.close_case()
            self.open_case(case)

    def close_dataset(self) -> None:
        """Close the data set and what is shown of it; its files were never touched."""
        self._folders.drop()
        self._close()
        self.session.set_dataset(None)

    def _close(self) -> None:
        """Let go of the open case and of those that were read ahead."""
        self._cases.drop()
        self._ahead.clear()
        self.shelf.clear()
        if self.stack is not None:
            self._leave_stack()
        self.layers.close_case()

    def _unopened(self, error: Exception) -> None:
        # What was open before stays open.
        self.session.set_opening("")
        self.session.fail("dataset", readable(error))

    # --- the split ----------------------------------------------------------------------------

    def plan_split(self, split: SplitConfig) -> None:
        """Use another split for the next training."""
        if split != self.split:
            self.split = split
            self.plan_changed.emit()
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
            lambda error: self.session.set_subsets({}, "", (str(readable(error)),)),
        )

    # --- cases --------------------------------------------------------------------------------

    def open_case(self, case: Case, then: Callable[[], None] | None = None) -> None:
        """Read a case and show it, then do something with it."""
        dataset = self.session.dataset
        if dataset is None:
            return
        # As it is known now: a table may not have heard of a correction yet.
        case = next((c for c in dataset.cases if c.name == case.name), case)
        if self.stack is not None:
            if then is None and case in self.stack.cases:
                self.layers.cases.go_to((self.stack.cases.index(case),))
                return
            self._leave_stack()
        if self.layers.open_case() == case_key(dataset, case):
            self._cases.drop()
            self.session.set_case(case)
            if then is not None:
                then()
            return
        key = shelf_key(dataset, case)

        def show(opened: Opened) -> None:
            self.shelf.put(key, opened)
            self._show(opened)
            if then is not None:
                then()

        def failed(error: Exception) -> None:
            self._say(str(readable(error)), "error")

        self._ahead.clear()
        if (opened := self.shelf.get(key)) is not None:
            self._cases.drop()
            show(opened)
        else:
            self._cases.run(f"reading {case.name}", lambda: read(case, dataset), show, failed)

    def open_stack(self, cases: Sequence[Case]) -> None:
        """Show cases of one size as a stack, read slice by slice."""
        dataset, cases = self.session.dataset, tuple(cases)
        if dataset is None:
            return
        self._ahead.clear()
        self._cases.run(
            f"stacking {len(cases)} cases",
            lambda: make_stack(cases, dataset, self.shelf),
            self._show_stack,
            lambda error: self.session.fail("dataset", readable(error)),
        )

    def close_stack(self) -> None:
        """Go back from a stack to the case that it shows."""
        case = self.session.case
        if self.stack is not None and case is not None:
            self._leave_stack()
            self.open_case(case)

    def show_file(self, shown: Shown) -> None:
        """Show an image that is no case of the data set, in place of the open case."""
        self._cases.drop()
        if self.stack is not None:
            self._leave_stack()
        self.layers.show_case(shown)
        self.session.leave_case()

    def step(self, by: int) -> None:
        """Open the next or an earlier case."""
        case = self.session.neighbour(by)
        if case is not None:
            self.open_case(case)

    def _show(self, opened: Opened) -> None:
        if self.session.dataset is None or self.session.closed:
            return
        self.layers.show_case(opened.shown)
        self.opened = opened
        self.reading, self.other_axes = describe(opened.shown), other_axes(opened)
        self._say(opened.warning)
        self.session.set_case(opened.case)
        self._read_ahead()

    def _say(self, text: str, kind: Literal["error", "warning"] = "warning") -> None:
        """Say what is wrong with the open case; what is said of other things is left standing."""
        if text or self.session.messages.get("dataset") is self._said:
            self._said = Message(text, kind)
            self.session.set_message("dataset", self._said)

    def _show_stack(self, stack: Stack) -> None:
        if self.session.dataset is None or self.session.closed:
            return
        self.session.set_message("dataset", Message())
        case = self.session.case
        self.layers.show_case(stack.shown)
        self.stack, self.reading, self.other_axes = stack, describe(stack.shown), ()
        at = stack.cases.index(case) if case in stack.cases else 0
        self.layers.cases.go_to((at,))
        self._follow_stack()
        self.stack_changed.emit()

    def _leave_stack(self) -> None:
        self.stack = None
        self.stack_changed.emit()

    def _follow_stack(self) -> None:
        """Say which case the slider of a stack stands on."""
        if self.stack is None:
            return
        if self.layers.open_case() != self.stack.shown.key:  # its layer was replaced or closed
            self._leave_stack()
            return
        case = self.stack.cases[self.layers.cases.index()[0]]
        if case != self.session.case:
            self.session.set_case(case)
            self._say(self.stack.errors.get(case.name, ""))

    def _read_ahead(self) -> None:
        """Read in a thread what is likely to be opened next."""
        dataset = self.session.dataset
        near = [case for step in AHEAD if (case := self.session.neighbour(step)) is not None]
        if dataset is None or not near:
            return
        # Each round has a flag of its own: the one before stops at its next case.
        self._ahead.clear()
        self._ahead = wanted = threading.Event()
        wanted.set()
        self._reader.run(
            "reading cases ahead",
            lambda: read_ahead(near, dataset, self.shelf, wanted),
            _nothing,
            _nothing,
        )


def read_folder(folder: str) -> Dataset:
    """Read a folder (in a thread).

    Raises
    ------
    DataError
        If it holds no pair.
    """
    from napari_unet.data import corrections
    from napari_unet.data.dataset import open_dataset

    said = []
    try:
        for version in corrections.recover(Path(folder).expanduser().absolute()):
            what = f"what was painted last when the viewer ended is version {version.number}"
            said.append(f"{version.case}: {what}")
    except UnetError as error:  # the draft stays for the next time
        said.append(str(error))
    dataset = open_dataset(folder)
    return replace(dataset, notes=(*dataset.notes, *said))


def read_sample() -> Dataset:
    """Make the sample data if needed and read it (in a thread)."""
    from napari_unet.data.sample import write_sample

    folder = workspace.home() / "sample"
    if not folder.is_dir():
        write_sample(folder)
    return read_folder(str(folder))


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


def _nothing(_: object) -> None: ...
