"""What takes too long for a brush: distances between surfaces, measured while painting rests.

The score that has them replaces the row of the open case in the table of scores.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from psygnal import Signal

from napari_unet.errors import readable
from napari_unet.events import CaseScore
from napari_unet.metrics import score_masks
from napari_unet.session import Session
from napari_unet.tally import Tally
from napari_unet.widgets.background import Background
from napari_unet.widgets.judged import Judged
from napari_unet.widgets.layer_tags import REFERENCE, SEGMENTATION, tag_of
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.placing import spacing


class Distances:
    """Measures labels in a thread; of labels that changed meanwhile nothing is told."""

    changed = Signal()

    def __init__(self, session: Session, layers: Layers) -> None:
        self.session, self.layers = session, layers
        self.score: CaseScore | None = None  # of the labels as they are now
        self._thread = Background()

    @property
    def words(self) -> str:
        """How far the surfaces lie apart; empty if that was not measured of these labels."""
        score = self.score
        if score is None or not math.isfinite(score.hd95):
            return ""
        return (
            f"95 % Hausdorff distance {score.hd95:.3g} {score.unit}, "
            f"mean surface distance {score.surface_distance:.3g} {score.unit}"
        )

    def forget(self) -> None:
        """Take back what was measured: the labels are others."""
        self.score = None
        self._thread.drop()

    def measure(
        self, tally: Tally, judged: Judged, whose: Mapping[str, Any], painted: bool
    ) -> None:
        """Measure the labels as they are now; ``painted`` if a person has changed them."""
        version = tally.version
        arrays = tally.prediction.copy(), tally.reference.copy()
        sides, unit = spacing(judged.reference)

        def work() -> CaseScore:
            known = {"ignore": judged.ignore, "spacing": sides, "unit": unit, **whose}
            return score_masks(*arrays, judged.names, **known)

        def measured(score: CaseScore) -> None:
            if tally.version == version:
                self.score = score
                self._tell_sheet(score, judged, painted)
                self.changed.emit()

        self._thread.run(
            "measuring distances",
            work,
            measured,
            lambda error: self.session.fail("correct", readable(error)),
        )

    def in_sheet(self, reference: Any) -> bool:
        """Say whether the open case is in the table of scores, with this as its reference."""
        sheet, case, dataset = self.session.sheet, self.session.case, self.session.dataset
        if sheet is None or case is None or dataset is None or sheet.root != str(dataset.root):
            return False
        its_own = tag_of(reference).get("role") == REFERENCE
        return its_own and any(s.name == case.name for s in sheet.scores)

    def _tell_sheet(self, score: CaseScore, judged: Judged, painted: bool) -> None:
        """Replace the row of the open case, if the table is of the model whose labels these are."""
        sheet, tag = self.session.sheet, tag_of(judged.prediction)
        if sheet is None or not self.in_sheet(judged.reference) or self.session.stale:
            return
        old = next((s for s in sheet.scores if s.name == score.name), None)
        if old is None or tag.get("role") != SEGMENTATION or tag["model"] != sheet.model:
            return
        corrected = painted or self.layers.segmentations.painted(tag["image"], tag["model"])
        if corrected or old.corrected:  # the latter where the network's labels are back
            self.session.replace_score(replace(score, tags=old.tags, corrected=corrected))
