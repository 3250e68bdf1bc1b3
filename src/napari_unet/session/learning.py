"""What a model learns from corrections: which cases come next, and what improving has brought."""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from psygnal import Signal

from napari_unet.events import Improved, Ranked, RankedCase
from napari_unet.jobs import RankJob
from napari_unet.library import modified


@dataclass(frozen=True)
class Ranking:
    """Cases in the order in which they are worth correcting, and what that was told by.

    While the ranking is made, they are ordered by gain alone; ``finished`` says that it is whole.
    """

    root: str
    model: str
    modified: float
    cases: tuple[RankedCase, ...] = ()
    finished: bool = False
    calibrated: str = ""
    failed: Mapping[str, str] = field(default_factory=dict)


class LearnState:
    """The part of a session that knows what is learned from corrections."""

    ranking_changed = Signal()
    improved_changed = Signal()

    def __init__(self) -> None:
        self.ranking: Ranking | None = None
        self.improved: Improved | None = None

    def start_ranking(self, job: RankJob) -> None:
        """Begin a ranking whose cases come one by one."""
        self.ranking = Ranking(job.folder, job.model, modified(job.model))
        self.ranking_changed.emit()

    def take_ranked_case(self, case: RankedCase) -> None:
        """Put a case where its gain belongs."""
        if self.ranking is not None:
            cases = list(self.ranking.cases)
            insort(cases, case, key=lambda c: -c.gain)
            self.ranking = replace(self.ranking, cases=tuple(cases))
            self.ranking_changed.emit()

    def take_ranked(self, event: Ranked) -> None:
        """Complete the ranking."""
        if self.ranking is not None:
            self.ranking = replace(
                self.ranking,
                cases=event.cases,
                finished=True,
                calibrated=event.calibrated,
                failed=event.failed,
            )
            self.ranking_changed.emit()

    def take_improved(self, event: Improved | None) -> None:
        """Show what improving has brought; None once a person has chosen a model."""
        self.improved = event
        self.improved_changed.emit()
