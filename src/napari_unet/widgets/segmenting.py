"""Segmenting an open image, and whether its labels are still fresh."""

from __future__ import annotations

from psygnal import Signal

from napari_unet.config import CleanUp
from napari_unet.errors import UnetError
from napari_unet.library import modified
from napari_unet.session import Result, Session, stale
from napari_unet.widgets.answers import Answers
from napari_unet.widgets.asking import Asking
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.request import Request
from napari_unet.widgets.runner import Runner
from napari_unet.widgets.segmenting_run import Run


class Segmenter:
    """Follows the viewer's active image, and has it segmented."""

    stale_changed = Signal()

    def __init__(self, session: Session, layers: Layers, runner: Runner) -> None:
        self.session, self.layers, self.runner = session, layers, runner
        self.answers = Answers(session, layers)
        self.request = Request(session, layers, runner.lane)
        self.stale = ""
        self._warm = ""
        self.request.changed.connect(self.freshen)
        layers.changed.connect(self._follow)
        layers.outlines_changed.connect(self.freshen)
        layers.image_edited.connect(self._forget)
        layers.labels_touched.connect(self._recount)
        session.case_changed.connect(self._follow)
        session.model_changed.connect(self._take_model)
        self._follow()

    def choose(self, image: str) -> None:
        """Segment this image next, by making it the viewer's active layer."""
        self.layers.activate(image)

    def warm_up(self) -> None:
        """Start the engine and load the model ahead of the first click."""
        model = self.session.model
        if self.session.closed or self.request.reason():
            return
        if model is None or self._warm == model.path:
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
        request = self.request
        if request.reason() or model is None or model.card is None or request.image is None:
            return
        ticket = self.layers.ticket(request.image.id, [c.id for c in request.channels()])
        if ticket is None:
            return
        try:
            asked = request.asked(ticket, model, model.card)
        except UnetError as error:
            self.session.fail("segment", error)
            return
        planes = model.card.network.out_channels
        scratch = self.session.scratch
        data = [channel.data for channel in ticket.channels] or [ticket.data]
        asking = Asking(model.path, data, asked.portion, planes, request.config, scratch)
        run = Run(self.answers, self.layers, asking, asked, model, ticket, self.freshen)
        self.runner.start(
            asking.job,
            f"segmenting {ticket.facts.name}",
            "segment",
            run.receive,
            prepare=asking.prepare,
            over=run.over,
        )
        if self.runner.running:  # nothing was begun where the viewer is being closed
            run.begin()

    def segment_again(self) -> None:
        """Segment the image that was just opened, unless that was done or cannot be done now.

        What a person corrected is shown instead.
        """
        by_hand = self.layers.segmentations.by_hand.images
        if self.request.image is not None and self.request.image.id in by_hand:
            return
        if self.result() is None and not self.request.reason():
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
        if self.request.image is None or model is None:
            return None
        return self.session.result(self.request.image.id, model)

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
        if (whose := self.request.whose) is not None:
            self.answers.undo(whose, bring_back)

    def can_undo(self) -> bool:
        """Return whether painted labels of this image were replaced."""
        whose, layers = self.request.whose, self.layers.segmentations
        return whose is not None and layers.replaced.has(layers.find(whose.image, whose.model))

    # --- freshness ----------------------------------------------------------------------------

    def freshen(self) -> None:
        """Look whether the labels of this image would be the same if they were made now."""
        whose, model = self.request.whose, self.session.model
        layers, now = self.layers.segmentations, ""
        layer = layers.find(whose.image, whose.model) if whose is not None else None
        by_hand = layers.by_hand.has(layer) if layer is not None else False
        if whose is not None and model is not None and layer is not None and not by_hand:
            now = stale(layers.made(whose.image, whose.model), self.request.made(model))
            layers.mark_stale(whose.image, whose.model, bool(now))
        if now != self.stale:
            self.stale = now
            self.stale_changed.emit()

    # --- following the viewer -----------------------------------------------------------------

    def _follow(self) -> None:
        active, request = self.layers.active_image(), self.request
        if channels := request.channels():
            active = channels[0]  # whichever of them was clicked last
        if active != request.image and request.take_image(active):
            self.session.suggest_model(active)
            self._show_kept()
        request.look()

    def _take_model(self) -> None:
        self._show_kept()
        self._follow()

    def _show_kept(self) -> None:
        self.answers.show_kept(self.result())

    def _forget(self, image: str) -> None:
        self.answers.forget(image)
        self.freshen()

    def _recount(self) -> None:
        self.answers.found.recount(self.result())
