"""The whole of what one viewer works on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_unet.card import SUFFIX
from napari_unet.data.cases import Dataset
from napari_unet.errors import ModelError
from napari_unet.events import (
    AuditFinished,
    Augmented,
    CaseDone,
    Compared,
    EpochEnd,
    EvaluateFinished,
    Event,
    Improved,
    Note,
    Paused,
    Planned,
    Preview,
    Progress,
    Ranked,
    RankedCase,
    TrainFinished,
)
from napari_unet.jobs import (
    EvaluateJob,
    ImproveJob,
    Job,
    PlanJob,
    RankJob,
    ResumeJob,
    TrainJob,
)
from napari_unet.library import modified, name_of, read_entry
from napari_unet.session.data import DataState
from napari_unet.session.learning import LearnState
from napari_unet.session.models import ModelState
from napari_unet.session.results import ResultState
from napari_unet.session.running import RunState
from napari_unet.session.scratch import Scratch
from napari_unet.session.training import TrainState, epochs_of
from napari_unet.session.values import Busy, Lane, Message, Place

if TYPE_CHECKING:
    from napari_unet.engine.client import Engines


class Session(DataState, ModelState, RunState, ResultState, TrainState, LearnState):
    """The state of one viewer, and what happens to it when a job tells something.

    Parameters
    ----------
    make_engines
        Called at most once, when the first job starts; by default it makes the real engines.
    """

    def __init__(self, make_engines: Callable[[], Engines] | None = None) -> None:
        DataState.__init__(self)
        ModelState.__init__(self)
        RunState.__init__(self, make_engines)
        ResultState.__init__(self)
        TrainState.__init__(self)
        LearnState.__init__(self)
        self.scratch = Scratch()
        self.model_changed.connect(self.sheet_changed.emit)  # scores may be stale now

    def close(self) -> None:
        """End the engines; the session cannot start jobs any more."""
        self.drop_results()
        self.end_engines()
        self.scratch.close()

    def set_dataset(self, dataset: Dataset | None) -> None:
        """Work on another dataset, or on none: no case is open; scores stay, as another's."""
        super().set_dataset(dataset)
        self.sheet_changed.emit()

    def set_threshold(self, threshold: float) -> None:
        """Set the probability from which on a pixel is foreground."""
        self.threshold = threshold
        self.result_changed.emit()

    @property
    def stale(self) -> str:
        """Why the scores are not those of the present model and dataset; empty if they are."""
        sheet = self.sheet
        if sheet is None:
            return ""
        if self.dataset is not None and str(self.dataset.root) != sheet.root:
            return "These scores belong to another dataset."
        if self.model is not None and self.model.path != sheet.model:
            return f"These scores belong to the model {name_of(sheet.model)}."
        if modified(sheet.model) != sheet.modified:
            return "The model changed since these scores were made."
        return ""

    # --- jobs ---------------------------------------------------------------------------------

    def start(self, lane: Lane, job: Job | None, title: str, place: Place) -> None:
        """Note that a job starts on a lane."""
        self.busy[lane] = Busy(title, place, job=job)
        self.set_message(place, Message())
        if isinstance(job, TrainJob | ImproveJob):
            self.start_run(job)
        elif isinstance(job, ResumeJob):
            self.start_run(job, self._epochs_before(job.model))
        elif isinstance(job, EvaluateJob):
            self.start_sheet(job)
        elif isinstance(job, RankJob):
            self.start_ranking(job)
        self.busy_changed.emit()

    def receive(self, lane: Lane, event: Event) -> None:
        """Take in what a running job tells."""
        match event:
            case Progress():
                self.take_progress(lane, event)
            case EpochEnd():
                self.take_epoch(event)
            case Planned():
                self.take_plan(event.plan, self._planned_job(lane))
            case Preview():
                self.take_preview(event)
            case Paused():
                self.take_paused(lane, event.paused)
            case Augmented():
                self.take_augmented(event)
            case TrainFinished():
                self._trained(event, lane)
            case AuditFinished():
                self.take_audit(event)
            case CaseDone() if self._evaluates(lane):
                self.take_score(event)
            case EvaluateFinished() if self._evaluates(lane):
                self.take_scores(event)
            case Improved():
                self.take_improved(event)
            case RankedCase():
                self.take_ranked_case(event)
            case Ranked():
                self.take_ranked(event)
            case Compared():
                self.take_comparison(event)
            case Note() if (busy := self.busy.get(lane)) is not None:
                self.note.emit(busy.place, event)
            case _:
                pass

    def _evaluates(self, lane: Lane) -> bool:
        """Say whether what a lane tells belongs into the sheet: other jobs score cases, too."""
        return lane in self.busy and isinstance(self.busy[lane].job, EvaluateJob)

    def _epochs_before(self, model: str) -> tuple[EpochEnd, ...]:
        """Return the epochs of a training that is gone on with.

        The model's card tells of those up to the best one, the last model's of all that were saved.
        """
        if self.run is not None and Path(self.run.writes) == Path(model):
            return self.curve
        path = Path(model)
        last = path.with_name(f"{name_of(model)}.last{SUFFIX}")
        cards = (read_entry(p).card for p in (path, last))
        return max((epochs_of(card) for card in cards), key=len)

    def _planned_job(self, lane: Lane) -> TrainJob | None:
        """Return the settings that a lane's plan is for."""
        job = self.busy[lane].job if lane in self.busy else None
        job = job.train if isinstance(job, PlanJob) else job
        return job if isinstance(job, TrainJob) else None

    def _trained(self, event: TrainFinished, lane: Lane) -> None:
        self.trained = event
        self.curve_changed.emit()
        self.refresh_models()
        if isinstance(self.run, ImproveJob):
            # A person chooses between old and new once they are compared, which cannot be paused.
            self.busy[lane] = replace(self.busy[lane], title="comparing old and new", job=None)
            self.busy_changed.emit()
            return
        with contextlib.suppress(ModelError):  # the job itself has said so if the file is no good
            self.select_model(event.model)
