"""Segmentations whose probabilities are kept, and the scores of an evaluation."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from psygnal import Signal

from napari_unet.events import (
    CaseDone,
    CaseScore,
    Compared,
    EvaluateFinished,
    SegmentArrayFinished,
)
from napari_unet.jobs import EvaluateJob
from napari_unet.library import Entry, modified
from napari_unet.session.kept import Kept
from napari_unet.session.values import Result, Sheet

RESULT_BYTES = 512_000_000  # of compressed probabilities


class ResultState:
    """The part of a session that keeps segmentations and scores."""

    sheet_changed = Signal()
    comparison_changed = Signal()
    result_changed = Signal()

    def __init__(self) -> None:
        self.sheet: Sheet | None = None
        self.comparison: Compared | None = None
        self._results: OrderedDict[tuple[str, str], Result] = OrderedDict()
        self._at_hand: Result | None = None

    # --- segmentations ------------------------------------------------------------------------

    def keep(self, image: str, model: Entry, event: SegmentArrayFinished) -> Result:
        """Keep a segmentation's probabilities; the oldest go when memory would run over."""
        unsure = event.uncertainty
        result = Result(
            image,
            model.path,
            model.modified,
            None if event.store else Kept(event.probabilities),
            event.classes,
            event.threshold,
            event.store,
            None if unsure is None else Kept(unsure),
            event.uncertainty_store,
        )
        self._results[image, model.path] = result
        self._results.move_to_end((image, model.path))
        self._work_with(result)
        while len(self._results) > 1 and self._bytes() > RESULT_BYTES:
            self._results.popitem(last=False)
        self.result_changed.emit()
        return result

    def result(self, image: str, model: Entry) -> Result | None:
        """Return what is kept for an image and a model, unless the model's file changed since."""
        result = self._results.get((image, model.path))
        if result is None or result.modified != model.modified:
            return None
        self._work_with(result)
        return result

    def forget(self, image: str) -> None:
        """Drop what is kept for an image that changed or was closed."""
        for key in [k for k in self._results if k[0] == image]:
            del self._results[key]
        if self._at_hand is not None and self._at_hand.image == image:
            self._at_hand = None
        self.result_changed.emit()

    def drop_results(self) -> None:
        """Drop everything that is kept."""
        self._results.clear()
        self._at_hand = None

    def _work_with(self, result: Result) -> None:
        """Have one result at hand; the one before is compressed."""
        before, self._at_hand = self._at_hand, result
        if before is not None and before is not result:
            before.rest()

    def _bytes(self) -> int:
        return sum(r.nbytes for r in self._results.values())

    # --- scores -------------------------------------------------------------------------------

    def start_sheet(self, job: EvaluateJob) -> None:
        """Begin a sheet of scores that come one by one."""
        self.sheet = Sheet(job.folder, job.model, modified(job.model), job.subset)
        self.sheet_changed.emit()

    def take_score(self, event: CaseDone) -> None:
        """Add a case's score to the sheet."""
        if self.sheet is not None and event.score is not None:
            self.sheet = replace(self.sheet, scores=(*self.sheet.scores, event.score))
            self.sheet_changed.emit()

    def take_scores(self, event: EvaluateFinished) -> None:
        """Complete the sheet; what was replaced meanwhile stays so."""
        if self.sheet is None:
            return
        changed = {s.name: s for s in self.sheet.scores if s.name in self.sheet.before}
        scores = tuple(changed.get(s.name, s) for s in event.scores)
        self.sheet = replace(self.sheet, scores=scores, finished=event)
        self.sheet_changed.emit()

    def replace_score(self, score: CaseScore) -> bool:
        """Put a new score of a case into the sheet, and into its summary.

        The evaluation's own score stays known as the one before. Say whether the sheet has the
        case at all: of others nothing is shown.
        """
        sheet = self.sheet
        names = [] if sheet is None else [s.name for s in sheet.scores]
        if sheet is None or score.name not in names:
            return False
        at = names.index(score.name)
        scores = (*sheet.scores[:at], score, *sheet.scores[at + 1 :])
        before = {score.name: sheet.scores[at], **sheet.before}
        self.sheet = replace(sheet, scores=scores, before=before)
        self.sheet_changed.emit()
        return True

    def take_comparison(self, event: Compared) -> None:
        """Show how models and readers compare."""
        self.comparison = event
        self.comparison_changed.emit()
