"""Correcting labels: who is painted on, and scores that move with the brush.

Numbers that are counted follow every step of a brush. What takes longer, the distances between
surfaces, follows when painting has rested; then the table of scores has its row replaced as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_unet.errors import DataError
from napari_unet.events import CaseScore
from napari_unet.metrics import SCORES, Counts, score_counts
from napari_unet.session import Session
from napari_unet.tally import Box, Tally
from napari_unet.widgets.counting import Counting
from napari_unet.widgets.distances import Distances
from napari_unet.widgets.errors_layer import ErrorsLayer
from napari_unet.widgets.judged import Judged, Judges
from napari_unet.widgets.layer_tags import REFERENCE, tag_of
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.segmenting import Segmenter

REST = 600  # milliseconds after which painting rests


class Correcting:
    """Follows what a person paints on the labels of the open case, or on any two layers."""

    pair_changed = Signal()  # which layers are compared, or painted on, or why none are
    scored = Signal()  # the scores moved
    rested = Signal()  # a person has painted, and painting rests
    history_changed = Signal()  # what can be undone and redone

    def __init__(self, session: Session, layers: Layers, segmenter: Segmenter) -> None:
        self.session, self.layers = session, layers
        self.judges = Judges(session, layers, segmenter)
        self.errors = ErrorsLayer(layers.hand)
        self.problem = ""
        self.counting: Counting | None = None
        self.judged: Judged | None = None
        self.before: CaseScore | None = None
        self.now: CaseScore | None = None
        self.in_sight: CaseScore | None = None
        self.distances = Distances(session, layers)
        self.painted = False  # by a person, since ``before``
        self.edits_reference = False
        self.shows_errors = True
        self._begun = False
        self._closed_of: Tally | None = None
        self._earlier: tuple[CaseScore | None, CaseScore | None, bool] | None = None
        self._rest, self._look, self._soon, self._closing = (QTimer() for _ in range(4))
        for timer, pause, act in (
            (self._rest, REST, self._take_rest),
            (self._look, 0, self._see),
            (self._soon, 0, self.follow),
            (self._closing, 0, self._take_closed),
        ):
            timer.setSingleShot(True)
            timer.setInterval(pause)
            timer.timeout.connect(act)
        for signal in (layers.changed, session.case_changed, session.sheet_changed):
            signal.connect(self._follow_soon)
        segmenter.answers.found_changed.connect(self._follow_soon)
        layers.labels_touched.connect(self._follow_if_idle)
        layers.slice_changed.connect(self._look_soon)
        self.errors.closed.connect(self._heed_closing)
        self.distances.changed.connect(self.scored.emit)

    # --- what a person asks for ---------------------------------------------------------------

    def begin(self) -> None:
        """Follow from now on; before anybody looks at scores, nothing is counted."""
        if not self._begun:
            self._begun = True
            self.follow()

    def choose(self, role: str, id: str) -> None:
        """Compare another layer as "prediction" or "reference"."""
        self.judges.choose(role, id)
        self.follow()

    def edit_reference(self, on: bool) -> None:
        """Paint on the reference, which is kept from that otherwise, or on the prediction."""
        reference = self.judges.reference
        self.edits_reference = on and reference is not None
        if tag_of(reference).get("role") == REFERENCE:
            self.edits_reference = self.layers.cases.edit_reference(on)
        if (layer := self.painted_layer) is not None:
            self._activate(layer)
        self.pair_changed.emit()

    @property
    def painted_layer(self) -> Any:
        """The layer to paint on, None if there is none."""
        layer = self.judges.reference if self.edits_reference else self.judges.prediction
        can = layer is not None and layer.editable and isinstance(layer.data, np.ndarray)
        return layer if can else None

    def paint(self) -> None:
        """Take the brush, on the layer to paint on."""
        if (layer := self.painted_layer) is not None:
            self._activate(layer)
            layer.mode = "paint"

    def undo(self) -> None:
        """Undo the last stroke on the layer to paint on."""
        if (layer := self.painted_layer) is not None:
            layer.undo()

    def redo(self) -> None:
        """Do again what was undone last."""
        if (layer := self.painted_layer) is not None:
            layer.redo()

    def can_undo(self) -> tuple[bool, bool]:
        """Return whether there is something to undo, and something to redo."""
        strokes = self.counting.strokes.get(self.painted_layer) if self.counting else None
        return strokes.can_undo() if strokes is not None else (False, False)

    def show_errors(self, on: bool) -> None:
        """Show or hide the layer of errors."""
        self.shows_errors = on
        if not on:
            self.errors.take_away()
        elif self.counting is not None and self.counting.ready:
            self.errors.show(self.counting.tally, self.counting.prediction)
        self.pair_changed.emit()

    def _heed_closing(self, tally: Tally) -> None:
        self._closed_of = tally
        self._closing.start()

    def _take_closed(self) -> None:
        """Heed that a person removed the layer of errors, unless all layers were removed."""
        self.follow()
        of, self._closed_of = self._closed_of, None
        if self.counting is not None and self.counting.tally is of and self.errors.layer is None:
            self.show_errors(False)

    # --- following ----------------------------------------------------------------------------

    def _follow_soon(self) -> None:
        # Not at once: napari may be in the midst of adding or removing layers.
        self._soon.start()

    def _follow_if_idle(self) -> None:
        """See whether labels that could not be compared are others by now."""
        if self.counting is None:
            self.follow()

    def follow(self) -> None:
        """Compare what is there now to be compared."""
        if self.session.closed or not (
            self._begun or self.distances.in_sheet(self.judges.reference)
        ):
            return
        self.problem = self.judges.problem()
        if self.problem:
            self._drop()
        elif not self._follows():
            self._start()
        reference = self.judges.reference
        if tag_of(reference).get("role") == REFERENCE and not reference.editable:
            self.edits_reference = False  # another case took its place
        self.pair_changed.emit()

    def _follows(self) -> bool:
        """Say whether the right layers are followed already."""
        counting, judged, judges = self.counting, self.judged, self.judges
        if counting is None or judged is None:
            return False
        same = counting.prediction is judges.prediction and counting.reference is judges.reference
        return same and self.judges.classes_of_case() in (None, judged.names)

    def _start(self) -> None:
        self._drop()
        self.judged = judged = self.judges.judged()
        self.counting = counting = Counting(
            self.layers.hand, judged.prediction, judged.reference, len(judged.names), judged.ignore
        )
        counting.changed.connect(self._changed)
        counting.lost.connect(self._again)
        counting.complete.connect(self._counted)
        counting.progressed.connect(self.scored.emit)
        counting.history_changed.connect(self.history_changed.emit)
        if counting.ready:
            self._counted()

    def _again(self) -> None:
        """Begin anew: a layer holds another array, perhaps with the same labels."""
        judged, known = self.judged, (self.before, self.now, self.painted)
        self._drop()
        self.follow()
        same = (
            judged is not None and self.judged is not None and judged.layers == self.judged.layers
        )
        self._earlier = known if same else None
        if self.counting is not None and self.counting.ready:
            self._restore()

    def _restore(self) -> None:
        """Go on with the score from before where another array turns out to hold the same."""
        earlier, self._earlier = self._earlier, None
        if earlier is not None and _alike(earlier[1], self.now):
            self.before, _, self.painted = earlier
            self.scored.emit()

    def _drop(self) -> None:
        if self.counting is not None:
            self.counting.close()
        self.counting = self.judged = None
        self.before = self.now = self.in_sight = None
        self.distances.forget()
        self.painted, self._earlier = False, None
        self._rest.stop()
        self.errors.take_away()
        self.scored.emit()

    def _counted(self) -> None:
        counting = self.counting
        if counting is None:
            return
        if self.shows_errors and self._begun:
            self.errors.show(counting.tally, counting.prediction)
        self._score()
        self.before = self.now
        self._restore()
        self._take_measure()
        self.pair_changed.emit()
        self.scored.emit()

    def _changed(self, boxes: tuple[Box, ...], by_program: bool) -> None:
        if self.counting is None:
            return
        self.errors.update(self.counting.tally, boxes)
        self.distances.forget()
        self._score()
        if by_program:
            self.before, self.painted = self.now, False
        else:
            self.painted = True
        self._rest.start()
        self.scored.emit()

    def _look_soon(self) -> None:
        if self.counting is not None:
            self._look.start()

    def _see(self) -> None:
        """Score the slice that is looked at now."""
        if self.counting is not None and self.counting.ready:
            self._score()
            self.scored.emit()

    # --- scores -------------------------------------------------------------------------------

    def _score(self) -> None:
        counting = self.counting
        if counting is None:
            return
        try:
            self.now = self._scores(counting.counts)
            seen = counting.in_sight()
            self.in_sight = None if seen is None else self._scores(seen)
            self.problem = ""
        except DataError as error:
            self.now = self.in_sight = None
            self.problem = str(error)
            if self.judged is not None and self.judges.has_grown(self.judged):
                self._drop()
                self._soon.start()

    def _scores(self, counts: Counts) -> CaseScore:
        return score_counts(counts, self.judged.names if self.judged else (), **self._whose())

    def _whose(self) -> Mapping[str, Any]:
        case = self.session.case
        if case is None or self.judged is None:
            return {"name": self.judged.prediction.name if self.judged else ""}
        return {"name": case.name, "patient": case.patient, "tags": case.tags}

    def _take_rest(self) -> None:
        self._take_measure()
        if self.painted:
            self.rested.emit()

    def _take_measure(self) -> None:
        counting, judged = self.counting, self.judged
        if counting is not None and judged is not None and self.now is not None:
            self.distances.measure(counting.tally, judged, self._whose(), self.painted)

    def _activate(self, layer: Any) -> None:
        viewer = self.layers.hand.viewer
        if viewer is not None and layer in viewer.layers:
            viewer.layers.selection.active = layer
            if not layer.visible:
                layer.visible = True


def _alike(one: CaseScore | None, other: CaseScore | None) -> bool:
    """Say whether two scores have the same counted numbers."""
    return None not in (one, other) and all(getattr(one, k) == getattr(other, k) for k in SCORES)
