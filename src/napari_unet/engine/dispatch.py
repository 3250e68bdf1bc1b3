"""Which generator does which job. Imports happen here, so that only a running job loads torch."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

from napari_unet.controls import Controls
from napari_unet.events import Event
from napari_unet.jobs import (
    AuditJob,
    AugmentJob,
    CompareJob,
    EvaluateJob,
    ExportModelJob,
    FetchJob,
    ImportModelJob,
    ImproveJob,
    Job,
    PlanJob,
    RankJob,
    ReportJob,
    ResumeJob,
    SegmentArrayJob,
    SegmentFilesJob,
    Training,
    TrainJob,
    VerifyModelJob,
)
from napari_unet.library.jobs import models_of, resolved
from napari_unet.library.using import using


def start(job: Job, controls: Controls | None = None) -> Generator[Event, None, None]:
    """Return the generator of events that does ``job`` when it is pulled.

    Where a job names a model, its file is looked for in the library as well. ``controls`` are what
    a training is told while it runs.

    Raises
    ------
    ModelError
        When it is pulled, if there is no such model.
    """
    job = resolved(job)
    if not isinstance(job, Training):
        yield from _events(job, controls)
        return
    with using(models_of(job)), closing(_events(job, controls)) as events:
        yield from events


def _events(job: Job, controls: Controls | None) -> Generator[Event, None, None]:
    match job:
        case TrainJob():
            from napari_unet.training.job import train

            return train(job, controls)
        case ResumeJob():
            from napari_unet.improvement import resume

            return resume(job, controls)
        case ImproveJob():
            from napari_unet.improvement import improve

            return improve(job, controls)
        case PlanJob():
            from napari_unet.training.planning import plan

            return plan(job)
        case AugmentJob():
            from napari_unet.training.augmenting import show_augmentation

            return show_augmentation(job)
        case SegmentArrayJob():
            from napari_unet.inference import segment_array

            return segment_array(job)
        case SegmentFilesJob():
            from napari_unet.inference import segment_files

            return segment_files(job)
        case EvaluateJob():
            from napari_unet.evaluation import evaluate

            return evaluate(job)
        case CompareJob():
            from napari_unet.comparison import compare

            return compare(job)
        case RankJob():
            from napari_unet.inference.ranking import rank

            return rank(job)
        case ReportJob():
            from napari_unet.reporting import report

            return report(job)
        case AuditJob():
            from napari_unet.data.audit.job import audit

            return audit(job)
        case FetchJob():
            from napari_unet.downloads.fetch import fetch

            return fetch(job)
        case ImportModelJob():
            from napari_unet.library.tasks import import_model

            return import_model(job)
        case ExportModelJob():
            from napari_unet.library.tasks import export_model

            return export_model(job)
        case VerifyModelJob():
            from napari_unet.library.tasks import verify_model

            return verify_model(job)
