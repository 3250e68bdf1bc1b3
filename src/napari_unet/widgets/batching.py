"""Segmenting many files: what was chosen, what came of it, and looking at one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from psygnal import Signal

from napari_unet import workspace
from napari_unet.card import SUFFIX
from napari_unet.errors import DataError, readable
from napari_unet.events import CaseDone, Event, Segmented
from napari_unet.jobs import SegmentFilesJob
from napari_unet.session import Lane, Made, Message, Session
from napari_unet.widgets.background import Background
from napari_unet.widgets.case_layers import Shown
from napari_unet.widgets.exporting import Exporter
from napari_unet.widgets.layer_tags import Whose
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.loading import Loader
from napari_unet.widgets.runner import Runner


@dataclass(frozen=True)
class Opened:
    """An image file and its labels as they were read, ready to be shown."""

    shown: Shown
    labels: Any


class Batcher:
    """Has files segmented into a folder, and shows the results."""

    changed = Signal()  # what was chosen
    restarted = Signal()  # the results of before are gone
    result_added = Signal(object)  # Segmented

    def __init__(
        self,
        session: Session,
        layers: Layers,
        loader: Loader,
        exporter: Exporter,
        runners: Mapping[Lane, Runner],
    ) -> None:
        self.session, self.layers, self.loader = session, layers, loader
        self.exporter, self._runners = exporter, runners
        self.inputs: tuple[str, ...] = ()
        self.out = ""
        self.results: list[Segmented] = []
        self._model, self._made = "", Made(0.0)
        self._lane: Lane | None = None
        self._reading = Background()

    # --- what was chosen ----------------------------------------------------------------------

    def choose(self, inputs: Sequence[str]) -> None:
        """Segment these files and folders; labels go into the workspace, unless told otherwise.

        Beside the images they would be taken for masks when the folder is opened as a data set.
        """
        self.inputs = tuple(inputs)
        first = Path(self.inputs[0])
        self.out = str(workspace.results_dir(first if first.is_dir() else first.parent))
        self.changed.emit()

    def choose_dataset(self) -> None:
        """Segment the images of the open data set."""
        if self.session.dataset is not None:
            self.choose([str(self.session.dataset.root)])

    def set_out(self, out: str) -> None:
        """Write labels to another folder."""
        self.out = out
        self.changed.emit()

    def describe(self) -> str:
        """Say what was chosen."""
        if not self.inputs:
            return ""
        first, dataset = self.inputs[0], self.session.dataset
        if dataset is not None and self.inputs == (str(dataset.root),):
            return f"The data set {dataset.root.name}, {len(dataset)} cases"
        more = len(self.inputs) - 1
        return f"{first}{f' and {more} more' if more else ''}"

    def reason(self) -> str:
        """Say why nothing can be started now; empty if it can."""
        if busy := self.session.place_reason("batch"):
            return busy
        if not self.inputs:
            return "Choose images first."
        if self.session.model is None or self.session.model.card is None:
            return "Train a model first, or choose a model file with the … button."
        return self.session.engines_reason()

    # --- doing it -----------------------------------------------------------------------------

    def start(self, settings: SegmentFilesJob) -> None:
        """Segment what was chosen with the selected model, in the way of ``settings``."""
        model, lane = self.session.model, self.session.free_lane()
        if self.reason() or model is None or lane is None:
            return
        job = replace(
            settings,
            inputs=self.inputs,
            model=model.path,
            out=self.out,
            # The threshold under Segment is that of this model, wherever a person moved it.
            threshold=self.session.threshold,
        )
        self.results, self._model, self._lane = [], model.path, lane
        self._made = Made(model.modified, job.config)
        self.restarted.emit()
        title = f"segmenting files with {model.name}"
        self._runners[lane].start(job, title, "batch", self._receive)

    def stop(self) -> None:
        """Stop; what is written stays, and is not done again the next time."""
        if self._lane is not None:
            self._runners[self._lane].stop()

    def _receive(self, event: Event) -> None:
        if isinstance(event, CaseDone) and event.segmented is not None:
            self.results.append(event.segmented)
            self.result_added.emit(event.segmented)

    def summary(self) -> str:
        """Say how many images were done, were there already, or failed."""
        if not self.results:
            return ""
        failed = sum(bool(r.error) for r in self.results)
        there = sum(r.skipped for r in self.results)
        done = len(self.results) - failed - there
        name = Path(self._model).name.removesuffix(SUFFIX)
        parts = [f"{done} segmented by {name}" if name else f"{done} segmented"]
        parts += [f"{there} there already"] if there else []
        parts += [f"{failed} failed: see Problem, or click on them"] if failed else []
        return f"{', '.join(parts)}."

    # --- results ------------------------------------------------------------------------------

    def open(self, result: Segmented) -> None:
        """Show an image and its labels; of one that failed, say why."""
        if result.error:
            name = Path(result.image).name
            said = result.error if name in result.error else f"{name}: {result.error}"
            self.session.fail("batch", said)
            return
        self.session.set_message("batch", Message())
        self._reading.run(
            f"reading {Path(result.image).name}",
            lambda: read(result),
            lambda opened: self._show(opened, result),
            lambda error: self.session.fail("batch", readable(error)),
        )

    def _show(self, opened: Opened, result: Segmented) -> None:
        if self.session.closed:
            return
        self.loader.show_file(opened.shown)
        image = self.layers.active_image()
        if image is not None:
            name = Path(self._model).name.removesuffix(SUFFIX)
            whose = Whose(image.id, self._model, name)
            self.layers.segmentations.write(whose, opened.labels, made=self._made)

    def export(self, path: str) -> None:
        """Write the table as CSV."""
        results = tuple(self.results)

        def write() -> None:
            from napari_unet.sizes import write_csv

            write_csv(path, results)

        self.exporter.write("batch", path, write)


def read(result: Segmented) -> Opened:
    """Read an image and its labels (in a thread).

    Raises
    ------
    DataError
        If either cannot be read, or was changed so that they do not fit any more.
    """
    from napari_unet.data.formats import read_image, read_mask

    scan, path = read_image(result.image), Path(result.labels)
    labels = read_image(path).array if path.is_dir() else read_mask(path)
    if labels.shape != scan.spatial:
        raise DataError(
            f"{path.name} has the shape {labels.shape}, but its image {scan.spatial}. Segment it "
            "again."
        )
    if isinstance(labels, np.ndarray) and labels.ndim == 2 and set(np.unique(labels)) <= {0, 255}:
        labels = (labels > 0).astype(np.uint8)  # as written for picture viewers
    name = Path(result.image).name
    return Opened(Shown(f"file::{result.image}", name, scan), labels)
