"""Several models and human readers on the same cases of a folder."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_unet.card import ModelCard
from napari_unet.data.case_ids import find_ids
from napari_unet.data.cases import IGNORE, Case, Dataset, LabelRule
from napari_unet.data.dataset import open_dataset
from napari_unet.data.formats import axes_of, describe_scan, fit_channels, read_pair
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError, ModelError, UnetError, readable
from napari_unet.evaluation import (
    FAILURES,
    behind,
    choose_cases,
    failed,
    label_rule,
    score_case,
)
from napari_unet.events import CaseScore, Compared, Event, Note, Paired, Progress
from napari_unet.inference import Predictor, predictor
from napari_unet.jobs import CompareJob, EvaluateJob
from napari_unet.labelling import label_image
from napari_unet.metrics import Agreement, paired, summarise
from napari_unet.scoring import check_place, masks_of, named_folder, read_prediction, strangers
from napari_unet.unet.store import ahead


def compare(job: CompareJob) -> Generator[Event, None, None]:
    """Score all columns case by case; the last event is `Compared`.

    A model or a reader that fits no case is left out, and a `Note` says why.

    Raises
    ------
    DataError
        If fewer than two models and readers are given, none of them fits, the folder has no pairs,
        or the first model's split does not name its cases.
    """
    start = time.monotonic()
    if len(job.models) + len(job.readers) < 2:
        raise DataError("Name at least two models or folders of readers to compare.")
    yield Progress(0, 1, "looking through the folder")
    dataset = open_dataset(job.folder, limit=job.limit)
    cases = _cases(dataset, job)
    yield Progress(0, len(cases), "loading the models")
    panel = _Panel(dataset, cases, job)
    for text in panel.notes:
        yield Note(text, warning=True)
    if not panel.columns:
        raise DataError(f"There is nothing to compare. {' '.join(panel.left_out.values())}")
    yield Note(f"{len(cases)} cases ({job.subset}), {len(panel.columns)} columns")
    rows: list[tuple[CaseScore, ...]] = []
    for row in panel.rows(cases):
        rows.append(row)
        left = (time.monotonic() - start) / len(rows) * (len(cases) - len(rows))
        yield Progress(len(rows), len(cases), "comparing", left)
    done = panel.compared(rows)
    for name, why in done.left_out.items() - panel.left_out.items():
        yield Note(f"{name} is left out: {why}", warning=True)
    yield replace(done, folder=job.folder, subset=job.subset, seconds=time.monotonic() - start)


def answers(
    found: Compared, folder: str | Path, names: Sequence[str], device: str = "auto"
) -> Iterator[tuple[tuple[str, ...], Answer]]:
    """Ask models and readers once more what they say of some cases, one case at a time.

    Yields the columns' names, of which some may have gone since, and their answers.

    Raises
    ------
    DataError
        If the folder has no pairs.
    """
    dataset = open_dataset(folder)
    wanted = {c.name: c for c in dataset.cases if c.name in set(names)}
    cases = [wanted[n] for n in names if n in wanted]
    sources = list(zip(found.kinds, found.sources, strict=True))
    models, readers = (
        tuple(source for kind, source in sources if kind == of) for of in ("model", "reader")
    )
    if cases:
        job = CompareJob(str(folder), models, readers, "all", device=device)
        panel = _Panel(dataset, cases, job)
        for case, read in zip(cases, ahead(panel.read, cases), strict=True):
            yield tuple(c.name for c in panel.columns), panel.ask(case, read)


def _cases(dataset: Dataset, job: CompareJob) -> tuple[Case, ...]:
    if job.models:
        return choose_cases(dataset, EvaluateJob(job.folder, job.models[0], job.subset))
    if job.subset != "all":
        raise DataError(
            f"Without a model nothing says which cases are for {job.subset}. "
            "Compare readers on all of them instead (--subset all)."
        )
    return dataset.cases


class _Column(Protocol):
    """What answers for a case with a label image: a model or a reader."""

    name: str
    kind: str
    source: str

    def labels(self, case: Case, scan: Scan, reference: NDArray[Any]) -> NDArray[Any]:
        """Return class indices of the reference's shape."""


class _Model:
    kind = "model"

    def __init__(self, source: str, ready: Predictor) -> None:
        self.source, self.ready, self.name = source, ready, ready.card.name

    def labels(self, case: Case, scan: Scan, reference: NDArray[Any]) -> NDArray[Any]:
        card = self.ready.card
        image = fit_channels(scan.array, card.image_channels, case.image, scan.axes)
        return label_image(self.ready.volume(image, axes_of(image, reference)), card.threshold)


class _Reader:
    kind = "reader"

    def __init__(self, source: str, masks: Mapping[str, Path], rule: LabelRule) -> None:
        self.source, self.masks, self.rule = source, masks, rule
        self.name, folder = named_folder(source)
        self.placed = find_ids(folder) is not None  # nnU-Net's always say where they lie

    def labels(self, case: Case, scan: Scan, reference: NDArray[Any]) -> NDArray[Any]:
        if case.name not in self.masks:
            raise DataError(f"{self.name} has no mask of {case.name}.")
        if self.placed:
            check_place(self.masks[case.name], scan)
        return read_prediction(self.masks[case.name], self.rule, case.axes.replace("c", ""))


class Answer(NamedTuple):
    """What each column says of a case: labels, or why there are none.

    ``scan`` is None where the case itself cannot be read.
    """

    case: Case
    scan: Scan | None
    reference: NDArray[Any]
    labels: list[NDArray[Any] | str]


class _Panel:
    """The columns, and what is done with them case by case."""

    def __init__(self, dataset: Dataset, cases: Sequence[Case], job: CompareJob) -> None:
        self.surfaces = job.surfaces
        self.left_out: dict[str, str] = {}
        self.notes: list[str] = []
        self.rule, self.names = dataset.labels, dataset.labels.names
        self.columns: list[_Column] = []
        self._add_models(dataset, cases, job)
        self._add_readers(dataset, cases, job)
        self._agreement = Agreement(len(self.columns), len(self.names))

    def _add_models(self, dataset: Dataset, cases: Sequence[Case], job: CompareJob) -> None:
        first: ModelCard | None = None
        for source in job.models:
            try:
                ready = predictor(source, job.device)
                card = ready.card
                header = describe_scan(cases[0])
                if misfit := ready.misfit(header.shape, header.axes) or _clash(first, card):
                    raise ModelError(misfit)
            except UnetError as e:
                self._leave_out(source, str(e))
                continue
            if first is None:
                first, self.rule, self.names = card, label_rule(dataset, card), card.classes
            self._add(_Model(source, ready))

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
            reader = _Reader(source, masks, self.rule)
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

    def _add(self, column: _Column) -> None:
        """Take in a column under a name that no other has."""
        taken, name, number = {c.name for c in self.columns}, column.name, 2
        while column.name in taken:
            column.name, number = f"{name} ({number})", number + 1
        self.columns.append(column)

    def _leave_out(self, source: str, why: str) -> None:
        self.left_out[source] = why
        self.notes.append(f"{source} is left out: {why}")

    # --- case by case -------------------------------------------------------------------------

    def rows(self, cases: Sequence[Case]) -> Iterator[tuple[CaseScore, ...]]:
        """Yield the scores of every case, one for each column."""
        read = ahead(self.read, cases)
        asked = (self.ask(c, r) for c, r in zip(cases, read, strict=True))
        yield from behind(self._score, asked)

    def read(self, case: Case) -> tuple[Scan, NDArray[Any]]:
        """Read an image and its reference."""
        return read_pair(case, self.rule)

    def ask(self, case: Case, read: tuple[Scan, NDArray[Any]] | Exception) -> Answer:
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

    def _score(self, answer: Answer) -> tuple[CaseScore, ...]:
        case, scan, reference, every = answer
        scores, known = [], []
        for labels in every:
            score = self._one(case, scan, reference, labels)
            scores.append(score)
            known.append(None if score.error or isinstance(labels, str) else labels)
        unknown = reference == IGNORE
        self._agreement.add(known, unknown if unknown.any() else None)
        return tuple(scores)

    def _one(
        self,
        case: Case,
        scan: Scan | None,
        reference: NDArray[Any],
        labels: NDArray[Any] | str,
    ) -> CaseScore:
        if scan is None or isinstance(labels, str):
            return failed(case, str(labels))
        try:
            return score_case(case, scan, labels, reference, self.names, self.surfaces)
        except FAILURES as e:
            return failed(case, str(readable(e)))

    # --- all of it ----------------------------------------------------------------------------

    def compared(self, rows: Sequence[tuple[CaseScore, ...]]) -> Compared:
        """Return the comparison of those columns that could be scored at all."""
        scores = list(zip(*rows, strict=True))
        good = [i for i, column in enumerate(scores) if not all(s.error for s in column)]
        left_out = dict(self.left_out)
        for i, column in enumerate(self.columns):
            if i not in good:
                left_out[column.source] = scores[i][0].error
        if not good:
            raise DataError(f"No case could be scored. The first: {scores[0][0].error}")
        matrix = self._agreement.matrix()
        columns = [self.columns[i] for i in good]
        return Compared(
            columns=tuple(c.name for c in columns),
            kinds=tuple(c.kind for c in columns),
            scores=tuple(scores[i] for i in good),
            paired=_all_paired([c.name for c in columns], [scores[i] for i in good]),
            agreement=tuple(tuple(matrix[i][j] for j in good) for i in good),
            summaries=tuple(summarise(scores[i]) for i in good),
            sources=tuple(c.source for c in columns),
            left_out=left_out,
        )


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _clash(first: ModelCard | None, card: ModelCard) -> str:
    """Say why a model's classes are not those of the first; empty if they are."""
    if first is None:
        return ""
    several = first.labels.classes > 1
    if card.labels.classes == first.labels.classes and (
        not several or card.labels.values == first.labels.values
    ):
        return ""
    return (
        f"The model {card.name!r} finds {', '.join(card.classes)}, "
        f"but {first.name!r} {', '.join(first.classes)}."
    )


def _all_paired(
    names: Sequence[str], scores: Sequence[tuple[CaseScore, ...]]
) -> tuple[Paired, ...]:
    later = zip(names[1:], scores[1:], strict=True)
    return tuple(paired(scores[0], s, name=n, against=names[0]) for n, s in later)
