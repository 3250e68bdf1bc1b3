"""From kept probabilities to what is seen: labels, maps, words; and nothing painted is lost."""

from __future__ import annotations

import math

from psygnal import Signal

from napari_unet.config import CleanUp
from napari_unet.events import SegmentArrayFinished, SegmentPart
from napari_unet.labelling import label_image
from napari_unet.library import Entry, name_of
from napari_unet.session import Made, Result, Session
from napari_unet.session.portion import all_of
from napari_unet.widgets.asking import LARGE, Asked
from napari_unet.widgets.found import Found
from napari_unet.widgets.layer_tags import Whose
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.maps import values_of
from napari_unet.widgets.on_screen import OnScreen
from napari_unet.widgets.relabelling import Labelled, Relabeller


class Answers:
    """Shows the engine's answers, anew whenever the threshold or the clean-up change."""

    question_changed = Signal()  # painted labels are in the way, or can be brought back

    def __init__(self, session: Session, layers: Layers) -> None:
        self.session, self.layers = session, layers
        self.relabeller, self.on_screen = Relabeller(session), OnScreen()
        self.waiting: Result | None = None  # its labels would replace what a person painted
        self.found = Found(layers, self.on_screen, self.how)
        self.cleanup = CleanUp()
        self._thresholds: dict[str, tuple[float, ...]] = {}  # by model
        self._asked: dict[tuple[str, str], Asked] = {}
        self._agreed: Result | None = None  # may replace what was painted
        self._stores: dict[tuple[str, str], tuple[str, ...]] = {}
        self.relabeller.ready.connect(self._show)
        layers.changed.connect(self.tidy)

    # --- answers ------------------------------------------------------------------------------

    def take(self, asked: Asked, model: Entry, event: SegmentArrayFinished) -> None:
        """Keep an answer and show its labels."""
        whose = asked.whose
        self._asked[whose.image, whose.model] = asked
        result = self.session.keep(whose.image, model, event)
        self.write(result)
        before = self._stores.pop((whose.image, whose.model), ())
        self.session.scratch.delete(*before)
        if event.store:
            stores = event.store, event.uncertainty_store
            self._stores[whose.image, whose.model] = stores
        for kind in ("probability", "uncertainty"):
            if self.layers.maps.shown(whose.image, whose.model, kind):
                self.show_map(result, kind)

    def prepare(self, asked: Asked) -> bool:
        """Have a layer ready; return whether pieces can be shown in it."""
        if math.prod(asked.portion.canvas) > LARGE:
            return False  # such labels never lie in memory as a whole
        return self.layers.pieces.prepare(asked.whose, asked.portion, asked.made)

    def take_piece(self, asked: Asked, event: SegmentPart) -> None:
        """Show the labels of a piece while the rest computes; they are cleaned up in the end."""
        piece = asked.portion.piece(event.start, event.probabilities)
        if piece is None or not self.prepare(asked):
            return
        where, probabilities = piece
        thresholds = self.thresholds(asked.whose.model, len(probabilities) - 1)
        labels = label_image(probabilities, self.session.threshold, thresholds)
        self.layers.pieces.show(asked.whose, asked.portion, asked.made, where, labels)

    def forget(self, image: str) -> None:
        """Give up what is kept for an image that holds other pixels now."""
        self.relabeller.forget(image)
        self.session.forget(image)

    def tidy(self) -> None:
        """Delete the stores of labels that are no longer there; they were made from these."""
        for (image, model), stores in list(self._stores.items()):
            if self.layers.segmentations.find(image, model) is None:
                self.forget(image)
                del self._stores[image, model]
                self.session.scratch.delete(*stores)

    def take_back(self, asked: Asked) -> bool:
        """Undo what pieces changed; return whether there are labels from before."""
        self.layers.pieces.take_back()
        whose = asked.whose
        return self.layers.segmentations.find(whose.image, whose.model) is not None

    def how(self, result: Result) -> Asked:
        """Return how a result came about."""
        known = self._asked.get((result.image, result.model))
        if known is not None:
            return known
        whose = Whose(result.image, result.model, name_of(result.model))
        return Asked(whose, all_of(result.shape[1:]), Made(result.modified))

    # --- labels -------------------------------------------------------------------------------

    def thresholds(self, model: str, classes: int) -> tuple[float, ...]:
        """Return the thresholds of a model's classes; empty where the likeliest wins."""
        kept = self._thresholds.get(model, ())
        return kept if len(kept) == classes else ()

    def set_thresholds(self, thresholds: tuple[float, ...], result: Result | None) -> None:
        """Label anew with a threshold for each class."""
        if result is not None:
            self._thresholds[result.model] = thresholds
            self.write(result)

    def set_cleanup(self, cleanup: CleanUp, result: Result | None) -> None:
        """Label anew with another clean-up."""
        self.cleanup = cleanup
        if result is not None:
            self.write(result)

    def write(self, result: Result, agreed: bool = False) -> None:
        """Show the labels of a result, unless a person painted and has not ``agreed``."""
        self._agreed = result if agreed else None
        if self._must_ask(result):
            return
        how = self.how(result)
        labelled = self.relabeller.labels(
            result,
            self.session.threshold,
            self.thresholds(result.model, result.shape[0] - 1),
            self.cleanup,
            how.spacing,
            how.planes,
        )
        if labelled is not None:
            self._show(labelled)

    def _show(self, labelled: Labelled) -> None:
        result = labelled.wish.result
        if self._must_ask(result):
            return
        how, layers = self.how(result), self.layers.segmentations
        if self._agreed is result:
            layers.replaced.keep(layers.find(result.image, result.model))
            self._agreed = None
        layers.write(how.whose, labelled.labels, how.portion, how.made)
        self.on_screen.note(labelled)
        image, model = self.layers.active_image(), self.session.model
        here = (image and image.id, model and model.path)
        # What was made in a thread may be of an image that nobody looks at any more.
        if here == (result.image, result.model):
            self.found.clear()  # told even if it is the same: its objects may be others
            self.found.tell(result)
        self.question_changed.emit()

    def _must_ask(self, result: Result) -> bool:
        """Ask before labels that somebody painted on are replaced; return whether that is so."""
        portion = self.how(result).portion
        painted = self.layers.segmentations.painted(result.image, result.model, portion)
        if not painted or self._agreed is result:
            return False
        self.waiting = result
        self.question_changed.emit()
        return True

    # --- what was painted ---------------------------------------------------------------------

    def answer(self, replace: bool) -> None:
        """Write the labels that wait: over the painted ones, or as a layer beside them."""
        result, self.waiting = self.waiting, None
        if result is not None:
            if not replace:
                self.layers.segmentations.set_apart(result.image, result.model)
            self.write(result, agreed=replace)
        self.question_changed.emit()

    def leave(self) -> None:
        """Keep the painted labels and write nothing."""
        self.waiting = None
        self.question_changed.emit()

    def undo(self, whose: Whose, bring_back: bool) -> None:
        """Bring back the painted labels that were replaced, or give them up."""
        layers = self.layers.segmentations
        act = layers.replaced.bring_back if bring_back else layers.replaced.forget
        act(layers.find(whose.image, whose.model))
        self.question_changed.emit()

    # --- maps ---------------------------------------------------------------------------------

    def show_map(self, result: Result, kind: str) -> None:
        """Show the probabilities, or how unsure the network is, as image layers."""
        how = self.how(result)
        for name, values in values_of(result, kind):
            self.layers.maps.show(how.whose, kind, name, values, how.portion)

    # --- what is kept -------------------------------------------------------------------------

    def show_kept(self, result: Result | None) -> None:
        """Show again what is kept for an image and a model, without running the network."""
        self.found.clear()
        self.waiting = None
        if result is not None:
            if self.found.region(result) is not None:
                self.found.tell(result)
            elif result.image in self.layers.segmentations.by_hand.images:
                pass  # what a person corrected is shown, and replaced only when it is asked for
            elif result.image == self.layers.open_case():
                self.write(result)
        self.found.changed.emit()
