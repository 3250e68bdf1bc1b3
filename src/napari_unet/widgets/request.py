"""What a person wants segmented: which image, which part of it, and how it is gone through."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from psygnal import Signal

from napari_unet.card import ModelCard
from napari_unet.config import SegmentConfig
from napari_unet.library import Entry
from napari_unet.schema import from_json
from napari_unet.session import ImageFacts, Lane, Made, Session, channel_axis, misfit
from napari_unet.widgets.asking import Asked
from napari_unet.widgets.layer_tags import Whose
from napari_unet.widgets.layers import Layers, Ticket
from napari_unet.widgets.portions import WHOLE

STORED = -3  # the axis along which a volume is stored


class Request:
    """Knows what was chosen, and what can be."""

    changed = Signal()  # what can be segmented, or what was chosen of it

    def __init__(self, session: Session, layers: Layers, lane: Lane) -> None:
        self.session, self.layers, self.lane = session, layers, lane
        self.image: ImageFacts | None = None
        self.where, self.axis = WHOLE, STORED
        self.config = SegmentConfig()

    @property
    def layer(self) -> Any:
        """The image's layer, None if there is none."""
        return None if self.image is None else self.layers.hand.image(self.image.id)

    @property
    def card(self) -> ModelCard | None:
        """The selected model's card, None if there is none."""
        return self.session.model.card if self.session.model is not None else None

    @property
    def whose(self) -> Whose | None:
        """Which labels an answer would be."""
        model = self.session.model
        if self.image is None or model is None:
            return None
        return Whose(self.image.id, model.path, model.name)

    # --- what is chosen -----------------------------------------------------------------------

    def take_image(self, image: ImageFacts | None) -> bool:
        """Mean this image from now on; return whether it is another one."""
        changed = self.image is None or image is None or image.id != self.image.id
        self.image = image
        if changed:
            self.axis = STORED
        return changed

    def look(self) -> None:
        """See what can be chosen now."""
        if self.where not in dict(self.wheres()):
            self.where = WHOLE
        self.changed.emit()

    def set_where(self, where: str) -> None:
        """Segment another part of the image; see `Portions.wheres`."""
        self.where = where
        self.changed.emit()

    def set_axis(self, axis: int) -> None:
        """Go through a volume along another axis; see `Portions.axes`."""
        self.axis = axis
        self.changed.emit()

    def set_average(self, average: str) -> None:
        """Average over other variants of the image; see `SegmentConfig`."""
        # How far the variants disagree costs nothing more once they are there.
        several = average in ("flips", "turns")
        self.config = from_json(SegmentConfig, {"average": average, "uncertainty": several})
        self.changed.emit()

    # --- what can be --------------------------------------------------------------------------

    def wheres(self) -> list[tuple[str, str]]:
        """Return what can be segmented of the image: keys, and words."""
        layer, card = self.layer, self.card
        return self.layers.portions.wheres(layer, card) if layer and card else []

    def axes(self) -> list[tuple[int, str]]:
        """Return along which axes the image can be gone through; none if there is no choice."""
        layer, card = self.layer, self.card
        return self.layers.portions.axes(layer, card) if layer and card else []

    def reason(self) -> str:
        """Say why nothing can be segmented now; empty if it can."""
        if busy := self.session.lane_reason(self.lane):
            return busy
        if self.image is None:
            return "Open an image first, or a case under Data."
        if self.card is None:
            if any(model.card is not None for model in self.session.models):
                return "Choose a model: none was made for images like this one. Or train one."
            return "Train a model first, or choose a model file with the … button."
        if self.channels():
            return ""
        return self.session.misfit(self.image)

    def channels(self) -> list[ImageFacts]:
        """Return the selected layers that are the model's channels, where no image alone fits it.

        A person says so by selecting as many of one size as the model has channels.
        """
        card, chosen = self.card, self.layers.selected_channels()
        if self.image is None or card is None or len(chosen) != card.image_channels:
            return []
        return chosen if misfit(card, self.image) and not misfit(card, _joined(chosen)) else []

    def slices(self) -> str:
        """Say that the image will be gone through slice by slice; empty if it will not."""
        card, image = self.card, self.image
        if card is None or image is None or card.network.dims == 3 or misfit(card, image):
            return ""
        axis = channel_axis(card, image)
        planes = [n for i, n in enumerate(image.shape) if i != axis][:-2]
        single = card.preprocess.neighbours == 0
        return "Goes through the volume slice by slice." if planes and single else ""

    # --- what is asked ------------------------------------------------------------------------

    def asked(self, ticket: Ticket, model: Entry, card: ModelCard) -> Asked:
        """Return what is asked of the engine.

        Raises
        ------
        DataError
            If the part that is meant holds nothing.
        """
        portions, layer = self.layers.portions, ticket.layer
        return Asked(
            Whose(ticket.facts.id, model.path, model.name),
            portions.portion(layer, card, self.where, self.axis),
            self.made(model),
            portions.spacing(layer, card),
            portions.in_time(layer, card),
        )

    def made(self, model: Entry) -> Made:
        """Return how labels would be made now."""
        outlines = self.layers.portions.outlines(self.where)
        axis = self.axis if self.axes() else STORED
        return Made(model.modified, self.config, self.where, axis, outlines)


def _joined(channels: list[ImageFacts]) -> ImageFacts:
    """Return what is known of the image whose channels are given."""
    return replace(channels[0], channels=len(channels))
