"""The Correct dock."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShowEvent

from napari_unet.widgets.docks.dock import Dock
from napari_unet.widgets.docks.learning import Learning
from napari_unet.widgets.errors_layer import COLOURS, OPACITY, WORDS
from napari_unet.widgets.judged import NO_PREDICTION
from napari_unet.widgets.parts.page import tab_as_laid_out
from napari_unet.widgets.parts.qt import QShortcut
from napari_unet.widgets.views.correct import CorrectView
from napari_unet.widgets.views.error_regions import BACK, NEXT, SHOW
from napari_unet.widgets.views.painting import REDO, UNDO
from napari_unet.widgets.views.versions import VersionsFold


class CorrectDock(Dock):
    """Correct labels by hand, and see the scores move."""

    place = "correct"

    def __init__(self, napari_viewer: Any) -> None:
        legend = {WORDS[outcome]: colour for outcome, colour in COLOURS.items()}
        self.view = CorrectView(legend, OPACITY)
        super().__init__(napari_viewer, self.view)
        self.versions = VersionsFold()
        self.view.folds.addWidget(self.versions)
        self.correcting, self.jumper = self.desk.correcting, self.desk.jumper
        self.learning = Learning(self)
        for fold in self.learning.folds:
            self.view.folds.addWidget(fold)
        tab_as_laid_out(self.view)
        self._hear_view()
        self._hear_keys()
        self._hear_desk()
        self._hear_versions()
        self._show_pair()
        self._show_scores()

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802
        """Begin to count once somebody looks."""
        super().showEvent(event)
        self.correcting.begin()

    def _hear_view(self) -> None:
        correcting, panel, errors = self.correcting, self.view.painting, self.view.errors
        panel.prediction_chosen.connect(lambda id: correcting.choose("prediction", id))
        panel.reference_chosen.connect(lambda id: correcting.choose("reference", id))
        panel.segment_wanted.connect(self.desk.segmenter.start)
        panel.paint_wanted.connect(correcting.brush.take)
        panel.undo_wanted.connect(correcting.brush.undo)
        panel.redo_wanted.connect(correcting.brush.redo)
        panel.reference_edited.connect(correcting.edit_reference)
        errors.shown.connect(correcting.show_errors)
        errors.opacity_changed.connect(correcting.errors.set_opacity)
        errors.jump_wanted.connect(self.jumper.go)

    def _hear_keys(self) -> None:
        correcting, jumper = self.correcting, self.jumper
        keys = {
            UNDO: correcting.brush.undo,
            REDO: correcting.brush.redo,
            NEXT: lambda: jumper.go(1),
            BACK: lambda: jumper.go(-1),
            SHOW: lambda: correcting.show_errors(not correcting.shows_errors),
        }
        for key, act in keys.items():
            shortcut = QShortcut(QKeySequence(key), self.view)
            # Only while the keyboard is in this widget: napari's own keys are its own.
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)

    def _hear_desk(self) -> None:
        session = self.desk.session
        self.listen(self.correcting.pair_changed, self._show_pair)
        self.listen(self.correcting.scored, self._show_scores)
        self.listen(self.correcting.history_changed, self._show_history)
        self.listen(self.correcting.rested, self.jumper.look)
        self.listen(self.jumper.changed, self._show_jump)
        for signal in (session.busy_changed, session.model_changed):
            self.listen(signal, self._show_pair)

    def _hear_versions(self) -> None:
        keeper, versioner, view = self.desk.keeper, self.desk.versioner, self.versions
        view.restore_wanted.connect(versioner.restore)
        view.follow_wanted.connect(versioner.follow)
        view.delete_wanted.connect(versioner.delete)
        view.undo_wanted.connect(versioner.undo)
        view.again_wanted.connect(keeper.saver.try_again)
        self.listen(keeper.saver.state_changed, self._show_saved)
        self.listen(versioner.changed, self._show_versions)
        self._show_saved()
        versioner.look()

    # --- what is shown ------------------------------------------------------------------------

    def _show_pair(self) -> None:
        correcting, judges, panel = self.correcting, self.correcting.judges, self.view.painting
        ids = (
            str(x.unique_id) if x is not None else "" for x in (judges.prediction, judges.reference)
        )
        panel.set_layers(judges.labels(), *ids)
        missing = correcting.problem == NO_PREDICTION
        panel.set_segment(missing, self.desk.segmenter.request.reason() if missing else "")
        layer = correcting.brush.layer
        name = layer.name if layer is not None else ""
        panel.set_painted(name, correcting.brush.edits_reference, judges.reference is not None)
        several = correcting.judged is not None and len(correcting.judged.names) > 1
        self.view.errors.set_shown(correcting.shows_errors, several)
        self._show_scores()

    def _show_scores(self) -> None:
        correcting, panel = self.correcting, self.view.painting
        counting, judged = correcting.counting, correcting.judged
        problem = correcting.problem
        if counting is not None and not counting.ready:
            problem = f"Counting … {counting.share:.0%}"
        panel.set_problem(problem, counting is not None and counting.ready)
        names = judged.names if judged is not None else ()
        scores = correcting.scores
        self.view.scores.set_scores(scores.before, scores.now, scores.in_sight, names)
        self.view.scores.set_distances(correcting.distances.words)
        self._show_history()

    def _show_history(self) -> None:
        correcting = self.correcting
        self.view.painting.set_history(*correcting.brush.can_undo(correcting.counting))

    def _show_jump(self) -> None:
        self.view.errors.set_text(self.jumper.text)

    def _show_saved(self) -> None:
        self.versions.set_state(self.desk.keeper.saver.state, self.desk.keeper.saver.error)

    def _show_versions(self) -> None:
        versioner = self.desk.versioner
        self.versions.set_listed(versioner.listed, versioner.can_undo)
