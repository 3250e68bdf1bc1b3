"""Correcting labels: scores, errors and distances that follow the brush.

Numbers that are counted follow every step of a brush. What takes longer, the distances between
surfaces, follows when painting has rested; then the table of scores has its row replaced as well.
"""

from __future__ import annotations

from psygnal import Signal

from napari_unet.errors import DataError
from napari_unet.session import Session
from napari_unet.tally import Box, Tally
from napari_unet.widgets.brush import Brush
from napari_unet.widgets.counting import Counting
from napari_unet.widgets.distances import Distances
from napari_unet.widgets.errors_layer import ErrorsLayer
from napari_unet.widgets.judged import Judged, Judges
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.parts.timing import single_shot
from napari_unet.widgets.running_scores import Earlier, RunningScores
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
        self.brush = Brush(layers, self.judges)
        self.scores = RunningScores(session)
        self.errors = ErrorsLayer(layers.hand)
        self.problem = ""
        self.counting: Counting | None = None
        self.judged: Judged | None = None
        self.distances = Distances(session, layers)
        self.shows_errors = True
        self._begun = False
        self._closed_of: Tally | None = None
        self._earlier: Earlier | None = None
        self._rest = single_shot(REST, self._take_rest)
        self._look = single_shot(0, self._see)
        self._soon = single_shot(0, self.follow)
        self._closing = single_shot(0, self._take_closed)
        for signal in (layers.changed, session.case_changed, session.sheet_changed):
            signal.connect(self._follow_soon)
        segmenter.answers.found.changed.connect(self._follow_soon)
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
        self.brush.edit_reference(on)
        self.pair_changed.emit()

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
        self.brush.heed_lock()
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
        judged, known = self.judged, self.scores.earlier
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
        if earlier is not None and self.scores.go_on(earlier):
            self.scored.emit()

    def _drop(self) -> None:
        if self.counting is not None:
            self.counting.close()
        self.counting = self.judged = None
        self.scores.clear()
        self.distances.forget()
        self._earlier = None
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
        self.scores.begin()
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
            self.scores.begin()
        else:
            self.scores.painted = True
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
        counting, judged = self.counting, self.judged
        if counting is None or judged is None:
            return
        try:
            self.scores.score(counting, judged)
            self.problem = ""
        except DataError as error:
            self.problem = str(error)
            if self.judges.has_grown(judged):
                self._drop()
                self._soon.start()

    def _take_rest(self) -> None:
        self._take_measure()
        if self.scores.painted:
            self.rested.emit()

    def _take_measure(self) -> None:
        counting, judged = self.counting, self.judged
        if counting is not None and judged is not None and self.scores.now is not None:
            whose = self.scores.whose(judged)
            self.distances.measure(counting.tally, judged, whose, self.scores.painted)
