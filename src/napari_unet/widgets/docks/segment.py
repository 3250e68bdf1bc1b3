"""The Segment dock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QFileDialog

from napari_unet.widgets.docks.dock import Dock
from napari_unet.widgets.parts.qt import QShortcut
from napari_unet.widgets.views.segment import KEY, SegmentView


class SegmentDock(Dock):
    """Segment the image that is open."""

    place = "segment"

    def __init__(self, napari_viewer: Any) -> None:
        self.view = SegmentView()
        self._asking = False, False
        super().__init__(napari_viewer, self.view)
        self.segmenter, self.answers = self.desk.segmenter, self.desk.segmenter.answers
        self._hear_view()
        self._hear_desk()
        self._show_images()
        self._show_models()
        self._show_busy()
        self.view.set_cleanup(self.answers.cleanup)

    def _hear_view(self) -> None:
        view, segmenter = self.view, self.segmenter
        view.segment_wanted.connect(segmenter.start)
        view.cancel_wanted.connect(segmenter.stop)
        view.image_chosen.connect(segmenter.choose)
        view.model_chosen.connect(self._use_model)
        view.browse.connect(self.browse_model)
        view.model.dropped.connect(self.add_models)
        view.threshold_changed.connect(segmenter.set_threshold)
        view.thresholds_changed.connect(segmenter.set_thresholds)
        view.cleanup_changed.connect(segmenter.set_cleanup)
        view.more.where_chosen.connect(segmenter.request.set_where)
        view.more.axis_chosen.connect(segmenter.request.set_axis)
        view.more.average_chosen.connect(segmenter.request.set_average)
        view.more.probability_wanted.connect(self._show_probability)
        view.more.uncertainty_wanted.connect(self._show_uncertainty)
        view.measure_wanted.connect(self._measure)
        view.export_wanted.connect(self._export)
        # Only while the keyboard is in this widget: napari's own keys are its own.
        key = QShortcut(QKeySequence(KEY), view)
        key.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        key.activated.connect(segmenter.start)

    def _hear_desk(self) -> None:
        session, segmenter, answers = self.desk.session, self.segmenter, self.answers
        self.listen(self.desk.layers.changed, self._show_images)
        self.listen(segmenter.request.changed, self._show_images)
        self.listen(segmenter.stale_changed, self._show_stale)
        self.listen(answers.found.changed, self._show_images)
        self.listen(answers.question_changed, self._show_question)
        self.listen(answers.relabeller.note_changed, self._show_working)
        self.listen(self.desk.measurer.changed, self._show_objects)
        for signal in (session.models_changed, session.model_changed):
            self.listen(signal, self._show_models)
        self.listen(session.busy_changed, self._show_busy)
        self.listen(session.result_changed, self._show_threshold)

    # --- what a person asks for ---------------------------------------------------------------

    def _use_model(self, path: str) -> None:
        self.desk.use_model(path, self.place)

    def _show_probability(self) -> None:
        self.segmenter.show_map("probability")

    def _show_uncertainty(self) -> None:
        self.segmenter.show_map("uncertainty")

    def _measure(self) -> None:
        self.desk.measurer.measure(self.segmenter.result())

    def _export(self) -> None:
        image = self.segmenter.request.image
        name = f"{Path(image.name).name if image is not None else 'image'} objects.csv"
        path, _ = QFileDialog.getSaveFileName(self, "Save the objects", name, "CSV (*.csv)")
        if path:
            self.desk.measurer.export(self.segmenter.result(), path)

    # --- what is shown ------------------------------------------------------------------------

    def _show_images(self) -> None:
        segmenter = self.segmenter
        image = segmenter.request.image
        self.view.set_images(self.desk.layers.images(), image.id if image is not None else "")
        self.view.set_result(self.answers.found.text)
        self.view.set_wheres(segmenter.request.wheres(), segmenter.request.where)
        self.view.set_axes(segmenter.request.axes(), segmenter.request.axis)
        self.view.set_average(segmenter.request.config.average)
        self._show_models()
        self._show_stale()
        self._show_question()
        self._show_objects()

    def _show_models(self) -> None:
        session = self.desk.session
        self.view.set_models(session.models, session.model, self.segmenter.request.slices())
        self._show_threshold()
        self._show_reason()

    def _show_reason(self) -> None:
        self.view.set_reason(self.segmenter.request.reason())
        self.segmenter.warm_up()

    def _show_stale(self) -> None:
        self.view.set_stale(self.segmenter.stale)

    def _show_working(self) -> None:
        self.view.set_working(self.answers.relabeller.note)

    def _show_objects(self) -> None:
        self.view.set_objects(self.desk.measurer.words(self.segmenter.result()))

    def _show_threshold(self) -> None:
        session, result = self.desk.session, self.segmenter.result()
        model = session.model
        card = model.card if model is not None else None
        missing = "" if result is not None else "Segment the image first."
        self.view.set_no_result(missing)
        note = "" if result is not None else "Can be moved once the image is segmented."
        if model is not None and card is not None and card.network.out_channels > 1:
            values = self.answers.thresholds(model.path, len(card.classes))
            self.view.set_thresholds(card.classes, values, note)
        else:
            own = card.threshold if card is not None else 0.5
            self.view.set_threshold(session.threshold, note, own)

    def _show_busy(self) -> None:
        self.show_running(self.view)
        self._show_reason()

    def _show_question(self) -> None:
        answers, strip = self.answers, self.view.question
        asking = answers.waiting is not None, self.segmenter.can_undo()
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
        elif asking[1]:
            undo = self.segmenter.undo
            strip.ask(
                "What you had painted was replaced.",
                {"Undo": undo, "Dismiss": lambda: undo(bring_back=False)},
            )
        else:
            strip.show_message("")
