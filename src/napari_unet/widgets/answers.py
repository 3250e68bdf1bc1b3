"""From kept probabilities to what is seen: labels, maps, words; and nothing painted is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_unet.events import SegmentArrayFinished, SegmentPart
from napari_unet.labelling import entropy, label_image
from napari_unet.session import Made, ModelEntry, Result, Session
from napari_unet.session.portion import Portion, all_of
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.segmentations import Whose


@dataclass(frozen=True, eq=False)
class Asked:
    """What was asked: of which image, by which model, which part of it, and how."""

    whose: Whose
    portion: Portion
    made: Made


class Answers:
    """Shows the engine's answers, anew whenever the threshold moves."""

    question_changed = Signal()  # painted labels are in the way, or can be brought back
    found_changed = Signal()

    def __init__(self, session: Session, layers: Layers) -> None:
        self.session, self.layers = session, layers
        self.waiting: Result | None = None  # its labels would replace what a person painted
        self.found = ""
        self._asked: dict[tuple[str, str], Asked] = {}

    # --- answers ------------------------------------------------------------------------------

    def take(self, asked: Asked, model: ModelEntry, event: SegmentArrayFinished) -> None:
        """Keep an answer and show its labels."""
        whose = asked.whose
        self._asked[whose.image, whose.model] = asked
        result = self.session.keep(whose.image, model, event)
        self.write(result)
        for kind in ("probability", "uncertainty"):
            if self.layers.maps.shown(whose.image, whose.model, kind):
                self.show_map(result, kind)

    def take_piece(self, asked: Asked, event: SegmentPart) -> None:
        """Show the labels of a piece while the rest computes."""
        if piece := asked.portion.piece(event.start, event.probabilities):
            where, probabilities = piece
            labels = label_image(probabilities, self.session.threshold)
            self.layers.segmentations.show_piece(asked.whose, asked.portion, where, labels)

    def take_back(self, asked: Asked) -> bool:
        """Undo what pieces changed; return whether there are labels from before."""
        self.layers.segmentations.take_back()
        whose = asked.whose
        return self.layers.segmentations.find(whose.image, whose.model) is not None

    # --- labels -------------------------------------------------------------------------------

    def write(self, result: Result, asked: bool = False) -> None:
        """Show the labels of a result, unless a person painted and was not ``asked``."""
        how, layers = self.how(result), self.layers.segmentations
        if not asked and layers.painted(result.image, result.model, how.portion):
            self.waiting = result
            self.question_changed.emit()
            return
        labels = result.labels(self.session.threshold)
        layers.write(how.whose, labels, how.portion, how.made)
        self.found = self._describe(result, labels)
        self.found_changed.emit()

    def answer(self, replace: bool) -> None:
        """Write the labels that wait: over the painted ones, or as a layer beside them."""
        result, self.waiting = self.waiting, None
        if result is not None:
            layers = self.layers.segmentations
            keep = layers.keep_painted if replace else layers.set_apart
            keep(result.image, result.model)
            self.write(result, asked=True)
        self.question_changed.emit()

    def leave(self) -> None:
        """Keep the painted labels and write nothing."""
        self.waiting = None
        self.question_changed.emit()

    def undo(self, whose: Whose, bring_back: bool) -> None:
        """Bring back the painted labels that were replaced, or give them up."""
        layers = self.layers.segmentations
        act = layers.undo if bring_back else layers.forget_replaced
        act(whose.image, whose.model)
        self.question_changed.emit()

    def how(self, result: Result) -> Asked:
        """Return how a result came about."""
        known = self._asked.get((result.image, result.model))
        if known is not None:
            return known
        whose = Whose(result.image, result.model, ModelEntry(result.model).name)
        return Asked(whose, all_of(result.probabilities.shape[1:]), Made(result.modified))

    # --- maps ---------------------------------------------------------------------------------

    def show_map(self, result: Result, kind: str) -> None:
        """Show the probabilities, or how unsure the network is, as image layers."""
        how, maps = self.how(result), self.layers.maps
        planes = result.probabilities
        if kind == "uncertainty":
            maps.show(how.whose, kind, "", entropy(planes), how.portion)
            return
        several = len(planes) > 1
        for i, name in enumerate(result.classes):
            maps.show(how.whose, kind, name, planes[i + several], how.portion)

    # --- words --------------------------------------------------------------------------------

    def show_kept(self, result: Result | None) -> None:
        """Show again what is kept for an image and a model, without running the network."""
        self.found = ""
        if result is not None:
            shown = self._region(result)
            if shown is not None:
                self.found = self._describe(result, shown)
            elif result.image == self.layers.open_case():
                self.write(result)
        self.found_changed.emit()

    def _region(self, result: Result) -> Any:
        """Return the part of the labels, as they are now, that a result is of."""
        data = self.layers.segmentations.data(result.image, result.model)
        portion = self.how(result).portion
        if data is None or data.shape != portion.canvas:
            return None
        return portion.gathered(data)

    def _describe(self, result: Result, labels: Any) -> str:
        """Say how much of what was segmented each class takes."""
        portion = self.how(result).portion
        painted = self.layers.segmentations.painted(result.image, result.model, portion)
        size = self.layers.pixel_size(result.image)
        inside = _inside(portion, np.asarray(labels))
        counts = np.bincount(inside, minlength=len(result.classes) + 1)[1:]
        total = max(inside.size, 1)
        lines = []
        for name, n in zip(result.classes, counts.tolist(), strict=False):
            area = f"{n:,} px"
            if size.unit != "px":
                area = f"{n * size.value:,.4g} {size.unit} ({area})"
            part = "the image" if portion.whole else "this part of the image"
            lines.append(f"{name}: {n / total:.2%} of {part}, {area}")
        return "\n".join([*lines, *(["Corrected by hand."] if painted else [])])

    def recount(self, result: Result | None) -> None:
        """Follow what a person paints."""
        labels = self._region(result) if self.found and result is not None else None
        if result is not None and labels is not None:
            self.found = self._describe(result, labels)
            self.found_changed.emit()


def _inside(portion: Portion, labels: NDArray[Any]) -> NDArray[Any]:
    """Return the labels of the pixels that were asked about."""
    if portion.mask is None:
        return labels.ravel()
    inside: NDArray[Any] = labels[np.broadcast_to(portion.mask, labels.shape)]
    return inside
