"""Segmenting an open image, and labelling it anew whenever the threshold moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_unet.events import Event, SegmentArrayFinished
from napari_unet.jobs import Job, SegmentArrayJob
from napari_unet.session import ImageFacts, ModelEntry, Result, Session, misfit
from napari_unet.widgets.layers import Layers, Ticket
from napari_unet.widgets.runner import Runner


@dataclass(frozen=True)
class Question:
    """Labels that wait because a person painted on those they would replace."""

    result: Result
    name: str


class Segmenter:
    """Runs segmentations and writes their labels."""

    question_changed = Signal()
    found_changed = Signal()

    def __init__(self, session: Session, layers: Layers, runner: Runner) -> None:
        self.session, self.layers, self.runner = session, layers, runner
        self.image: ImageFacts | None = None
        self.question: Question | None = None
        self.found = ""
        self._warm = False
        layers.changed.connect(self._follow)
        layers.image_edited.connect(session.forget)
        layers.labels_touched.connect(self._recount)
        session.case_changed.connect(self._follow)
        session.model_changed.connect(self._show_kept)
        self._follow()

    # --- what to segment ----------------------------------------------------------------------

    def choose(self, image: str) -> None:
        """Segment this image next, by making it the viewer's active layer."""
        self.layers.activate(image)

    def reason(self) -> str:
        """Say why nothing can be segmented now; empty if it can."""
        model = self.session.model
        if busy := self.session.busy.get(self.runner.lane):
            return f"Busy: {busy.title}."
        if self.image is None:
            return "Open an image first, or a case under Dataset."
        if model is None or model.card is None:
            return "Train a model first, or choose a model file with the … button."
        return misfit(model.card, self.image)

    def warm_up(self) -> None:
        """Start the engine ahead of the first click, as soon as there is something to segment."""
        if not self._warm and not self.session.closed and not self.reason():
            self._warm = True
            self.session.engine(self.runner.lane).warm()

    # --- doing it -----------------------------------------------------------------------------

    def start(self) -> None:
        """Segment the chosen image with the selected model."""
        model, image = self.session.model, self.image
        if self.reason() or model is None or image is None:
            return
        ticket = self.layers.ticket(image.id)
        if ticket is None:
            return
        self.runner.start(
            _job(ticket, model),
            f"segmenting {image.name}",
            "segment",
            self._receiver(ticket, model),
        )

    def segment_again(self) -> None:
        """Segment the image that was just opened, unless that was done or cannot be done now."""
        if self.result() is None and not self.reason():
            self.start()

    def stop(self) -> None:
        """Stop the segmentation; what was there stays."""
        self.runner.stop()

    def _receiver(self, ticket: Ticket, model: ModelEntry) -> Callable[[Event], None]:
        def receive(event: Event) -> None:
            if isinstance(event, SegmentArrayFinished):
                self._arrived(ticket, model, event)

        return receive

    def _arrived(self, ticket: Ticket, model: ModelEntry, event: SegmentArrayFinished) -> None:
        if problem := self.layers.problem(ticket):
            self.session.fail("segment", problem)
            return
        result = self.session.keep(ticket.facts.id, model, event)
        self._write(result, model.name)

    # --- labels -------------------------------------------------------------------------------

    def set_threshold(self, threshold: float) -> None:
        """Label the image anew from the kept probabilities."""
        self.session.set_threshold(threshold)
        result = self.result()
        model = self.session.model
        if result is not None and result.binary and model is not None:
            self._write(result, model.name)

    def result(self) -> Result | None:
        """Return what is kept for the chosen image and model."""
        model = self.session.model
        if self.image is None or model is None:
            return None
        return self.session.result(self.image.id, model)

    def answer(self, replace: bool) -> None:
        """Write the labels that wait: over the painted ones, or as a layer beside them."""
        question, self.question = self.question, None
        self.question_changed.emit()
        if question is None:
            return
        if not replace:
            self.layers.set_apart(question.result.image, question.result.model)
        self._write(question.result, question.name, asked=True)

    def leave(self) -> None:
        """Keep the painted labels and write nothing."""
        self.question = None
        self.question_changed.emit()

    def _write(self, result: Result, name: str, asked: bool = False) -> None:
        if not asked and self.layers.painted(result.image, result.model):
            self.question = Question(result, name)
            self.question_changed.emit()
            return
        labels = result.labels(self.session.threshold)
        self.layers.write_segmentation(result.image, result.model, name, labels)
        self.found = self._describe(result, labels)
        self.found_changed.emit()

    def _describe(self, result: Result, labels: NDArray[np.uint8]) -> str:
        """Say how much of the image each class takes."""
        painted = self.layers.painted(result.image, result.model)
        size = self.layers.pixel_size(result.image)
        counts = np.bincount(labels.ravel(), minlength=len(result.classes) + 1)[1:]
        lines = []
        for name, n in zip(result.classes, counts.tolist(), strict=False):
            area = f"{n:,} px"
            if size.unit != "px":
                area = f"{n * size.value:,.4g} {size.unit} ({area})"
            lines.append(f"{name}: {n / max(labels.size, 1):.2%} of the image, {area}")
        return "\n".join([*lines, *(["Corrected by hand."] if painted else [])])

    def _recount(self) -> None:
        """Follow what a person paints."""
        result = self.result() if self.found else None
        if result is not None:
            labels = self.layers.segmentation_data(result.image, result.model)
            if labels is not None:
                self.found = self._describe(result, labels)
                self.found_changed.emit()

    # --- following the viewer -----------------------------------------------------------------

    def _follow(self) -> None:
        active = self.layers.active_image()
        if active != self.image:
            self._set_image(active)

    def _set_image(self, image: ImageFacts | None) -> None:
        changed = self.image is None or image is None or image.id != self.image.id
        self.image = image
        if changed:
            self.session.suggest_model(image)
            self._show_kept()
        self.found_changed.emit()

    def _show_kept(self) -> None:
        """Show again what is kept for this image and model, without running the network."""
        self.found = ""
        result, model = self.result(), self.session.model
        if result is not None and model is not None:
            shown = self.layers.segmentation_data(result.image, result.model)
            if shown is not None:
                self.found = self._describe(result, shown)
            elif result.image == self.layers.open_case():
                self._write(result, model.name)
        self.found_changed.emit()


def _job(ticket: Ticket, model: ModelEntry) -> Callable[[], Job]:
    def make() -> Job:
        # In the worker's thread: a lazy image is read here.
        image = np.asarray(ticket.data)
        return SegmentArrayJob(model.path, image, channels=ticket.facts.channels > 1)

    return make
