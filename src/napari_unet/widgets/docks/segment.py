"""The Segment dock."""

from __future__ import annotations

from typing import Any

from napari_unet.widgets.docks.dock import Dock, words
from napari_unet.widgets.views.segment import SegmentView


class SegmentDock(Dock):
    """Segment the image that is open."""

    place = "segment"

    def __init__(self, napari_viewer: Any) -> None:
        self.view = view = SegmentView()
        self._asking = False, False
        super().__init__(napari_viewer, view)
        session, segmenter = self.desk.session, self.desk.segmenter
        view.segment_wanted.connect(segmenter.start)
        view.cancel_wanted.connect(segmenter.stop)
        view.image_chosen.connect(segmenter.choose)
        view.model_chosen.connect(lambda path: self.desk.use_model(path, self.place))
        view.browse.connect(self.browse_model)
        view.threshold_changed.connect(segmenter.set_threshold)
        self.listen(self.desk.layers.changed, self._show_images)
        self.listen(segmenter.choices_changed, self._show_images)
        self.listen(segmenter.answers.found_changed, self._show_images)
        self.listen(segmenter.answers.question_changed, self._show_question)
        for signal in (session.models_changed, session.model_changed):
            self.listen(signal, self._show_models)
        self.listen(session.busy_changed, self._show_busy)
        self.listen(session.result_changed, self._show_threshold)
        self._show_images()
        self._show_models()
        self._show_busy()
        self._show_question()

    def _show_images(self) -> None:
        image = self.desk.segmenter.image
        self.view.set_images(self.desk.layers.images(), image.id if image is not None else "")
        self.view.set_result(self.desk.segmenter.answers.found)
        self._show_threshold()
        self._show_reason()
        self._show_question()

    def _show_models(self) -> None:
        session = self.desk.session
        self.view.set_models(session.models, session.model)
        self._show_threshold()
        self._show_reason()

    def _show_reason(self) -> None:
        self.view.set_reason(self.desk.segmenter.reason())
        self.desk.segmenter.warm_up()

    def _show_threshold(self) -> None:
        result = self.desk.segmenter.result()
        note = ""
        if result is None:
            note = "Can be moved once the image is segmented."
        elif not result.binary:
            note = "With several classes the likeliest wins; there is no threshold."
        self.view.set_threshold(self.desk.session.threshold, note)

    def _show_busy(self) -> None:
        running = self.busy()
        if running is None:
            self.view.set_idle()
        else:
            text, share = words(running[1])
            self.view.set_running(text, share, running[1].stopping)
        self._show_reason()

    def _show_question(self) -> None:
        segmenter, strip = self.desk.segmenter, self.view.question
        answers = segmenter.answers
        asking = answers.waiting is not None, segmenter.can_undo()
        if asking == self._asking:
            return
        self._asking = asking
        if answers.waiting is not None:
            strip.ask(
                "You painted on these labels. Shall the new ones replace them?",
                {
                    "Keep mine, add a new layer": lambda: answers.answer(replace=False),
                    "Replace mine": lambda: answers.answer(replace=True),
                    "Do nothing": answers.leave,
                },
            )
        elif segmenter.can_undo():
            strip.ask(
                "What you had painted was replaced.",
                {"Undo": segmenter.undo, "Dismiss": lambda: segmenter.undo(bring_back=False)},
            )
        else:
            strip.show_message("")
