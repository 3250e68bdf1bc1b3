"""What one viewer works on: dataset, case, model, scores, and what is running.

Plain state with signals: no Qt, no napari, no torch. The widgets show it, the runners write to
it, and everything shown is either fresh or says why it is not.
"""

from napari_unet.session.freshness import Made, stale
from napari_unet.session.learning import Ranking
from napari_unet.session.models import channel_axis, is_time, misfit
from napari_unet.session.state import Session
from napari_unet.session.training import Waiting
from napari_unet.session.values import (
    LANES,
    PLANNED,
    Busy,
    ImageFacts,
    Lane,
    Message,
    Place,
    Result,
    Sheet,
)

__all__ = [
    "LANES",
    "PLANNED",
    "Busy",
    "ImageFacts",
    "Lane",
    "Made",
    "Message",
    "Place",
    "Ranking",
    "Result",
    "Session",
    "Sheet",
    "Waiting",
    "channel_axis",
    "is_time",
    "misfit",
    "stale",
]
