"""Jobs: what is asked of the program; what it tells meanwhile are `napari_unet.events`.

Both are frozen data, so the same generator serves the command line, Python and the viewer's engine
process. A failure is an exception, never an event. Stopping a job means to stop pulling events
(close the generator): whatever an event announced is already on disk by then.
"""

from napari_unet.jobs.data import AuditJob, FetchJob
from napari_unet.jobs.improving import ImproveJob, RankJob
from napari_unet.jobs.models import ExportModelJob, ImportModelJob, VerifyModelJob
from napari_unet.jobs.scoring import CompareJob, EvaluateJob, ReportJob
from napari_unet.jobs.segmenting import SegmentArrayJob, SegmentFilesJob
from napari_unet.jobs.training import AugmentJob, PlanJob, ResumeJob, TrainJob

Job = (
    TrainJob
    | ResumeJob
    | PlanJob
    | AugmentJob
    | SegmentArrayJob
    | SegmentFilesJob
    | EvaluateJob
    | CompareJob
    | ImproveJob
    | RankJob
    | ReportJob
    | AuditJob
    | FetchJob
    | ImportModelJob
    | ExportModelJob
    | VerifyModelJob
)

# Those that write a model; each says where as `writes`.
Training = TrainJob | ResumeJob | ImproveJob

__all__ = [
    "AuditJob",
    "AugmentJob",
    "CompareJob",
    "EvaluateJob",
    "ExportModelJob",
    "FetchJob",
    "ImportModelJob",
    "ImproveJob",
    "Job",
    "PlanJob",
    "RankJob",
    "ReportJob",
    "ResumeJob",
    "SegmentArrayJob",
    "SegmentFilesJob",
    "TrainJob",
    "Training",
    "VerifyModelJob",
]
