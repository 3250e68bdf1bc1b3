"""One run of the engine on an image: where its answer goes, and what is said if there is none."""

from __future__ import annotations

from collections.abc import Callable

from napari_unet.events import Event, SegmentArrayFinished, SegmentPart
from napari_unet.library import Entry
from napari_unet.session import Message
from napari_unet.widgets.answers import Answers
from napari_unet.widgets.asking import Asked, Asking
from napari_unet.widgets.layers import Layers, Ticket


class Run:
    """Shows an answer on its image, if that is still as it was; ``shown`` is called then."""

    def __init__(
        self,
        answers: Answers,
        layers: Layers,
        asking: Asking,
        asked: Asked,
        model: Entry,
        ticket: Ticket,
        shown: Callable[[], None],
    ) -> None:
        self.answers, self.layers, self.session = answers, layers, answers.session
        self.asking, self.asked, self.model, self.ticket = asking, asked, model, ticket
        self._shown = shown
        self.answered = False

    def begin(self) -> None:
        """Have a layer ready: making one takes as long as the engine's answer."""
        self.answers.prepare(self.asked)

    def receive(self, event: Event) -> None:
        """Show what the engine tells, if the image is still as it was."""
        problem = self.layers.problem(self.ticket)
        if isinstance(event, SegmentPart) and not problem:
            self.answers.take_piece(self.asked, event)
        if not isinstance(event, SegmentArrayFinished):
            return
        self.answered = True
        if problem:
            self.answers.take_back(self.asked)
            self.session.scratch.delete(event.store, event.uncertainty_store)
            self.session.fail("segment", problem)
            return
        self.answers.take(self.asked, self.model, event)
        self._shown()

    def over(self, error: str) -> None:
        """Bring back the labels from before if there was no answer, and say so."""
        self.asking.end()
        if self.answered:
            return
        before = self.answers.take_back(self.asked)
        kept = "The labels are those from before." if before else ""
        if error:
            self.session.fail("segment", f"{error} {kept}".strip())
        elif not self.session.closed:
            self.session.set_message("segment", Message(f"Stopped. {kept}".strip(), "info"))
