"""Models and readers side by side, asked case by case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_unet.card import ModelCard
from napari_unet.comparison.columns import Column, Model, Reader, clash
from napari_unet.data.cases import Case, Dataset
from napari_unet.data.formats import describe_scan, read_pair
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError, ModelError, UnetError, readable
from napari_unet.evaluation import FAILURES, label_rule
from napari_unet.inference import predictor
from napari_unet.jobs import CompareJob
from napari_unet.scoring import masks_of, named_folder, strangers
from napari_unet.unet.store import ahead


class Answer(NamedTuple):
    """What each column says of a case: labels, or why there are none.

    ``scan`` is None where the case itself cannot be read.
    """

    case: Case
    scan: Scan | None
    reference: NDArray[Any]
    labels: list[NDArray[Any] | str]


class Panel:
    """The columns that can be compared, and what each says of a case.

    ``left_out`` says why a model or a reader is not among them, and ``notes`` what else is worth
    reading. ``rule`` and ``names`` are the classes: those of the first model, if there is one.
    """

    def __init__(self, dataset: Dataset, cases: Sequence[Case], job: CompareJob) -> None:
        self.left_out: dict[str, str] = {}
        self.notes: list[str] = []
        self.rule, self.names = dataset.labels, dataset.labels.names
        self.columns: list[Column] = []
        self._add_models(dataset, cases, job)
        self._add_readers(dataset, cases, job)

    def _add_models(self, dataset: Dataset, cases: Sequence[Case], job: CompareJob) -> None:
        first: ModelCard | None = None
        for source in job.models:
            try:
                ready = predictor(source, job.device)
                card = ready.card
                header = describe_scan(cases[0])
                if misfit := ready.misfit(header.shape, header.axes) or clash(first, card):
                    raise ModelError(misfit)
            except UnetError as e:
                self._leave_out(source, str(e))
                continue
            if first is None:
                first, self.rule, self.names = card, label_rule(dataset, card), card.classes
            self._add(Model(source, ready))

    def _add_readers(self, dataset: Dataset, cases: Sequence[Case], job: CompareJob) -> None:
        for source in job.readers:
            _, folder = named_folder(source)
            try:
                masks = masks_of(folder, cases, dataset.root)
                if not masks:
                    raise DataError(f"No mask in {folder} has the name of an image or its mask.")
                others = strangers(folder, dataset.cases, dataset.root)
            except UnetError as e:
                self._leave_out(source, str(e))
                continue
            reader = Reader(source, masks, self.rule)
            self._add(reader)
            if missing := [c.name for c in cases if c.name not in masks]:
                self.notes.append(
                    f"{reader.name} has no mask of {len(missing)} of {len(cases)} cases, "
                    f"which are left out of its comparison: {_few(missing)}."
                )
            if others:
                self.notes.append(
                    f"{reader.name} has {len(others)} masks of no case, which nothing is done "
                    f"with: {_few(others)}."
                )

    def _add(self, column: Column) -> None:
        """Take in a column under a name that no other has."""
        taken, name, number = {c.name for c in self.columns}, column.name, 2
        while column.name in taken:
            column.name, number = f"{name} ({number})", number + 1
        self.columns.append(column)

    def _leave_out(self, source: str, why: str) -> None:
        self.left_out[source] = why
        self.notes.append(f"{source} is left out: {why}")

    # --- case by case -------------------------------------------------------------------------

    def answers(self, cases: Sequence[Case]) -> Iterator[Answer]:
        """Ask case by case, while the next one is read."""
        for case, read in zip(cases, ahead(self._read, cases), strict=True):
            yield self._ask(case, read)

    def _read(self, case: Case) -> tuple[Scan, NDArray[Any]]:
        """Read an image and its reference."""
        return read_pair(case, self.rule)

    def _ask(self, case: Case, read: tuple[Scan, NDArray[Any]] | Exception) -> Answer:
        """Ask every column for its labels of a case that was read."""
        try:
            if isinstance(read, Exception):
                raise read
            scan, reference = read
        except FAILURES as e:
            why = str(readable(e))
            return Answer(case, None, np.empty(0), [why] * len(self.columns))
        labels: list[NDArray[Any] | str] = []
        for column in self.columns:
            try:
                labels.append(column.labels(case, scan, reference))
            except FAILURES as e:
                labels.append(str(readable(e)))
        return Answer(case, scan, reference, labels)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
