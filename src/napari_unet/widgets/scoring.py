"""Evaluating a model on a dataset, and scoring one Labels layer against another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_unet.data.cases import IGNORE, Subset
from napari_unet.errors import readable
from napari_unet.events import CaseScore
from napari_unet.jobs import EvaluateJob
from napari_unet.session import PLANNED, Lane, Message, Session
from napari_unet.widgets.background import Background
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.runner import Runner


class Scorer:
    """Runs evaluations and comparisons."""

    compared = Signal(object)  # CaseScore, or None when the last one is out of date

    def __init__(self, session: Session, layers: Layers, runners: Mapping[Lane, Runner]) -> None:
        self.session, self.layers, self._runners = session, layers, runners
        self._lane: Lane | None = None
        self._compare, self._look, self._export = Background(), Background(), Background()
        self._marks: dict[str, int] = {}
        layers.labels_touched.connect(self._check_fresh)
        layers.changed.connect(self._check_fresh)

    def reason(self, subset: str) -> str:
        """Say why nothing can be evaluated now; empty if it can."""
        if busy := self.session.place_reason("evaluate"):
            return busy
        if self.session.dataset is None:
            return "Open a folder of images and masks under Data first."
        if self.session.model is None:
            return "Train a model first, or choose a model file with the … button."
        if busy := self.session.engines_reason():
            return busy
        if subset != "all" and self.session.split_source == PLANNED:
            return "This model was not trained on this dataset: evaluate all cases instead."
        return ""

    def start(self, subset: Subset) -> None:
        """Evaluate the selected model on a subset of the open dataset."""
        dataset, model, lane = self.session.dataset, self.session.model, self.session.free_lane()
        if dataset is None or model is None or lane is None or self.reason(subset):
            return
        self._lane = lane
        job = EvaluateJob(str(dataset.root), model.path, subset)
        self._runners[lane].start(job, f"evaluating {model.name}", "evaluate")

    def stop(self) -> None:
        """Stop the evaluation; the scores so far stay in the table."""
        if self._lane is not None:
            self._runners[self._lane].stop()

    def compare(self, prediction: str, reference: str) -> None:
        """Score one Labels layer against another."""
        names = (prediction, reference)
        try:
            data = [self.layers.labels_data(name) for name in names]
        except KeyError as error:
            self.session.fail("evaluate", f"There is no layer {error}.")
            return
        self.session.set_message("evaluate", Message())
        sides, unit = self.layers.labels_spacing(reference)
        ignore = self._unlabelled(reference)

        def work() -> tuple[CaseScore, dict[str, int]]:
            # The marks first: what is painted while this computes is noticed afterwards.
            arrays = [np.asarray(labels) for labels in data]
            marks = dict(zip(names, map(_mark, arrays), strict=True))
            first, second = arrays
            return score_layers(first, second, prediction, ignore, sides, unit), marks

        def done(found: tuple[CaseScore, dict[str, int]]) -> None:
            score, self._marks = found
            self.compared.emit(score)
            self._check_fresh()

        self._marks = {}
        self._compare.run(f"comparing {prediction}", work, done, self._failed)

    def _unlabelled(self, reference: str) -> int | None:
        """Return the value by which a layer says that nobody labelled a pixel, if it may."""
        dataset = self.session.dataset
        sparse = dataset is not None and bool(dataset.labels.unlabelled)
        return IGNORE if sparse and reference == self.layers.reference_name() else None

    def _check_fresh(self) -> None:
        """Withdraw the comparison when one of its layers was painted on, replaced or closed."""
        marks, there = self._marks, self.layers.label_names()
        if not set(marks) <= set(there):
            self._withdraw(same=False)
        elif marks:
            data = {name: self.layers.labels_data(name) for name in marks}

            def work() -> bool:  # in a thread, since large layers take longer than a stroke may
                return {name: _mark(np.asarray(a)) for name, a in data.items()} == marks

            self._look.run("looking for changes", work, self._withdraw, self._failed)

    def _withdraw(self, same: bool) -> None:
        if not same:
            self._marks = {}
            self._compare.drop()
            self._look.drop()
            self.compared.emit(None)

    def export(self, path: str, scores: Sequence[CaseScore]) -> None:
        """Write the table as CSV."""

        def write() -> None:
            from napari_unet.report import write_csv

            write_csv(path, scores)

        def written(_: object) -> None:
            self.session.set_message("evaluate", Message(f"Saved {path}", "info"))

        self._export.run(f"writing {path}", write, written, self._failed)

    def _failed(self, error: Exception) -> None:
        self.session.fail("evaluate", readable(error))


def _mark(labels: NDArray[Any]) -> int:
    """Return what tells labels from those that were painted on since."""
    return crc32(np.ascontiguousarray(labels).data)


def score_layers(
    prediction: Any,
    reference: Any,
    name: str,
    ignore: int | None = None,
    spacing: Sequence[float] | None = None,
    unit: str = "px",
) -> CaseScore:
    """Score two label images; more than one class if either has labels above 1 (in a thread).

    Pixels at which the reference is ``ignore`` are left out. ``spacing`` has the sides of a pixel
    along the last axes in ``unit``; axes before them are times.
    """
    from napari_unet.metrics import score_masks

    known = (prediction, reference if ignore is None else reference[reference != ignore])
    top = max((int(a.max()) for a in known if a.size), default=1)
    # Thousands of labels are objects, not classes: what counts then is found or not.
    classes = top if 1 < top <= 32 else 1
    names = ("foreground",) if classes == 1 else tuple(str(i + 1) for i in range(classes))
    return score_masks(
        prediction, reference, names, name, ignore=ignore, spacing=spacing, unit=unit
    )
