"""Evaluation as a job: a model's scores on the cases of a folder, image by image."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_unet.card import ModelCard
from napari_unet.data.cases import IGNORE, Case, Dataset, LabelRule
from napari_unet.data.dataset import open_dataset
from napari_unet.data.formats import axes_of, fit_channels, read_pair
from napari_unet.data.scan import Scan
from napari_unet.data.splits.split import cases_of, load, split_path
from napari_unet.errors import DataError, UnetError, readable
from napari_unet.events import CaseDone, CaseScore, EvaluateFinished, Event, Note, Progress
from napari_unet.inference import Predictor, predictor
from napari_unet.jobs import EvaluateJob
from napari_unet.labelling import label_image
from napari_unet.metrics import Histogram, score_masks, summarise
from napari_unet.pools import threads
from napari_unet.report import write_csv
from napari_unet.runs import save_scores
from napari_unet.sizes import lengths
from napari_unet.unet.store import ahead

T = TypeVar("T")
R = TypeVar("R")
FAILURES = (UnetError, MemoryError, OSError)  # of one case; the others go on


def evaluate(job: EvaluateJob) -> Generator[Event, None, None]:
    """Score the model on the subset; one `CaseDone` per case, last `EvaluateFinished`.

    Raises
    ------
    DataError
        If the folder has no pairs, or the model's split does not name its cases.
    ModelError
        If the model cannot be read or does not fit the images.
    """
    start = time.monotonic()
    yield Progress(0, 1, "looking through the folder")
    dataset = open_dataset(job.folder, limit=job.limit)
    cases = choose_cases(dataset, job)
    yield Progress(0, len(cases), "loading the model")
    ready = predictor(job.model, job.device)
    threshold = job.threshold if job.threshold >= 0 else ready.card.threshold
    yield Note(f"{len(cases)} cases ({job.subset}), {ready.speed.words()}")
    judge = _Judge(ready, label_rule(dataset, ready.card), threshold, job.surfaces)
    scores: list[CaseScore] = []
    for score in judge.scores(cases):
        scores.append(score)
        yield CaseDone(score.name, score, error=score.error)
        left = (time.monotonic() - start) / len(scores) * (len(cases) - len(scores))
        yield Progress(len(scores), len(cases), "evaluating", left)
    if all(s.error for s in scores):
        raise DataError(f"No case could be evaluated. The first: {scores[0].error}")
    if job.csv:
        write_csv(job.csv, scores)
    summary = summarise(scores)
    # Else it is a trial, and no score of this model.
    if not job.limit and job.threshold < 0 and not job.split:
        yield from _kept(job, dataset, summary)
    yield EvaluateFinished(
        model=job.model,
        subset=job.subset,
        threshold=threshold,
        scores=tuple(scores),
        summary=summary,
        seconds=time.monotonic() - start,
        csv=job.csv,
        calibration=judge.histogram.calibration(),
    )


def _kept(
    job: EvaluateJob, dataset: Dataset, summary: Mapping[str, Any]
) -> Generator[Event, None, None]:
    """Keep the summary beside the model, for the table of runs."""
    try:
        save_scores(job.model, job.subset, dataset.root.name, summary)
    except OSError as e:
        text = f"The scores could not be kept beside the model ({e.strerror or e})."
        yield Note(text, warning=True)


def choose_cases(dataset: Dataset, job: EvaluateJob) -> tuple[Case, ...]:
    """Return the cases of the job's subset, by a split that was saved beside a model.

    Raises
    ------
    DataError
        If there is no such split, it names other data, or it leaves the subset nothing.
    """
    if job.subset == "all":
        return dataset.cases
    file = split_path(job.split or job.model)
    if not file.is_file():
        raise DataError(
            f"There is no {file.name} beside the model, so its {job.subset} cases are unknown. "
            "Evaluate all of them instead (--subset all)."
        )
    cases = cases_of(load(file), dataset.cases, job.subset)
    if not cases:
        raise DataError(
            f"{file.name} leaves no {job.subset} cases. Choose another subset, or all of them "
            "(--subset all)."
        )
    return cases


def label_rule(dataset: Dataset, card: ModelCard) -> LabelRule:
    """Return how the folder's masks become the model's classes.

    For a binary model the folder's own rule counts: its masks may be 0/1 where the model's were
    0/255. Several classes are told apart by their values, so there the model's rule does.
    """
    if card.labels.classes == 1 and dataset.labels.classes == 1:
        return dataset.labels
    return card.labels


def score_case(
    case: Case,
    scan: Scan,
    labels: NDArray[Any],
    reference: NDArray[Any],
    names: Sequence[str],
    surfaces: bool = True,
) -> CaseScore:
    """Score the labels of a case against its reference, in the lengths that the image states.

    Raises
    ------
    DataError
        If the two differ in shape.
    """
    spacing, unit = lengths(scan)
    return score_masks(
        labels,
        reference,
        names,
        case.name,
        case.patient,
        case.tags,
        ignore=IGNORE,
        spacing=spacing,
        unit=unit,
        surfaces=surfaces,
        corrected=case.correction is not None,
    )


def failed(case: Case, error: str) -> CaseScore:
    """Return the score of a case that has none, and why."""
    nan = math.nan
    return CaseScore(
        case.name, case.patient, nan, nan, nan, nan, nan, empty=False, tags=case.tags, error=error
    )


def behind(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Map in order on a thread, one item behind: the next one is made meanwhile."""
    waiting: deque[Future[R]] = deque()
    with threads(1, "behind") as pool:
        for item in items:
            waiting.append(pool.submit(work, item))
            while len(waiting) > 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class _Answer(NamedTuple):
    """What the network found in a case, as probabilities."""

    case: Case
    scan: Scan
    reference: NDArray[Any]
    found: NDArray[np.uint8]


class _Judge:
    """Scores a model's answers, while the network works on the next case."""

    def __init__(self, ready: Predictor, rule: LabelRule, threshold: float, surfaces: bool) -> None:
        self.ready, self.rule, self.threshold = ready, rule, threshold
        self.surfaces = surfaces
        self.histogram = Histogram()

    def scores(self, cases: Sequence[Case]) -> Iterator[CaseScore]:
        """Yield the score of every case, in order; one that fails has an error."""
        read = ahead(lambda case: read_pair(case, self.rule), cases)
        answers = (self._ask(c, r) for c, r in zip(cases, read, strict=True))
        yield from behind(self._score, answers)

    def _ask(self, case: Case, read: tuple[Scan, NDArray[Any]] | Exception) -> _Answer | CaseScore:
        try:
            if isinstance(read, Exception):
                raise read
            scan, reference = read
            image = fit_channels(scan.array, self.ready.card.image_channels, case.image, scan.axes)
            found = self.ready.volume(image, axes_of(image, reference))
        except FAILURES as e:
            return failed(case, str(readable(e)))
        return _Answer(case, scan, reference, found)

    def _score(self, answer: _Answer | CaseScore) -> CaseScore:
        if isinstance(answer, CaseScore):
            return answer
        case, scan, reference, found = answer
        labels, names = label_image(found, self.threshold), self.ready.card.classes
        try:
            score = score_case(case, scan, labels, reference, names, self.surfaces)
            self.histogram.add(found, reference, IGNORE)
        except FAILURES as e:
            return failed(case, str(readable(e)))
        return score
