"""The part of the Correct dock that learns from corrections: two folds bound to the desk."""

from __future__ import annotations

from collections.abc import Sequence

from napari_unet.data.cases import Case
from napari_unet.events import Improved
from napari_unet.library import Entry, name_of
from napari_unet.report.paired import mean_dice, paired_words
from napari_unet.session.history import history_of
from napari_unet.widgets.docks.dock import Dock, words
from napari_unet.widgets.docks.train_words import progress_words
from napari_unet.widgets.parts.fold import Fold
from napari_unet.widgets.views.improve import Change, ImproveView
from napari_unet.widgets.views.next_cases import Next, NextCases

SUBSETS = {"test": "test cases", "val": "validation cases"}


class Learning:
    """Shows what to correct next, and what comes of learning from it."""

    def __init__(self, dock: Dock) -> None:
        self.dock, self.desk = dock, dock.desk
        self.next, self.improve = NextCases(), ImproveView()
        self.next_fold, self.improve_fold = Fold("Correct next"), Fold("Improve model")
        self.folds = (self.next_fold, self.improve_fold)
        self.next_fold.rows.addWidget(self.next)
        self.improve_fold.rows.addWidget(self.improve)
        self._minutes = 0.0  # that a person chose
        self._name = ""  # likewise
        self._hear_views()
        self._hear_desk()
        self._show_ranking()
        self._show_wish()
        self._show_busy()
        self._show_result()

    # --- what a person does -------------------------------------------------------------------

    def _hear_views(self) -> None:
        desk, improve = self.desk, self.improve
        self.next.wanted.connect(desk.ranker.start)
        self.next.stop_wanted.connect(desk.ranker.stop)
        self.next.opened.connect(desk.ranker.open)
        improve.improve_wanted.connect(self._improve)
        improve.pause_wanted.connect(desk.trainer.pause)
        improve.stop_wanted.connect(desk.trainer.stop)
        improve.resume_wanted.connect(desk.improver.resume)
        improve.chosen.connect(desk.improver.use)
        improve.case_wanted.connect(desk.open_case_named)
        improve.name_changed.connect(self._rename)
        improve.minutes_changed.connect(self._take_minutes)

    def _hear_desk(self) -> None:
        desk, session = self.desk, self.desk.session
        listen = self.dock.listen
        listen(session.ranking_changed, self._show_ranking)
        listen(session.case_changed, self._show_case)
        listen(session.improved_changed, self._show_result)
        listen(session.curve_changed, self._show_busy)
        for signal in (session.busy_changed, session.queue_changed, desk.resumer.changed):
            listen(signal, self._show_busy)
        for signal in (session.dataset_changed, session.corrections_changed):
            listen(signal, self._show_ranking)
            listen(signal, self._show_wish)
        for signal in (session.model_changed, session.split_changed):
            listen(signal, self._show_wish)
            listen(signal, self._show_ranking)

    def _improve(self) -> None:
        self.desk.improver.start(self.improve.minutes.value(), self.improve.name.text())
        self._minutes, self._name = 0.0, ""
        self._show_wish()

    def _rename(self, name: str) -> None:
        self._name = name.strip()
        self._show_reason()

    def _take_minutes(self, minutes: float) -> None:
        self._minutes = minutes

    # --- what is shown ------------------------------------------------------------------------

    def _show_ranking(self) -> None:
        ranker, ranking = self.desk.ranker, self.desk.session.ranking
        rows: list[Next] = []
        note = ""
        if ranking is not None:
            done = ranker.corrected()
            rows = [
                Next(place, case, case.corrected or case.name in done)
                for place, case in enumerate(ranking.cases, start=1)
            ]
            many = len(ranking.failed)
            failed = f"{many} image{'' if many == 1 else 's'} could not be segmented." * bool(many)
            note = " ".join(filter(None, (ranker.stale, failed, ranking.calibrated)))
        self.next.set_cases(rows, note)
        self.next.action.set_reason(ranker.reason())

    def _show_case(self) -> None:
        case = self.desk.session.case
        self.next.set_case(case.name if case is not None else "")

    def _show_wish(self) -> None:
        """Show what would be learned from, for how long, under which name."""
        improver = self.desk.improver
        fit, held = improver.corrected()
        self.improve.set_data(data_words(fit, held, self.desk.session.model))
        name = self._name or improver.suggest_name()
        self.improve.set_wish(self._minutes or improver.minutes(), name)
        self._show_reason()

    def _show_reason(self) -> None:
        reason = self.desk.improver.reason(self.improve.name.text())
        self.improve.set_reason(reason, "train" in self.desk.session.busy)

    def _show_busy(self) -> None:
        desk, session = self.desk, self.desk.session
        lane = desk.ranker.lane
        if lane is None:
            self.next.running.set_idle()
        else:
            text, share = words(session.busy[lane])
            self.next.running.set_running(text, share, session.busy[lane].stopping)
        self.next.action.setVisible(lane is None)
        self.next.action.set_reason(desk.ranker.reason())
        self._show_training()
        self._show_reason()

    def _show_training(self) -> None:
        improver, session, view = self.desk.improver, self.desk.session, self.improve
        busy = improver.busy
        if busy is None:
            view.running.set_idle()
        else:
            text, share = words(busy)
            if busy.trains and not busy.stopping:
                text = progress_words(busy, session.curve)
            view.running.set_running(text, share)
            view.running.set_state(busy.trains, busy.paused, busy.asked, busy.stopping)
        view.set_history(history_of(session.curve) if busy is not None else ())
        view.set_after(busy is None and improver.interrupted is not None)

    def _show_result(self) -> None:
        found = self.desk.session.improved
        if found is None:
            self.improve.set_result(None)
            return
        changes = [
            Change(a.name, a.dice, b.dice)
            for a, b in zip(found.before, found.after, strict=True)
            if not (a.error or b.error)
        ]
        text = paired_words(found.paired)
        self.improve.set_result(headline(found), text, changes)
        self.improve_fold.set_open(True)


def data_words(fit: Sequence[Case], held: Sequence[Case], model: Entry | None) -> str:
    """Say what would be learned from."""
    if not fit and not held:
        return ""
    name = f"{model.name} learns" if model is not None else "The model learns"
    text = f"{name} from {_cases(len(fit))}; the cases it knows are mixed in."
    if held:
        text += f" {_cases(len(held)).capitalize()} will not be learned from: such images judge it."
    return text


def headline(found: Improved) -> str:
    """Say what both models reach."""
    new = name_of(found.new)
    if not found.paired.n:
        return f"{new} is trained. There are no images to compare it with the old model on."
    before, after = mean_dice(found.before), mean_dice(found.after)
    return (
        f"Mean Dice of {found.paired.n} {SUBSETS[found.subset]}: {before:.3f} → {after:.3f} ({new})"
    )


def _cases(count: int) -> str:
    return f"{count} corrected case{'' if count == 1 else 's'}"
