"""What any job may tell on its way."""

from __future__ import annotations

from dataclasses import dataclass

from napari_unet.events.scoring import CaseScore
from napari_unet.events.segmenting import Segmented


@dataclass(frozen=True)
class Note:
    """Something worth reading: a choice that was made, a case left out and why."""

    text: str
    warning: bool = False


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total`` units of ``what``; ``seconds_left`` is NaN while unknown."""

    done: float
    total: float
    what: str
    seconds_left: float = float("nan")


@dataclass(frozen=True)
class CaseDone:
    """One case was evaluated (``score``) or one file segmented (``path`` and ``segmented``)."""

    name: str
    score: CaseScore | None = None
    path: str = ""
    error: str = ""
    segmented: Segmented | None = None
