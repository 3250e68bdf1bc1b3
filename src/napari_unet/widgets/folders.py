"""Opening data sets: a folder, the sample data, and the same folder understood in another way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from qtpy.QtCore import QTimer

from napari_unet import workspace
from napari_unet.data.cases import Dataset
from napari_unet.errors import UnetError, readable
from napari_unet.session import Message, Session
from napari_unet.widgets.background import Background
from napari_unet.widgets.dividing import Divider
from napari_unet.widgets.loading import Loader


class Folders:
    """Opens folders of images and masks; the newest wish wins."""

    def __init__(self, session: Session, loader: Loader, divider: Divider) -> None:
        self.session, self.loader, self.divider = session, loader, divider
        self._thread = Background()

    def open(self, folder: str) -> None:
        """Read a folder of images and masks."""
        self._open(f"Reading {Path(folder).name} …", lambda: read_folder(folder))

    def open_sample(self) -> None:
        """Make the sample data in the workspace unless it is there, and open it."""
        self._open("Making the sample data …", read_sample)

    def take(self, folder: str, layer: Any) -> None:
        """Open a folder of pairs that was dropped on the canvas, instead of its first pair alone.

        ``layer`` is what napari's reader made of it; a folder that is one image stays as it is.
        """
        from napari_unet.data.readers.bundles import is_bundle

        if is_bundle(Path(folder)):
            return
        if not self.session.opening:
            self.open(folder)
        # Not at once: napari is still adding it.
        QTimer.singleShot(0, lambda: self.loader.layers.hand.remove(layer))

    def amend(self, dataset: Dataset) -> None:
        """Go on with the same folder as it is understood now, where one stands."""
        now = self.session.dataset
        if self.session.closed or now is None or now.root != dataset.root:  # another is open
            return
        self.loader.shelf.clear()
        if self.loader.stacks.stack is not None:
            self.loader.close_stack()
        case = self.session.amend_dataset(dataset)
        self.divider.divide()
        if case is not None:
            self.loader.layers.close_case()
            self.loader.open_case(case)

    def close(self) -> None:
        """Close the data set and what is shown of it; its files were never touched."""
        self._thread.drop()
        self.loader.close()
        self.session.set_dataset(None)

    # --- inside -------------------------------------------------------------------------------

    def _open(self, what: str, read: Callable[[], Dataset]) -> None:
        self.session.set_message("dataset", Message())
        self.session.set_opening(what)
        self._thread.run(what, read, self._opened, self._unopened)

    def _opened(self, dataset: Dataset) -> None:
        if self.session.closed:
            return
        self.loader.close()
        self.session.set_dataset(dataset)
        self.divider.divide()
        # Nobody looks at anything else: show what was found.
        if not self.loader.layers.images():
            self.loader.step(1)

    def _unopened(self, error: Exception) -> None:
        # What was open before stays open.
        self.session.set_opening("")
        self.session.fail("dataset", readable(error))


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
