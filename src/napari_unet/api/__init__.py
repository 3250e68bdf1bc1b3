"""The Python interface: the jobs as plain function calls."""

from napari_unet.api.data import audit, fetch
from napari_unet.api.pulling import OnEvent, PathLike, pull
from napari_unet.api.scoring import compare, evaluate, rank, report
from napari_unet.api.segmenting import segment
from napari_unet.api.training import improve, plan, resume, train

__all__ = [
    "OnEvent",
    "PathLike",
    "audit",
    "compare",
    "evaluate",
    "fetch",
    "improve",
    "plan",
    "pull",
    "rank",
    "report",
    "resume",
    "segment",
    "train",
]
