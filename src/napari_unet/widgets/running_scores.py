"""The scores of labels that are painted on: as they are now, and as they were before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from napari_unet.events import CaseScore
from napari_unet.metrics import SCORES, Counts, score_counts
from napari_unet.session import Session
from napari_unet.widgets.counting import Counting
from napari_unet.widgets.judged import Judged


@dataclass(frozen=True)
class Earlier:
    """How scores stood before a layer got another array."""

    before: CaseScore | None
    now: CaseScore | None
    painted: bool


class RunningScores:
    """Turns counts into scores.

    ``now`` is the score of the whole, ``in_sight`` of the slice that is looked at, ``before`` of
    the labels that a person began with; ``painted`` says whether a person has painted since.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.before: CaseScore | None = None
        self.now: CaseScore | None = None
        self.in_sight: CaseScore | None = None
        self.painted = False

    def clear(self) -> None:
        """Know nothing: other labels are compared."""
        self.before = self.now = self.in_sight = None
        self.painted = False

    def score(self, counting: Counting, judged: Judged) -> None:
        """Score what is counted.

        Raises
        ------
        DataError
            If the labels hold a class that is not known; there are no scores then.
        """
        self.now = self.in_sight = None
        now = self._scored(counting.counts, judged)
        seen = counting.in_sight()
        self.in_sight = None if seen is None else self._scored(seen, judged)
        self.now = now

    def begin(self) -> None:
        """Take the labels as they are now for those that a person begins with."""
        self.before, self.painted = self.now, False

    @property
    def earlier(self) -> Earlier:
        """How the scores stand, to go on from there."""
        return Earlier(self.before, self.now, self.painted)

    def go_on(self, earlier: Earlier) -> bool:
        """Go on from before if another array holds the same; return whether it does."""
        if not _alike(earlier.now, self.now):
            return False
        self.before, self.painted = earlier.before, earlier.painted
        return True

    def whose(self, judged: Judged) -> Mapping[str, Any]:
        """Return what identifies the case that is scored, or names the layer."""
        case = self.session.case
        if case is None:
            return {"name": judged.prediction.name}
        return {"name": case.name, "patient": case.patient, "tags": case.tags}

    def _scored(self, counts: Counts, judged: Judged) -> CaseScore:
        return score_counts(counts, judged.names, **self.whose(judged))


def _alike(one: CaseScore | None, other: CaseScore | None) -> bool:
    """Say whether two scores have the same counted numbers."""
    return None not in (one, other) and all(getattr(one, k) == getattr(other, k) for k in SCORES)
