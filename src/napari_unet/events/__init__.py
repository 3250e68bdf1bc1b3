"""Events: what a job tells while it works.

Frozen data, like the jobs; the modules here are those of `napari_unet.jobs`, and `progress`, whose
events any job may tell.
"""

from napari_unet.events.data import (
    AuditFinished,
    FetchFinished,
    Finding,
    Offer,
    RemoteFile,
    Severity,
)
from napari_unet.events.improving import Improved, Ranked, RankedCase
from napari_unet.events.models import ModelExported, ModelImported, ModelVerified
from napari_unet.events.progress import CaseDone, Note, Progress
from napari_unet.events.scoring import (
    Calibration,
    CaseScore,
    Compared,
    EvaluateFinished,
    Paired,
    ReportFinished,
)
from napari_unet.events.segmenting import (
    ClassSize,
    SegmentArrayFinished,
    Segmented,
    SegmentFilesFinished,
    SegmentPart,
)
from napari_unet.events.training import (
    Augmented,
    EpochEnd,
    Paused,
    Plan,
    Planned,
    Preview,
    TrainFinished,
)

Event = (
    Note
    | Progress
    | EpochEnd
    | Planned
    | Preview
    | Paused
    | Augmented
    | CaseDone
    | TrainFinished
    | SegmentPart
    | SegmentArrayFinished
    | SegmentFilesFinished
    | EvaluateFinished
    | Compared
    | Improved
    | RankedCase
    | Ranked
    | ReportFinished
    | AuditFinished
    | Offer
    | FetchFinished
    | ModelImported
    | ModelExported
    | ModelVerified
)

__all__ = [
    "AuditFinished",
    "Augmented",
    "Calibration",
    "CaseDone",
    "CaseScore",
    "ClassSize",
    "Compared",
    "EpochEnd",
    "EvaluateFinished",
    "Event",
    "FetchFinished",
    "Finding",
    "Improved",
    "ModelExported",
    "ModelImported",
    "ModelVerified",
    "Note",
    "Offer",
    "Paired",
    "Paused",
    "Plan",
    "Planned",
    "Preview",
    "Progress",
    "Ranked",
    "RankedCase",
    "RemoteFile",
    "ReportFinished",
    "SegmentArrayFinished",
    "SegmentFilesFinished",
    "SegmentPart",
    "Segmented",
    "Severity",
    "TrainFinished",
]
