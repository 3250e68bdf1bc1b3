"""Learning from corrections: a better model, and what to correct next."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from napari_unet.card import SUFFIX
from napari_unet.data.cases import Case
from napari_unet.data.splits.joining import learnable
from napari_unet.events import RankedCase
from napari_unet.jobs import ImproveJob, RankJob
from napari_unet.library import modified
from napari_unet.presets import improving_minutes
from napari_unet.resumable import Resumable
from napari_unet.session import PLANNED, Busy, Lane, Message, Session
from napari_unet.widgets.loading import Loader
from napari_unet.widgets.resuming import Resumer
from napari_unet.widgets.runner import Runner
from napari_unet.widgets.segmenting import Segmenter
from napari_unet.widgets.training import Trainer, clean, model_path

NO_FOLDER = "Open a folder of images first."
NO_MODEL = "Choose a model under Segment, or train one first."


class Improver:
    """Goes on training the selected model on what was corrected in the open data set."""

    def __init__(self, session: Session, trainer: Trainer, resumer: Resumer) -> None:
        self.session, self.trainer, self.resumer = session, trainer, resumer

    # --- what there is to learn from ----------------------------------------------------------

    def corrected(self) -> tuple[list[Case], list[Case]]:
        """Return the corrected cases to learn from, and those that judge the model."""
        session = self.session
        cases = session.dataset.cases if session.dataset is not None else ()
        subsets = {} if session.split_source == PLANNED else session.subsets
        return learnable([c for c in cases if c.correction is not None], cases, subsets)

    def minutes(self) -> float:
        """Return for how long to train by default."""
        return improving_minutes(len(self.corrected()[0]))

    def reason(self, name: str) -> str:
        """Say why nothing can be improved now; empty if it can."""
        fit, held = self.corrected()
        if self.session.dataset is None:
            return NO_FOLDER
        if self.session.model is None:
            return NO_MODEL
        if not fit and held:
            return (
                "What was corrected so far judges the model (validation or test cases, or their "
                "patients): correct some of the others."
            )
        if not fit:
            return "Correct the reference of some cases first: they are what is learned from."
        return self._name_reason(name)

    def _name_reason(self, name: str) -> str:
        if not name.strip():
            return "Give the new model a name."
        model = self.session.model
        if model is not None and model_path(name) == Path(model.path):
            return "The old model is kept: choose another name for the new one."
        if self.trainer.has(str(model_path(name))):
            return "A model of this name is being trained, or waits for it: choose another name."
        return ""

    def suggest_name(self) -> str:
        """Return a name for what becomes of the selected model that no model has yet."""
        model = self.session.model
        base = clean(model.name).split("-improved")[0] if model is not None else "model"
        names = (f"{base}-improved{f'-{n}' if n > 1 else ''}" for n in range(1, 10_000))
        taken = self.trainer.names()
        return next(n for n in names if n not in taken and not model_path(n).exists())

    # --- what a person does -------------------------------------------------------------------

    def start(self, minutes: float, name: str) -> None:
        """Improve the selected model, now or after those trainings that wait."""
        dataset, model = self.session.dataset, self.session.model
        if dataset is None or model is None or self.reason(name):
            return
        self.session.take_improved(None)
        out = str(model_path(name))
        names = tuple(c.name for c in self.corrected()[0])
        job = ImproveJob(model.path, str(dataset.root), out, names, minutes=minutes)
        self.trainer.improve(job, name)

    def resume(self) -> None:
        """Go on with an improvement that was stopped, and compare then."""
        if (found := self.interrupted) is not None:
            self.trainer.resume(found.model, place="correct")

    def use(self, new: bool) -> None:
        """Work with the new model, or go on with the old one; both files stay."""
        found = self.session.improved
        if found is None:
            return
        chosen, other = (found.new, found.old) if new else (found.old, found.new)
        self.session.take_improved(None)
        self.session.select_model(chosen)
        text = f"{_name(chosen)} is selected; {_name(other)} stays in the list of models."
        self.session.set_message("correct", Message(text, "info"))

    # --- how it goes --------------------------------------------------------------------------

    @property
    def busy(self) -> Busy | None:
        """The improvement that runs, comparison included."""
        busy = self.session.busy.get(self.trainer.runner.lane)
        return busy if busy is not None and self.trainer.place == "correct" else None

    @property
    def interrupted(self) -> Resumable | None:
        """The last improvement, if it was stopped before its end."""
        run = self.session.run
        found = self.resumer.of(run.writes) if isinstance(run, ImproveJob) else None
        return found if found is not None and not found.finished else None


class Ranker:
    """Finds out which cases are worth correcting next, in the engine that is free."""

    def __init__(
        self,
        session: Session,
        loader: Loader,
        segmenter: Segmenter,
        runners: Mapping[Lane, Runner],
    ) -> None:
        self.session, self.loader, self.segmenter = session, loader, segmenter
        self._runners = runners

    @property
    def lane(self) -> Lane | None:
        """Where a ranking is under way."""
        running = self.session.busy.items()
        return next((lane for lane, busy in running if isinstance(busy.job, RankJob)), None)

    def reason(self) -> str:
        """Say why nothing can be ranked now; empty if it can."""
        if self.session.dataset is None:
            return NO_FOLDER
        if self.session.model is None:
            return NO_MODEL
        return "" if self.lane is not None else self.session.engines_reason()

    @property
    def stale(self) -> str:
        """Why the ranking is not one of the open data set by the selected model."""
        found, session = self.session.ranking, self.session
        if found is None or session.dataset is None:
            return ""
        if found.root != str(session.dataset.root):
            return "This list belongs to another dataset."
        if session.model is not None and session.model.path != found.model:
            return f"This list was made with the model {_name(found.model)}."
        if modified(found.model) != found.modified:
            return "The model changed since this list was made."
        return ""

    def start(self) -> None:
        """Rank all images of the open data set by the selected model."""
        dataset, model, lane = self.session.dataset, self.session.model, self.session.free_lane()
        if dataset is None or model is None or lane is None or self.reason():
            return
        job = RankJob(str(dataset.root), model.path)
        self._runners[lane].start(job, "finding cases to correct", "correct")

    def stop(self) -> None:
        """Stop ranking; what was found so far stays in the list."""
        if (lane := self.lane) is not None:
            self._runners[lane].stop()

    def corrected(self) -> set[str]:
        """Return the names of the cases that are corrected by now."""
        dataset = self.session.dataset
        cases = dataset.cases if dataset is not None else ()
        return {c.name for c in cases if c.correction is not None}

    def open(self, case: RankedCase) -> None:
        """Open a case and segment it; an image without a reference opens as it is."""
        dataset = self.session.dataset
        if dataset is None or self.session.ranking is None:
            return
        if str(dataset.root) != self.session.ranking.root:
            self.session.fail("correct", "This list belongs to another dataset.")
            return
        known = next((c for c in dataset.cases if c.name == case.name), None)
        if known is not None:
            self.loader.open_case(known, then=self.segmenter.segment_again)
        else:
            text = f"{case.name} has no reference: drop its file on the viewer to segment it."
            self.session.set_message("correct", Message(text, "info"))


def _name(model: str) -> str:
    return Path(model).name.removesuffix(SUFFIX)
