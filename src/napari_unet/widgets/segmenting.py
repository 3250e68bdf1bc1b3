"""Segmenting an open image: what of it, by which model, and whether the labels are still fresh."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from psygnal import Signal

from napari_unet.card import ModelCard
from napari_unet.config import CleanUp, SegmentConfig
from napari_unet.errors import UnetError
from napari_unet.library import Entry, modified
from napari_unet.schema import from_json
from napari_unet.session import (
    ImageFacts,
    Made,
    Result,
    Session,
    channel_axis,
    misfit,
    stale,
)
from napari_unet.widgets.answers import Answers, Asked
from napari_unet.widgets.asking import Asking
from napari_unet.widgets.layers import Layers, Ticket
from napari_unet.widgets.portions import WHOLE
from napari_unet.widgets.runner import Runner
from napari_unet.widgets.segmentations import Whose
from napari_unet.widgets.segmenting_run import Run


class Segmenter:
    """Follows the viewer's active image, and has it segmented."""

    choices_changed = Signal()  # what can be segmented, or what was chosen of it
    stale_changed = Signal()

    def __init__(self, session: Session, layers: Layers, runner: Runner) -> None:
        self.session, self.layers, self.runner = session, layers, runner
        self.answers = Answers(session, layers)
        self.image: ImageFacts | None = None
        self.where, self.axis = WHOLE, -3
        self.config = SegmentConfig()
        self.stale = ""
        self._warm = ""
        layers.changed.connect(self._follow)
        layers.outlines_changed.connect(self.freshen)
        layers.image_edited.connect(self._forget)
        layers.labels_touched.connect(self._recount)
        session.case_changed.connect(self._follow)
        session.model_changed.connect(self._take_model)
        self._follow()

    # --- what to segment ----------------------------------------------------------------------

    def choose(self, image: str) -> None:
        """Segment this image next, by making it the viewer's active layer."""
        self.layers.activate(image)

    def set_where(self, where: str) -> None:
        """Segment another part of the image; see `Portions.wheres`."""
        self.where = where
        self.choices_changed.emit()
        self.freshen()

    def set_axis(self, axis: int) -> None:
        """Go through a volume along another axis; see `Portions.axes`."""
        self.axis = axis
        self.choices_changed.emit()
        self.freshen()

    def set_average(self, average: str) -> None:
        """Average over other variants of the image; see `SegmentConfig`."""
        # How far the variants disagree costs nothing more once they are there.
        several = average in ("flips", "turns")
        self.config = from_json(SegmentConfig, {"average": average, "uncertainty": several})
        self.choices_changed.emit()
        self.freshen()

    def wheres(self) -> list[tuple[str, str]]:
        """Return what can be segmented of the image: keys, and words."""
        layer, card = self._layer(), self._card()
        return self.layers.portions.wheres(layer, card) if layer and card else []

    def axes(self) -> list[tuple[int, str]]:
        """Return along which axes the image can be gone through; none if there is no choice."""
        layer, card = self._layer(), self._card()
        return self.layers.portions.axes(layer, card) if layer and card else []

    def reason(self) -> str:
        """Say why nothing can be segmented now; empty if it can."""
        if busy := self.session.busy.get(self.runner.lane):
            return f"Busy: {busy.title}."
        if self.image is None:
            return "Open an image first, or a case under Data."
        if self._card() is None:
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
        card, chosen = self._card(), self.layers.selected_channels()
        if self.image is None or card is None or len(chosen) != card.image_channels:
            return []
        return chosen if misfit(card, self.image) and not misfit(card, _joined(chosen)) else []

    def slices(self) -> str:
        """Say that the image will be gone through slice by slice; empty if it will not."""
        card, image = self._card(), self.image
        if card is None or image is None or card.network.dims == 3 or misfit(card, image):
            return ""
        axis = channel_axis(card, image)
        planes = [n for i, n in enumerate(image.shape) if i != axis][:-2]
        single = card.preprocess.neighbours == 0
        return "Goes through the volume slice by slice." if planes and single else ""

    def warm_up(self) -> None:
        """Start the engine and load the model ahead of the first click."""
        model = self.session.model
        if self.session.closed or model is None or self.reason() or self._warm == model.path:
            return
        self._warm = model.path
        self.session.engine(self.runner.lane).warm(model.path)

    # --- doing it -----------------------------------------------------------------------------

    def start(self) -> None:
        """Segment the chosen image with the selected model."""
        model = self.session.model
        if model is not None and modified(model.path) != model.modified:
            self.session.refresh_models()
            model = self.session.model
        if self.reason() or model is None or model.card is None or self.image is None:
            return
        ticket = self.layers.ticket(self.image.id, [c.id for c in self.channels()])
        if ticket is None:
            return
        try:
            asked = self._ask(ticket, model, model.card)
        except UnetError as error:
            self.session.fail("segment", error)
            return
        planes = model.card.network.out_channels
        scratch = self.session.scratch
        data = [channel.data for channel in ticket.channels] or [ticket.data]
        asking = Asking(model.path, data, asked.portion, planes, self.config, scratch)
        run = Run(self.answers, self.layers, asking, asked, model, ticket, self.freshen)
        self.runner.start(
            asking.job,
            f"segmenting {ticket.facts.name}",
            "segment",
            run.receive,
            prepare=asking.prepare,
            over=run.over,
        )

    def _ask(self, ticket: Ticket, model: Entry, card: ModelCard) -> Asked:
        portions, layer = self.layers.portions, ticket.layer
        return Asked(
            Whose(ticket.facts.id, model.path, model.name),
            portions.portion(layer, card, self.where, self.axis),
            self._now(model),
            portions.spacing(layer, card),
            portions.in_time(layer, card),
        )

    def segment_again(self) -> None:
        """Segment the image that was just opened, unless that was done or cannot be done now.

        What a person corrected is shown instead.
        """
        by_hand = self.layers.segmentations.by_hand.images
        if self.image is not None and self.image.id in by_hand:
            return
        if self.result() is None and not self.reason():
            self.start()

    def show_again(self) -> None:
        """Show the network's labels of the open image: those that are kept, or new ones."""
        self._show_kept()
        self.segment_again()

    def stop(self) -> None:
        """Stop the segmentation; what was there stays."""
        self.runner.stop()

    # --- results ------------------------------------------------------------------------------

    def result(self) -> Result | None:
        """Return what is kept for the chosen image and model."""
        model = self.session.model
        if self.image is None or model is None:
            return None
        return self.session.result(self.image.id, model)

    def set_threshold(self, threshold: float) -> None:
        """Label the image anew from the kept probabilities."""
        self.session.set_threshold(threshold)
        result = self.result()
        if result is not None and result.binary:
            self.answers.write(result)

    def set_thresholds(self, thresholds: tuple[float, ...]) -> None:
        """Label the image anew with a threshold for each class."""
        self.answers.set_thresholds(thresholds, self.result())

    def set_cleanup(self, cleanup: CleanUp) -> None:
        """Clean the labels up in another way."""
        self.answers.set_cleanup(cleanup, self.result())

    def show_map(self, kind: str) -> None:
        """Show the kept probabilities, or the uncertainty, as an image layer."""
        if (result := self.result()) is not None:
            self.answers.show_map(result, kind)

    def undo(self, bring_back: bool = True) -> None:
        """Bring back the painted labels that were replaced last, or give them up."""
        if (whose := self._whose()) is not None:
            self.answers.undo(whose, bring_back)

    def can_undo(self) -> bool:
        """Return whether painted labels of this image were replaced."""
        whose = self._whose()
        if whose is None:
            return False
        return self.layers.segmentations.can_undo(whose.image, whose.model)

    # --- freshness ----------------------------------------------------------------------------

    def freshen(self) -> None:
        """Look whether the labels of this image would be the same if they were made now."""
        whose, model = self._whose(), self.session.model
        layers, now = self.layers.segmentations, ""
        layer = layers.find(whose.image, whose.model) if whose is not None else None
        by_hand = layers.by_hand.has(layer) if layer is not None else False
        if whose is not None and model is not None and layer is not None and not by_hand:
            now = stale(layers.made(whose.image, whose.model), self._now(model))
            layers.mark_stale(whose.image, whose.model, bool(now))
        if now != self.stale:
            self.stale = now
            self.stale_changed.emit()

    def _now(self, model: Entry) -> Made:
        """Return how labels would be made now."""
        outlines = self.layers.portions.outlines(self.where)
        axis = self.axis if self.axes() else -3
        return Made(model.modified, self.config, self.where, axis, outlines)

    # --- following the viewer -----------------------------------------------------------------

    def _whose(self) -> Whose | None:
        model = self.session.model
        if self.image is None or model is None:
            return None
        return Whose(self.image.id, model.path, model.name)

    def _layer(self) -> Any:
        return None if self.image is None else self.layers.hand.image(self.image.id)

    def _card(self) -> ModelCard | None:
        return self.session.model.card if self.session.model is not None else None

    def _follow(self) -> None:
        active = self.layers.active_image()
        if channels := self.channels():
            active = channels[0]  # whichever of them was clicked last
        if active != self.image:
            self._set_image(active)
        if self.where not in dict(self.wheres()):
            self.where = WHOLE
        self.choices_changed.emit()
        self.freshen()

    def _set_image(self, image: ImageFacts | None) -> None:
        changed = self.image is None or image is None or image.id != self.image.id
        self.image = image
        if changed:
            self.axis = -3
            self.session.suggest_model(image)
            self._show_kept()

    def _take_model(self) -> None:
        self._show_kept()
        self._follow()

    def _show_kept(self) -> None:
        self.answers.show_kept(self.result())

    def _forget(self, image: str) -> None:
        self.answers.forget(image)
        self.freshen()

    def _recount(self) -> None:
        self.answers.recount(self.result())


def _joined(channels: list[ImageFacts]) -> ImageFacts:
    """Return what is known of the image whose channels are given."""
    return replace(channels[0], channels=len(channels))
