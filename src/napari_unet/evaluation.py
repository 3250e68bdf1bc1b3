"""Evaluation as a job: a model's scores on the cases of a folder, image by image."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from napari_unet.card import ModelCard
from napari_unet.data.cases import IGNORE, Case, Dataset, LabelRule
from napari_unet.data.dataset import open_dataset
from napari_unet.data.formats import axes_of, read_case
from napari_unet.data.splits.split import cases_of, load, split_path
from napari_unet.errors import DataError, UnetError, readable
from napari_unet.events import CaseDone, CaseScore, EvaluateFinished, Event, Note, Progress
from napari_unet.inference import Predictor, predictor
from napari_unet.jobs import EvaluateJob
from napari_unet.labelling import label_image
from napari_unet.metrics import score_masks, summarise
from napari_unet.report import write_csv
from napari_unet.runs import save_scores
from napari_unet.unet.store import ahead


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
    rule = label_rule(dataset, ready.card)
    threshold = job.threshold if job.threshold >= 0 else ready.card.threshold
    yield Note(f"{len(cases)} cases ({job.subset}), {ready.speed.words()}")
    scores: list[CaseScore] = []
    for score in _scores(cases, ready, rule, threshold):
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
    """Return the cases of the job's subset, by a split that was saved beside a model."""
    if job.subset == "all":
        return dataset.cases
    file = split_path(job.split or job.model)
    if not file.is_file():
        raise DataError(
            f"There is no {file.name} beside the model, so its {job.subset} cases are unknown. "
            "Evaluate all of them instead (--subset all)."
        )
    return cases_of(load(file), dataset.cases, job.subset)


def label_rule(dataset: Dataset, card: ModelCard) -> LabelRule:
    """Return how the folder's masks become the model's classes.

    For a binary model the folder's own rule counts: its masks may be 0/1 where the model's were
    0/255. Several classes are told apart by their values, so there the model's rule does.
    """
    if card.labels.classes == 1 and dataset.labels.classes == 1:
        return dataset.labels
    return card.labels


def _scores(
    cases: tuple[Case, ...], ready: Predictor, rule: LabelRule, threshold: float
) -> Iterator[CaseScore]:
    def read(case: Case) -> tuple[NDArray[Any], NDArray[Any]]:
        return read_case(case, rule, ready.card.image_channels)

    for case, result in zip(cases, ahead(read, cases), strict=True):
        try:
            if isinstance(result, Exception):
                raise result
            image, reference = result
            found = ready.volume(image, axes_of(image, reference))
            labels = label_image(found, threshold)
            names = ready.card.classes
            yield score_masks(
                labels, reference, names, case.name, case.patient, case.tags, ignore=IGNORE
            )
        except UnetError as e:
            yield _failed(case, str(e))
        except (MemoryError, OSError) as e:
            yield _failed(case, str(readable(e)))


def _failed(case: Case, error: str) -> CaseScore:
    nan = float("nan")
    return CaseScore(
        case.name, case.patient, nan, nan, nan, nan, nan, empty=False, tags=case.tags, error=error
    )
