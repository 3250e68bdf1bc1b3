"""What one viewer works on: dataset, case, model, scores, and what is running.

Plain state with signals: no Qt, no napari, no torch. The widgets show it, the runners write to
it, and everything shown is either fresh or says why it is not.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_unet import workspace
from napari_unet.card import ModelCard, read_card
from napari_unet.data.cases import Case, Dataset
from napari_unet.errors import ModelError
from napari_unet.events import (
    AuditFinished,
    CaseDone,
    CaseScore,
    EpochEnd,
    EvaluateFinished,
    Event,
    Note,
    Progress,
    SegmentArrayFinished,
    TrainFinished,
)
from napari_unet.jobs import EvaluateJob, Job, TrainJob
from napari_unet.labelling import label_image

if TYPE_CHECKING:
    from napari_unet.engine.client import Engine, Engines

Lane = Literal["train", "interactive"]
Place = Literal["dataset", "train", "segment", "evaluate"]
LANES: tuple[Lane, ...] = ("train", "interactive")
PLANNED = "Split planned for training"
RESULT_BYTES = 512_000_000


@dataclass(frozen=True)
class Message:
    """Something to be read in one of the widgets; an empty text clears it."""

    text: str = ""
    kind: Literal["error", "warning", "info"] = "error"


@dataclass(frozen=True)
class Busy:
    """What one lane is doing; ``place`` is the widget that asked for it."""

    title: str
    place: Place
    progress: Progress | None = None
    stopping: bool = False


@dataclass(frozen=True)
class ModelEntry:
    """A model file and what it says of itself; ``error`` if that cannot be read."""

    path: str
    card: ModelCard | None = None
    error: str = ""
    modified: float = 0.0

    @property
    def name(self) -> str:
        """What the model is called in lists."""
        return Path(self.path).name.removesuffix(".unet.safetensors")


@dataclass(frozen=True)
class ImageFacts:
    """What must be known of an open image to tell whether a model fits it.

    ``shape`` leaves out the colour channel, ``channels`` counts it (1 for grey).
    """

    id: str
    name: str
    shape: tuple[int, ...]
    channels: int = 1


@dataclass(frozen=True)
class Result:
    """The kept probabilities of one image, from which any threshold's labels are made.

    ``probabilities`` is uint8 ``(K, ..., H, W)``; see `SegmentArrayFinished`.
    """

    image: str
    model: str
    modified: float
    probabilities: NDArray[np.uint8]
    classes: tuple[str, ...]
    threshold: float

    @property
    def binary(self) -> bool:
        """Whether a threshold decides; with several classes the likeliest wins."""
        return len(self.probabilities) == 1

    def labels(self, threshold: float) -> NDArray[np.uint8]:
        """Return the label image ``(..., H, W)``: 0 is background, ``i + 1`` is ``classes[i]``."""
        return label_image(self.probabilities, threshold)


@dataclass(frozen=True)
class Sheet:
    """The scores of one evaluation, and what they are scores of."""

    root: str
    model: str
    modified: float
    subset: str
    scores: tuple[CaseScore, ...] = ()
    summary: Mapping[str, Any] | None = None


def misfit(card: ModelCard, image: ImageFacts) -> str:
    """Say why a model cannot segment an image, and what would; empty if it can."""
    if len(image.shape) < 2 or 0 in image.shape:
        return f"{image.name} is no image: its shape is {image.shape}."
    wanted = card.network.in_channels
    # Grey is shown to a colour model three times; of colour a grey model sees the brightness.
    if wanted == image.channels or (image.channels in _KINDS and wanted in (1, 3)):
        return ""
    learned, given = (_KINDS.get(n, f"{n}-channel") for n in (wanted, image.channels))
    return (
        f"This model learned from {learned} images, but {image.name} is {given}. "
        f"Choose a model for {given} images, or train one."
    )


_KINDS = {1: "grey", 3: "colour", 4: "colour"}


class Session:
    """The state of one viewer.

    Parameters
    ----------
    make_engines
        Called at most once, when the first job starts; by default it makes the real engines.
    """

    dataset_changed = Signal()
    split_changed = Signal()
    case_changed = Signal()
    audit_changed = Signal()
    models_changed = Signal()
    model_changed = Signal()
    sheet_changed = Signal()
    curve_changed = Signal()
    result_changed = Signal()
    busy_changed = Signal()
    note = Signal(str, object)  # place, Note
    message_changed = Signal(str)  # place

    def __init__(self, make_engines: Callable[[], Engines] | None = None) -> None:
        self._make_engines = make_engines or _real_engines
        self._engines: Engines | None = None
        self.closed = False
        self.dataset: Dataset | None = None
        self.opening = ""
        self.subsets: Mapping[str, str] = {}
        self.split_source = ""
        self.split_notes: tuple[str, ...] = ()
        self.case: Case | None = None
        self.shown: tuple[Case, ...] = ()
        self.audit: AuditFinished | None = None
        self._places: dict[str, int] = {}
        self.models: tuple[ModelEntry, ...] = ()
        self.model: ModelEntry | None = None
        self.picked = False
        self.sheet: Sheet | None = None
        self.curve: tuple[EpochEnd, ...] = ()
        self.trained: TrainFinished | None = None
        self.threshold = 0.5
        self.busy: dict[Lane, Busy] = {}
        self.messages: dict[Place, Message] = {}
        self._results: OrderedDict[tuple[str, str], Result] = OrderedDict()

    # --- engines ------------------------------------------------------------------------------

    def engine(self, lane: Lane) -> Engine:
        """Return a lane's engine, making the engines when they are first needed."""
        if self._engines is None:
            self._engines = self._make_engines()
        engine: Engine = getattr(self._engines, lane)
        return engine

    def close(self) -> None:
        """End the engines; the session cannot start jobs any more."""
        self.closed = True
        self._results.clear()
        engines, self._engines = self._engines, None
        if engines is not None:
            engines.close()

    # --- data ---------------------------------------------------------------------------------

    def set_opening(self, what: str) -> None:
        """Say that a folder is being read; empty when that is over."""
        self.opening = what
        self.dataset_changed.emit()

    def set_dataset(self, dataset: Dataset | None) -> None:
        """Work on another dataset, or on none: no case is open; scores stay, as another's."""
        self.opening = ""
        self.dataset = dataset
        self.case = None
        self.subsets, self.split_source, self.split_notes = {}, "", ()
        self.audit = None
        self._set_shown(dataset.cases if dataset is not None else ())
        self.dataset_changed.emit()
        self.case_changed.emit()
        self.sheet_changed.emit()
        self.audit_changed.emit()

    def amend_dataset(self, dataset: Dataset) -> Case | None:
        """Take the same folder as it is understood now; return the open case if it is changed."""
        self.opening, self.dataset = "", dataset
        before, self.case = self.case, None
        if before is not None:
            self.case = next((c for c in dataset.cases if c.name == before.name), None)
        shown = {case.name for case in self.shown}
        self._set_shown([c for c in dataset.cases if c.name in shown] or dataset.cases)
        self.dataset_changed.emit()
        self.case_changed.emit()
        return self.case if self.case != before else None

    def set_subsets(
        self, subsets: Mapping[str, str], source: str, notes: Sequence[str] = ()
    ) -> None:
        """Say which case is in which subset, where that comes from, and what is wrong with it."""
        self.subsets, self.split_source, self.split_notes = dict(subsets), source, tuple(notes)
        self.split_changed.emit()

    def set_case(self, case: Case) -> None:
        """Remember which case the viewer shows."""
        self.case = case
        self.case_changed.emit()

    def set_shown(self, cases: Sequence[Case]) -> None:
        """Say which cases a person has chosen to go through, and in which order."""
        self._set_shown(cases)
        self.case_changed.emit()

    def _set_shown(self, cases: Sequence[Case]) -> None:
        self.shown = tuple(cases)
        self._places = {case.name: i for i, case in enumerate(self.shown)}

    @property
    def place(self) -> int | None:
        """Where the open case stands among the shown ones, from 0; None if it does not."""
        return self._places.get(self.case.name) if self.case is not None else None

    @property
    def problems(self) -> dict[str, tuple[str, ...]]:
        """What the check found to be mended or looked at, by a case's name."""
        found: dict[str, tuple[str, ...]] = {}
        for finding in self.audit.findings if self.audit is not None else ():
            if finding.severity != "info":
                for name in finding.cases:
                    found[name] = (*found.get(name, ()), finding.kind)
        return found

    def neighbour(self, step: int) -> Case | None:
        """Return the case ``step`` places after the open one, None at either end."""
        if not self.shown:
            return None
        if self.place is None:
            return self.shown[0]
        i = self.place + step
        return self.shown[i] if 0 <= i < len(self.shown) else None

    # --- models -------------------------------------------------------------------------------

    def refresh_models(self) -> None:
        """Read the workspace's models again; browsed ones from elsewhere stay listed."""
        listed = list(workspace.list_models())
        elsewhere = [Path(m.path) for m in self.models if Path(m.path) not in listed]
        self.models = tuple(read_entry(p) for p in [*listed, *elsewhere] if p.exists())
        if self.model is not None:
            same = [m for m in self.models if m.path == self.model.path]
            self.model = same[0] if same else None
        self.models_changed.emit()
        self.model_changed.emit()
        self.sheet_changed.emit()

    def select_model(self, path: str | Path, picked: bool = True) -> None:
        """Work with the model at ``path``.

        A model that was ``picked`` by a person (or was just trained) is not replaced when
        another image becomes active.

        Raises
        ------
        ModelError
            If the file is no usable model; the selection then stays as it was.
        """
        entry = read_entry(Path(path))
        if entry.card is None:
            raise ModelError(entry.error)
        others = [m for m in self.models if m.path != entry.path]
        known = any(m.path == entry.path for m in self.models)
        self.models = (
            tuple(entry if m.path == entry.path else m for m in self.models)
            if known
            else (entry, *others)
        )
        self.model, self.picked = entry, picked
        self.threshold = entry.card.threshold
        self.models_changed.emit()
        self.model_changed.emit()
        self.sheet_changed.emit()

    def suggest_model(self, image: ImageFacts | None) -> None:
        """Select the newest model that fits ``image``, unless a person picked one.

        One that learned from images of as many channels comes before one to which they can be fed.
        """
        if self.picked and self.model is not None:
            return
        fitting = [
            (entry, entry.card.network.in_channels)
            for entry in self.models
            if entry.card is not None and (image is None or not misfit(entry.card, image))
        ]
        exact = [entry for entry, channels in fitting if image and channels == image.channels]
        best = next(iter(exact or [entry for entry, _ in fitting]), None)
        if best is not None and best != self.model:
            self.select_model(best.path, picked=False)

    # --- what runs ----------------------------------------------------------------------------

    def start(self, lane: Lane, job: Job | None, title: str, place: Place) -> None:
        """Note that a job starts on a lane."""
        self.busy[lane] = Busy(title, place)
        self.set_message(place, Message())
        if isinstance(job, TrainJob):
            self.curve, self.trained = (), None
            self.curve_changed.emit()
        elif isinstance(job, EvaluateJob):
            self.sheet = Sheet(job.folder, job.model, _modified(job.model), job.subset)
            self.sheet_changed.emit()
        self.busy_changed.emit()

    def receive(self, lane: Lane, event: Event) -> None:
        """Take in what a running job tells."""
        busy = self.busy.get(lane)
        match event:
            case Progress() if busy is not None:
                self.busy[lane] = replace(busy, progress=event)
                self.busy_changed.emit()
            case EpochEnd():
                self.curve = (*self.curve, event)
                self.curve_changed.emit()
            case TrainFinished():
                self._trained(event)
            case AuditFinished():
                self._audited(event)
            case CaseDone(score=CaseScore() as score) if self.sheet is not None:
                self.sheet = replace(self.sheet, scores=(*self.sheet.scores, score))
                self.sheet_changed.emit()
            case EvaluateFinished() if self.sheet is not None:
                self.sheet = replace(self.sheet, scores=event.scores, summary=event.summary)
                self.sheet_changed.emit()
            case Note() if busy is not None:
                self.note.emit(busy.place, event)
            case _:
                pass

    def stopping(self, lane: Lane) -> None:
        """Note that the job was asked to stop."""
        if busy := self.busy.get(lane):
            self.busy[lane] = replace(busy, stopping=True)
            self.busy_changed.emit()

    def finish(self, lane: Lane, error: str = "") -> None:
        """Note that the job is over; ``error`` says how it failed."""
        busy = self.busy.pop(lane, None)
        if busy is not None and error:
            self.set_message(busy.place, Message(error))
        self.busy_changed.emit()

    def free_lane(self) -> Lane | None:
        """Return the lane for an evaluation: the background one, unless it trains."""
        return next((lane for lane in LANES if lane not in self.busy), None)

    def _audited(self, event: AuditFinished) -> None:
        if self.dataset is not None and str(self.dataset.root) == event.folder:
            self.audit = event
            self.audit_changed.emit()

    def _trained(self, event: TrainFinished) -> None:
        self.trained = event
        self.curve_changed.emit()
        self.refresh_models()
        with contextlib.suppress(ModelError):  # the job itself has said so if the file is no good
            self.select_model(event.model)

    # --- scores -------------------------------------------------------------------------------

    @property
    def stale(self) -> str:
        """Why the scores are not those of the present model and dataset; empty if they are."""
        sheet = self.sheet
        if sheet is None:
            return ""
        if self.dataset is not None and str(self.dataset.root) != sheet.root:
            return "These scores belong to another dataset."
        if self.model is not None and self.model.path != sheet.model:
            return f"These scores belong to the model {ModelEntry(sheet.model).name}."
        if _modified(sheet.model) != sheet.modified:
            return "The model changed since these scores were made."
        return ""

    # --- segmentations ------------------------------------------------------------------------

    def keep(self, image: str, model: ModelEntry, event: SegmentArrayFinished) -> Result:
        """Keep a segmentation's probabilities; the oldest go when memory would run over."""
        result = Result(
            image, model.path, model.modified, event.probabilities, event.classes, event.threshold
        )
        self._results[image, model.path] = result
        self._results.move_to_end((image, model.path))
        while len(self._results) > 1 and self._bytes() > RESULT_BYTES:
            self._results.popitem(last=False)
        self.result_changed.emit()
        return result

    def result(self, image: str, model: ModelEntry) -> Result | None:
        """Return what is kept for an image and a model, unless the model's file changed since."""
        result = self._results.get((image, model.path))
        return result if result is not None and result.modified == model.modified else None

    def forget(self, image: str) -> None:
        """Drop what is kept for an image that changed or was closed."""
        for key in [k for k in self._results if k[0] == image]:
            del self._results[key]
        self.result_changed.emit()

    def set_threshold(self, threshold: float) -> None:
        """Set the probability from which on a pixel is foreground."""
        self.threshold = threshold
        self.result_changed.emit()

    def _bytes(self) -> int:
        return sum(r.probabilities.nbytes for r in self._results.values())

    # --- messages -----------------------------------------------------------------------------

    def set_message(self, place: Place, message: Message) -> None:
        """Show a message in one widget; an empty one clears it."""
        self.messages[place] = message
        self.message_changed.emit(place)

    def fail(self, place: Place, error: BaseException | str) -> None:
        """Show an error in one widget."""
        self.set_message(place, Message(str(error) or type(error).__name__))


def read_entry(path: Path) -> ModelEntry:
    """Read a model file's card; what is wrong with it ends up in ``error``."""
    try:
        return ModelEntry(str(path), read_card(path), "", _modified(path))
    except ModelError as e:
        return ModelEntry(str(path), None, str(e), _modified(path))


def _modified(path: str | Path) -> float:
    try:
        return Path(path).stat().st_mtime
    except OSError:
        return 0.0


def _real_engines() -> Engines:
    from napari_unet.engine.client import Engines

    return Engines()
