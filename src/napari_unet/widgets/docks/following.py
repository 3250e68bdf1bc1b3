"""The part of the Train dock that follows trainings: what waits, runs, is over, can go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_unet.events import Note
from napari_unet.jobs import ImproveJob
from napari_unet.resumable import Resumable
from napari_unet.session.history import history_of
from napari_unet.widgets.docks.dock import Dock, words
from napari_unet.widgets.docks.more_minutes import more_minutes
from napari_unet.widgets.docks.train_words import (
    interrupted_words,
    job_words,
    progress_words,
    status_words,
    weightless_words,
)
from napari_unet.widgets.views.train import TrainView


class Following:
    """Binds queue, progress, curves, notes and live prediction to the desk."""

    def __init__(self, dock: Dock, view: TrainView) -> None:
        self.dock, self.desk, self.view = dock, dock.desk, view
        self._notes: list[str] = []
        self._hear_view()
        self._hear_desk()
        self._show_curve()
        self._show_queue()
        self._show_live()
        self.desk.resumer.look()

    def _hear_view(self) -> None:
        view, trainer, live = self.view, self.desk.trainer, self.desk.live
        view.longer_wanted.connect(self._train_longer)
        view.resume_wanted.connect(self._resume)
        view.running.pause_wanted.connect(trainer.pause)
        view.running.stop_wanted.connect(trainer.stop)
        view.queue.moved.connect(trainer.move)
        view.queue.removed.connect(trainer.remove)
        view.live.switched.connect(live.set_on)
        view.live.chosen.connect(live.choose)
        view.live.open_wanted.connect(live.open)
        view.curves.values_wanted.connect(self._save_values)
        view.curves.picture_wanted.connect(self._save_picture)

    def _hear_desk(self) -> None:
        session, trainer, listen = self.desk.session, self.desk.trainer, self.dock.listen
        for signal in (session.dataset_changed, session.split_changed, session.case_changed):
            listen(signal, self._show_live)
        listen(self.desk.live.changed, self._show_live)
        for signal in (session.busy_changed, session.curve_changed):
            listen(signal, self._show_curve)
        listen(session.queue_changed, self._show_queue)
        listen(session.note, self._add_note)
        listen(trainer.started, self._clear_notes)
        listen(trainer.weights_asked, self._show_question)
        listen(self.desk.resumer.changed, self._show_resumable)

    # --- what a person does -------------------------------------------------------------------

    def _train_longer(self) -> None:
        last = self._last()
        if last is not None and (minutes := more_minutes(self.dock)):
            self.desk.resumer.resume(last, minutes)

    def _resume(self) -> None:
        if (last := self._last()) is not None:
            self.desk.resumer.resume(last)

    def _last(self) -> Resumable | None:
        """Return the training that is over, if it can be gone on with."""
        run = self.desk.session.run
        return self.desk.resumer.of(run.writes) if run is not None else None

    def _save_values(self, path: str) -> None:
        name = Path(path).stem
        self.desk.exporter.save_values(self.dock.place, path, {name: self._history()})

    def _save_picture(self, path: str) -> None:
        self.desk.exporter.save_picture(self.dock.place, path, self.view.curves.picture())

    # --- what is shown ------------------------------------------------------------------------

    def _show_running(self) -> None:
        running, view = self.dock.busy(), self.view.running
        if running is None:
            view.set_idle()
        else:
            busy = running[1]
            text, share = words(busy)
            if busy.trains and not busy.stopping:
                text = progress_words(busy, self.desk.session.curve)
            view.set_running(text, share)
            view.set_state(busy.trains, busy.paused, busy.asked, busy.stopping)

    def _show_curve(self) -> None:
        self._show_running()
        session = self.desk.session
        self.view.curves.set_histories({"": self._history()})
        running = self.dock.busy()
        trains = running is not None and running[1].trains
        improves = isinstance(session.run, ImproveJob)
        self.view.set_status(status_words(session.curve, session.trained, trains, improves))
        self._show_after()

    def _show_resumable(self) -> None:
        """Offer what can be gone on with: the last training, or one that was interrupted."""
        self._show_after()
        self._show_question()

    def _show_question(self) -> None:
        """Ask what to do about a training that could not begin, or was interrupted."""
        trainer, resumer, question = self.desk.trainer, self.desk.resumer, self.view.question
        if trainer.weightless is not None:
            question.ask(
                weightless_words(trainer.weightless.name),
                {
                    "Start from random weights": trainer.start_at_random,
                    "Dismiss": trainer.forget_weightless,
                },
            )
        elif (found := resumer.interrupted) is not None:
            question.ask(
                interrupted_words(found),
                {
                    "Resume": lambda: resumer.resume(found),
                    "Dismiss": lambda: resumer.dismiss(found),
                },
            )
        else:
            question.show_message("")

    def _show_after(self) -> None:
        last = self._last()
        self.view.set_after(
            resume=last is not None and not last.finished,
            longer=last is not None and last.finished,
        )

    def _history(self) -> Any:
        return history_of(self.desk.session.curve)

    def _show_queue(self) -> None:
        queue = self.desk.session.queue
        self.view.set_queue([w.name for w in queue], [job_words(w.job) for w in queue])

    def _show_live(self) -> None:
        live = self.desk.live
        cases = [case.name for case in live.cases()]
        self.view.live.setVisible(bool(cases))
        self.view.live.set_live(cases, live.shown or live.wanted, live.on, live.hidden)

    def _clear_notes(self) -> None:
        self._notes.clear()
        self.view.set_notes(())

    def _add_note(self, place: str, note: Note) -> None:
        if place == self.dock.place:
            self._notes.append(f"⚠ {note.text}" if note.warning else note.text)
            self.view.set_notes(self._notes)
