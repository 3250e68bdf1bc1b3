"""Library names in jobs: the one place where whatever asks for a job has its models found."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from napari_unet.card import SUFFIX
from napari_unet.errors import UnetError
from napari_unet.jobs import (
    AuditJob,
    AugmentJob,
    CompareJob,
    EvaluateJob,
    ExportModelJob,
    ImproveJob,
    Job,
    PlanJob,
    RankJob,
    ResumeJob,
    SegmentArrayJob,
    SegmentFilesJob,
    Training,
    TrainJob,
    VerifyModelJob,
)
from napari_unet.library.names import boxed_path, find, name_of, own_path
from napari_unet.resumable import read_resumable, record_path
from napari_unet.workspace import models_dir


def resolved(job: Job) -> Job:
    """Return a job whose models are paths where it has names of the library.

    Raises
    ------
    ModelError
        If there is no such model.
    """
    match job:
        case TrainJob():
            return replace(job, start=_read(job.start))
        case PlanJob() | AugmentJob():
            return replace(job, train=replace(job.train, start=_read(job.train.start)))
        case ResumeJob():
            return replace(job, model=str(find_training(job.model)))
        case CompareJob():  # which names those that it leaves out
            return replace(job, models=tuple(_read_or_as_it_is(m) for m in job.models))
        case AuditJob():
            return replace(job, split=find_split(job.split))
        case SegmentArrayJob() | SegmentFilesJob() | EvaluateJob() | ImproveJob() | RankJob():
            return replace(job, model=_read(job.model))
        case ExportModelJob() | VerifyModelJob():
            return replace(job, model=_read(job.model))
        case _:
            return job


def find_training(text: str | Path) -> Path:
    """Return the model file whose training somebody means, which need not be written yet.

    Like `find`, but the record of a training that can go on is enough.
    """
    path = Path(text).expanduser()
    if path.exists() or record_path(path).is_file():
        return path
    ours = models_dir() / f"{name_of(path)}{SUFFIX}"
    return ours if str(text) == path.name and record_path(ours).is_file() else find(text)


def find_split(text: str) -> str:
    """Return a split file as it is, or the library's model of this name, beside which one lies."""
    if not text or Path(text).exists():
        return text
    return str(own_path(name_of(text)) or boxed_path(name_of(text)) or text)


def models_of(job: Training) -> list[str]:
    """Return the files that a training needs while it runs: what it writes, what it began with."""
    begun = ""
    match job:
        case TrainJob():
            begun = job.start
        case ImproveJob():
            begun = job.model
        case ResumeJob():
            with suppress(UnetError):  # the job itself says what is wrong with it
                found = read_resumable(job.model)
                begun = found.job.start if found else ""
    return [path for path in (job.writes, begun) if path]


def _read(text: str) -> str:
    return str(find(text)) if text else text


def _read_or_as_it_is(text: str) -> str:
    with suppress(UnetError):
        return _read(text)
    return text
